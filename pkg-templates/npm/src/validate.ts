/** Checks of what callers hand in, before anything is sent on. Wrong calls are refused, never repaired. */

import type { LodestoreError } from './errors.js';
import { invalid } from './fault.js';

/** Deepest nesting that is accepted, `{}` being 1. Also what stops a cycle. */
const DEPTH_MAX = 16;
const NAME_BYTES_MAX = 128;

/** Says what is wrong with a value, or nothing. */
export type Check = (value: unknown) => string | undefined;

export const isBoolean: Check = (value) => (typeof value === 'boolean' ? undefined : 'must be a boolean');
export const isString: Check = (value) => (typeof value === 'string' ? undefined : 'must be a string');
export const isFunction: Check = (value) => (typeof value === 'function' ? undefined : 'must be a function');
export const isFinite: Check = (value) =>
  typeof value === 'number' && Number.isFinite(value) ? undefined : 'must be a finite number';
export const isAnything: Check = () => undefined;

/** A whole number in a range, ends included. */
export function isInteger(min: number, max: number): Check {
  return (value) =>
    typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max
      ? undefined
      : `must be a whole number from ${min} to ${max}`;
}

/** One of a few words. */
export function isOneOf(...words: string[]): Check {
  return (value) =>
    typeof value === 'string' && words.includes(value)
      ? undefined
      : `must be one of ${words.map((word) => `'${word}'`).join(', ')}`;
}

/** An AbortSignal of any realm. */
export const isSignal: Check = (value) =>
  typeof value === 'object' && value !== null && 'aborted' in value && 'addEventListener' in value
    ? undefined
    : 'must be an AbortSignal';

export const LONG_OPTIONS = { onProgress: isFunction, signal: isSignal };

/**
 * Refuses options of other names than in `known`, and values that do not pass. An option that is undefined
 * counts as left out.
 */
export function checkOptions(where: string, options: unknown, known: Record<string, Check>): void {
  if (options === undefined) return;
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw invalid(`${where}: the options must be an object`, 'an object', kindOf(options));
  }
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(known, name)) {
      const names = Object.keys(known).join(', ');
      throw invalid(`${where}: there is no option "${name}"; the options are ${names}`, names, name);
    }
    if (value === undefined) continue;
    const wrong = known[name]?.(value);
    if (wrong !== undefined) throw invalid(`${where}: ${name} ${wrong}`, wrong.slice(8), describe(value));
  }
}

/** Whether it is an object that `checkOptions` would let pass, whatever the values. */
export function hasOnly(known: Record<string, Check>, options: unknown): boolean {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) return false;
  for (const name of Object.keys(options)) if (!Object.hasOwn(known, name)) return false;
  return true;
}

/** A name of a database: it becomes part of what the host stores, so it is checked before anything is touched. */
export function checkName(where: string, name: unknown): asserts name is string {
  if (typeof name !== 'string')
    throw invalid(`${where}: the name must be a string`, 'a string', kindOf(name));
  const bytes = new TextEncoder().encode(name).length;
  if (bytes < 1 || bytes > NAME_BYTES_MAX || !wellFormed(name)) {
    throw invalid(
      `${where}: the name must be 1 to ${NAME_BYTES_MAX} bytes of UTF-8`,
      `1 to ${NAME_BYTES_MAX}`,
      bytes,
    );
  }
}

/** Ids must be strings that survive UTF-8; their length is judged by the store. */
export function checkIds(where: string, ids: unknown): asserts ids is readonly string[] {
  if (!Array.isArray(ids))
    throw invalid(`${where}: ids must be an array of strings`, 'an array', kindOf(ids));
  for (let i = 0; i < ids.length; i++) {
    const id: unknown = ids[i];
    if (typeof id !== 'string') throw invalid(`${where}: ids[${i}] must be a string`, 'a string', kindOf(id));
    if (!wellFormed(id)) throw invalid(`${where}: ids[${i}] holds half of a surrogate pair`);
  }
}

/** Copies or passes on a vector of the right length. That its numbers are finite is judged by the store. */
export function toVector(where: string, vector: unknown, dimension: number): Float32Array {
  if (vector instanceof Float32Array) {
    checkLength(where, vector.length, dimension);
    return vector;
  }
  const out = new Float32Array(dimension);
  fillVector(where, vector, out, 0, dimension);
  return out;
}

