/** The facade's own errors. */

import { LodestoreError, type ErrorCode } from './errors.js';

function fault(code: ErrorCode, message: string, expected?: unknown, got?: unknown): LodestoreError {
  return new LodestoreError(code, message, {
    ...(expected === undefined ? {} : { expected: String(expected) }),
    ...(got === undefined ? {} : { got: String(got) }),
  });
}

/** The call is wrong; nothing changed. */
export function invalid(message: string, expected?: unknown, got?: unknown): LodestoreError {
  return fault('Invalid', message, expected, got);
}

/** The host refused or lost something. */
export function unavailable(message: string): LodestoreError {
  return fault('Unavailable', message);
}

/** The handle was closed. */
export function closed(message: string): LodestoreError {
  return fault('Closed', message);
}
