/** What the suites share: a case, assertions, and numbers that look random but are the same in every run. */

/** `edge` is an isolate of workerd; `node` is also Deno and Bun. */
export type Context = 'node' | 'edge' | 'window' | 'worker';

/** Whether it is one of a browser. */
export function isBrowser(context: Context): boolean {
  return context === 'window' || context === 'worker';
}

/** Things that only the process which drives the browser can do. */
export type Driver = (command: string, argument?: unknown) => Promise<unknown>;

export interface Case {
  name: string;
  /** Only a Chromium can be driven to do what it takes. */
  needsChromium?: boolean;
  run(): Promise<void>;
}

/** What each file in `suites/` exports. */
export interface Suite {
  contexts: Context[];
  cases(context: Context, driver: Driver): Case[];
}

export function assert(truth: boolean, message: string): asserts truth {
  if (!truth) throw new Error(message);
}

export function equal<T>(got: T, expected: T, what: string): void {
  if (!Object.is(got, expected)) throw new Error(`${what}: expected ${show(expected)}, got ${show(got)}`);
}

export function same(got: unknown, expected: unknown, what: string): void {
  equal(JSON.stringify(got), JSON.stringify(expected), what);
}

export function sameBytes(got: Uint8Array, expected: Uint8Array, what: string): void {
  equal(got.length, expected.length, `${what}: length`);
  for (let i = 0; i < got.length; i += 1) {
    if (got[i] !== expected[i]) throw new Error(`${what}: byte ${i}: expected ${expected[i]}, got ${got[i]}`);
  }
}

export interface Failure extends Error {
  code?: string;
  expected?: string;
  got?: string;
}

/** The error that the promise rejects with; its code must be the expected one. */
export async function rejects(code: string, promise: Promise<unknown>, what: string): Promise<Failure> {
  let value: unknown;
  try {
    value = await promise;
  } catch (error) {
    const failure = error as Failure;
    equal(failure.name, 'LodestoreError', `${what}: kind of error (${String(error)})`);
    equal(failure.code, code, `${what}: code (${failure.message})`);
    assert(failure.message.length > 10, `${what}: a sentence is expected, got ${show(failure.message)}`);
    return failure;
  }
  throw new Error(`${what}: expected a rejection with ${code}, got ${show(value)}`);
}

function show(value: unknown): string {
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}

/** Whole numbers from 0 to below n. */
export type Random = (n: number) => number;

export function random(seed: number): Random {
  let state = seed >>> 0;
  return (n) => {
    state = (state + 0x9e3779b9) >>> 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
    return ((z ^ (z >>> 16)) >>> 0) % n;
  };
}

/** Bytes that differ from place to place, so that a shift by any offset shows. */
export function pattern(length: number, seed: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  let state = (seed * 2654435761 + 1) >>> 0;
  for (let i = 0; i < length; i += 1) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

export async function* pieces(...bytes: Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* bytes;
}

/** The bytes in pieces of `size`. */
export async function* slow(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) {
    yield bytes.subarray(at, at + size);
    await Promise.resolve();
  }
}

let count = 0;

/** A database name that no other case uses. */
export function freshName(prefix: string): string {
  count += 1;
  return `${prefix}-${Date.now().toString(36)}-${count}`;
}
