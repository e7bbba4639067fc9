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

/** What is there is something else than what was asked for. */
export function mismatch(message: string, expected: unknown, got: unknown): LodestoreError {
  return fault('Mismatch', message, expected, got);
}

/** Bytes are damaged, or were changed. */
export function corrupt(message: string): LodestoreError {
  return fault('Corrupt', message);
}

/** The host refused or lost something. */
export function unavailable(message: string): LodestoreError {
  return fault('Unavailable', message);
}

/** How it is told that an engine is no more, although its page lives. */
const FALLEN = ['the WebAssembly module failed', 'the worker that ran the database stopped'] as const;

/** The module itself failed, or the worker that it ran in (`part`): nothing of it can be asked any more. */
export function fallen(part: 0 | 1, details: string): LodestoreError {
  return unavailable(`${FALLEN[part]}${details}`);
}

/** Whether a failure says so. By its words, since it may have come from a worker. */
export function isFallen(error: unknown): boolean {
  if (!(error instanceof LodestoreError) || error.code !== 'Unavailable') return false;
  return FALLEN.some((start) => error.message.startsWith(start));
}

/** What is about to be written would not fit. */
export function noRoom(bytes: number, room: number): LodestoreError {
  const message = 'The host has less room than this takes: free some, or call prune(), and try again';
  return fault('Quota', message, `${bytes} bytes of room`, room);
}

/** The handle was closed. */
export function closed(message: string): LodestoreError {
  return fault('Closed', message);
}
