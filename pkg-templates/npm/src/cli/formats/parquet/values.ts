/** Stored values as values of JSON. */

import { parsed } from '../documents.js';
import { leaveOut, type ReadOptions, wrong } from '../row.js';
import type { SchemaElement } from './library.js';
import { dateText, int96Text, timestampText, timeText, type Unit } from './times.js';

/** Makes one value; nothing where there is none, or where `options` leave it out. */
export type Convert = (raw: unknown, at: string, options: ReadOptions) => unknown;

/** Digits that a float keeps of any decimal. */
const DIGITS_MAX = 15;

/** How the values of a leaf are read. */
export function convertOf(name: string, element: SchemaElement): Convert {
  const { type } = element;
  const convert = logical(name, element);
  if (convert !== undefined) return convert;
  if (type === 'BOOLEAN') return (raw) => Boolean(raw);
  if (type === 'FLOAT' || type === 'DOUBLE') return (raw, at, options) => numberOf(name, raw, at, options);
  if (type === 'INT32' || type === 'INT64') return (raw, at, options) => integerOf(name, raw, at, options);
  if (type === 'INT96') return (raw, at, options) => placed(int96Text(raw as bigint), name, at, options);
  // What old writers did not annotate is text nearly always.
  if (type === 'BYTE_ARRAY') return (raw, at, options) => textOf(name, raw, at, options);
  return (_raw, at, options) => leaveOut(at, `binary data ("${name}")`, options);
}

function logical(name: string, element: SchemaElement): Convert | undefined {
  const { type, logical_type: kind } = element;
  const converted = element.converted_type;
  const is = (known: string): boolean => kind?.type === known || converted === known;
  if (kind?.type === 'DECIMAL' || converted === 'DECIMAL') {
    const scale = (kind?.type === 'DECIMAL' ? kind.scale : undefined) ?? element.scale ?? 0;
    return (raw, at, options) =>
      placed(decimalOf(raw, scale), name, at, options, 'decimals of so many digits');
  }
  if (is('JSON')) return (raw, at) => parsed(`${at}, ${name}`, utf8(`${at}, ${name}`, raw));
  if (is('STRING') || is('UTF8') || is('ENUM')) return (raw, at) => utf8(`${at}, ${name}`, raw);
  if (is('UUID')) return (raw) => uuidText(raw as Uint8Array);
  if (is('FLOAT16')) return (raw, at, options) => numberOf(name, float16(raw as Uint8Array), at, options);
  if (is('DATE')) return (raw, at, options) => placed(dateText(Number(raw)), name, at, options);
  const timestamp = momentOf(element, 'TIMESTAMP');
  if (timestamp !== undefined)
    return (raw, at, options) =>
      placed(timestampText(BigInt(raw as bigint), timestamp.unit, timestamp.utc), name, at, options);
  const time = momentOf(element, 'TIME');
  if (time !== undefined)
    return (raw, at, options) => placed(timeText(BigInt(raw as bigint), time.unit), name, at, options);
  if (isUnsigned(element))
    return (raw, at, options) => integerOf(name, unsigned(raw, type === 'INT64'), at, options);
  if (is('INTERVAL') || is('BSON') || is('VARIANT') || is('GEOMETRY') || is('GEOGRAPHY'))
    return (_raw, at, options) =>
      leaveOut(at, `${(kind?.type ?? converted ?? '').toLowerCase()} data ("${name}")`, options);
  return undefined;
}

/** An id as text, or nothing where values of this kind are none. */
export function idConvertOf(element: SchemaElement): ((raw: unknown, at: string) => string) | undefined {
  const { type, logical_type: kind, converted_type: converted } = element;
  if (kind?.type === 'UUID') return (raw) => uuidText(raw as Uint8Array);
  const isText =
    kind === undefined ? converted === undefined || converted === 'UTF8' : kind.type === 'STRING';
  if (type === 'BYTE_ARRAY' && isText) return (raw, at) => utf8(`${at}, id`, raw);
  const isInteger = kind === undefined ? !/DATE|TIME|DECIMAL/.test(converted ?? '') : kind.type === 'INTEGER';
  if ((type !== 'INT32' && type !== 'INT64') || !isInteger) return undefined;
  return (raw) => String(isUnsigned(element) ? unsigned(raw, type === 'INT64') : raw);
}