/** Writes a vector of the right length into `out` at `at`. */
export function fillVector(
  where: string,
  vector: unknown,
  out: Float32Array,
  at: number,
  dimension: number,
): void {
  if (vector instanceof Float32Array) {
    checkLength(where, vector.length, dimension);
    out.set(vector, at);
    return;
  }
  if (!Array.isArray(vector)) {
    throw invalid(
      `${where} must be a Float32Array or an array of numbers`,
      'Float32Array or number[]',
      kindOf(vector),
    );
  }
  checkLength(where, vector.length, dimension);
  for (let i = 0; i < dimension; i++) {
    const value: unknown = vector[i];
    // A typed array would turn null, true and "3" into numbers without a word.
    if (typeof value !== 'number')
      throw invalid(`${where}[${i}] must be a number`, 'a number', kindOf(value));
    out[at + i] = value;
  }
}

function checkLength(where: string, got: number, dimension: number): void {
  if (got === dimension) return;
  throw invalid(`${where} must hold ${dimension} numbers, the collection's dimension`, dimension, got);
}

/** Metadata as JSON text. */
export function metadataJson(where: string | (() => string), metadata: unknown): string {
  return plainJson(where, metadata, false);
}

/** A filter as JSON text. Its words are judged by the store. */
export function filterJson(where: string, filter: unknown): string {
  return plainJson(where, filter, true);
}

function plainJson(where: string | (() => string), value: unknown, strict: boolean): string {
  const path = () => (typeof where === 'string' ? where : where());
  if (!isPlainObject(value)) throw invalid(`${path()} must be a plain object`, 'an object', kindOf(value));
  const flaw = flawOf(value, 1, strict);
  if (flaw !== undefined) throw flaw.tell(path() + flaw.path);
  return JSON.stringify(value);
}

/** What JSON.stringify would lose, and where: the path is put together on the way back, since hardly any value has one. */
interface Flaw {
  path: string;
  tell: (path: string) => LodestoreError;
}

/**
 * Finds what JSON.stringify would lose without a word: NaN, functions, dates, undefined in arrays and so on.
 * An undefined property of metadata is left out, as everywhere in JavaScript; in a filter it is refused, because
 * leaving out a condition would match more rows than were meant.
 */
function flawOf(value: unknown, depth: number, strict: boolean): Flaw | undefined {
  switch (typeof value) {
    case 'boolean':
      return undefined;
    case 'number':
      if (Number.isFinite(value)) return undefined;
      return flaw((path) => invalid(`${path} is ${value}, which JSON cannot hold`, 'a finite number', value));
    case 'string':
      if (wellFormed(value)) return undefined;
      return flaw((path) => invalid(`${path} holds half of a surrogate pair`));
    case 'object':
      return value === null ? undefined : flawWithin(value, depth, strict);
    default:
      return flaw((path) => invalid(`${path} must be plain JSON`, 'JSON', kindOf(value)));
  }
}

function flawWithin(value: object, depth: number, strict: boolean): Flaw | undefined {
  if (depth > DEPTH_MAX) {
    return flaw((path) => invalid(`${path} is nested too deep`, `at most ${DEPTH_MAX} levels`, depth));
  }
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      const found = flawOf(value[i], below(value[i], depth), strict);
      if (found !== undefined) return { ...found, path: `[${i}]${found.path}` };
    }
    return undefined;
  }
  if (!isPlainObject(value))
    return flaw((path) => invalid(`${path} must be plain JSON`, 'JSON', kindOf(value)));
  if (Object.getOwnPropertySymbols(value).length > 0)
    return flaw((path) => invalid(`${path} has a key that is a symbol`));
  for (const key of Object.keys(value)) {
    if (!wellFormed(key)) return flaw((path) => invalid(`a key of ${path} holds half of a surrogate pair`));
    const child = value[key];
    if (child === undefined && !strict) continue;
    const found = flawOf(child, below(child, depth), strict);
    if (found !== undefined) return { ...found, path: `.${key}${found.path}` };
  }
  return undefined;
}

const flaw = (tell: Flaw['tell']): Flaw => ({ path: '', tell });

const below = (value: unknown, depth: number): number =>
  typeof value === 'object' && value !== null ? depth + 1 : depth;

function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  // The Object.prototype of another realm (a frame, a vm context) is known by having no prototype itself.
  return prototype === null || prototype === Object.prototype || isRoot(prototype as object);
}

function isRoot(prototype: object): boolean {
  return Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, 'hasOwnProperty');
}

interface WellFormed {
  isWellFormed?: () => boolean;
}

/** Asked of the host where it can say so: it knows of most texts without looking. */
const wellFormed: (text: string) => boolean =
  typeof (String.prototype as WellFormed).isWellFormed === 'function'
    ? (text) => (text as string & Required<WellFormed>).isWellFormed()
    : (text) => !/\p{Surrogate}/u.test(text);

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (typeof value !== 'object') return typeof value;
  return (value as { constructor?: { name?: string } }).constructor?.name || 'object';
}

function describe(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 80));
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : kindOf(value);
}
