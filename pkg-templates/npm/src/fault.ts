/** The facade's own errors, made through the one converter, so that they look like those of every other layer. */

import { toLodestoreError, type LodestoreError } from './errors.js';

function fault(code: string, message: string, expected?: unknown, got?: unknown): LodestoreError {
  return toLodestoreError({
    code,
    message,
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