/** Reads a number of a vector, or nothing where values of this kind are none. */
export function numberConvertOf(element: SchemaElement): ((raw: unknown) => number) | undefined {
  const { type, logical_type: kind, converted_type: converted } = element;
  if (kind?.type === 'FLOAT16') return (raw) => float16(raw as Uint8Array);
  if (type === 'FLOAT' || type === 'DOUBLE') return (raw) => raw as number;
  const plain =
    kind === undefined ? converted === undefined || /INT_/.test(converted) : kind.type === 'INTEGER';
  if ((type !== 'INT32' && type !== 'INT64') || !plain) return undefined;
  return (raw) => Number(isUnsigned(element) ? unsigned(raw, type === 'INT64') : raw);
}

function utf8(where: string, raw: unknown): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(raw as Uint8Array);
  } catch {
    throw wrong(where, 'the text is not UTF-8');
  }
}

function placed<T>(value: T | undefined, name: string, at: string, options: ReadOptions, what?: string) {
  if (value !== undefined) return value;
  return leaveOut(at, `${what ?? 'dates that far away'} ("${name}")`, options);
}

/** NaN is what some programs write for nothing. */
function numberOf(name: string, raw: unknown, at: string, options: ReadOptions): number | undefined {
  const value = raw as number;
  if (Number.isFinite(value)) return value;
  if (!Number.isNaN(value)) leaveOut(at, `infinity ("${name}")`, options);
  return undefined;
}

function integerOf(name: string, raw: unknown, at: string, options: ReadOptions): number | undefined {
  const value = Number(raw);
  if (Number.isSafeInteger(value)) return value;
  leaveOut(at, `whole numbers beyond 2^53, which JavaScript rounds ("${name}")`, options);
  return undefined;
}

function textOf(name: string, raw: unknown, at: string, options: ReadOptions): string | undefined {
  try {
    return utf8(at, raw);
  } catch {
    leaveOut(at, `binary data ("${name}")`, options);
    return undefined;
  }
}

function isUnsigned({ logical_type: kind, converted_type: converted }: SchemaElement): boolean {
  return kind?.type === 'INTEGER' ? !kind.isSigned : (converted?.startsWith('UINT_') ?? false);
}

/** Stored as a signed number of as many bits. */
function unsigned(raw: unknown, wide: boolean): bigint {
  return BigInt.asUintN(wide ? 64 : 32, BigInt(raw as number | bigint));
}

function momentOf(
  { logical_type: kind, converted_type: converted }: SchemaElement,
  what: 'TIMESTAMP' | 'TIME',
): { unit: Unit; utc: boolean } | undefined {
  if (kind?.type === what) return { unit: kind.unit, utc: kind.isAdjustedToUTC };
  if (converted === `${what}_MILLIS`) return { unit: 'MILLIS', utc: true };
  return converted === `${what}_MICROS` ? { unit: 'MICROS', utc: true } : undefined;
}

/** Exact, or nothing. */
function decimalOf(raw: unknown, scale: number): number | undefined {
  const whole = raw instanceof Uint8Array ? signed(raw) : BigInt(raw as number | bigint);
  const digits = (whole < 0n ? -whole : whole).toString();
  if (digits.replace(/0+$/, '').length > DIGITS_MAX) return undefined;
  return Number(`${whole < 0n ? '-' : ''}${digits}e${-scale}`);
}

/** Most significant byte first. */
function signed(bytes: Uint8Array): bigint {
  const hex = Buffer.from(bytes).toString('hex');
  return BigInt.asIntN(bytes.length * 8, BigInt(`0x${hex === '' ? '0' : hex}`));
}

function uuidText(bytes: Uint8Array): string {
  return Buffer.from(bytes)
    .toString('hex')
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.*)$/, '$1-$2-$3-$4-$5');
}

/** Half a float: a sign, 5 bits of exponent, 10 of fraction. */
function float16(bytes: Uint8Array): number {
  const bits = (bytes[0] ?? 0) | ((bytes[1] ?? 0) << 8);
  const [exponent, fraction] = [(bits >> 10) & 31, bits & 1023];
  const sign = bits >> 15 === 0 ? 1 : -1;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15));
}
