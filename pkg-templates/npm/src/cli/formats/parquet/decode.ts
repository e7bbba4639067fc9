/** A page as values and levels. What it tells of its sizes is checked before anything is made of that size. */

import { COMPRESSORS } from './codecs.js';
import type { Chunk } from './file.js';
import type { Header } from './header.js';
import {
  byteStreamSplit,
  type DecodedArray,
  deltaBinaryUnpack,
  type Encoding,
  readPlain,
  readVarInt,
} from './library.js';
import { runsOf } from './runs.js';
import type { Leaf } from './schema.js';

type Levels = Uint8Array | Uint32Array;

export interface Page {
  /** Values, nulls counted. */
  count: number;
  /** Absent where every value is there. */
  definitions: Levels | undefined;
  /** Absent where nothing repeats. */
  repetitions: Levels | undefined;
  /** Those that are there, as they are stored. */
  values: DecodedArray;
}

/** Most values in a block of deltas; writers use 128. */
const DELTA_BLOCK_MAX = 1 << 16;
/** Texts of a page that begin like each other, written out. */
const PREFIXED_BYTES_MAX = 1 << 29;
const BYTES: Readonly<Record<string, number>> = { INT32: 4, FLOAT: 4, INT64: 8, DOUBLE: 8, INT96: 12 };

export function dictionaryOf(
  header: Header,
  packed: Uint8Array,
  { codec, type }: Chunk,
  leaf: Leaf,
): DecodedArray {
  const bytes = unpack(packed, header.unpacked, codec);
  return plain(bytes, 0, type, header.count, leaf);
}

export function pageOf(
  header: Header,
  packed: Uint8Array,
  { codec, type }: Chunk,
  leaf: Leaf,
  dictionary: DecodedArray | undefined,
): Page {
  const { count, v2 } = header;
  const [repeats, defines] = [leaf.list === undefined ? 0 : 1, leaf.full];
  let [at, repetitions, definitions]: [number, Levels | undefined, Levels | undefined] = [
    0,
    undefined,
    undefined,
  ];
  let bytes: Uint8Array;
  if (v2 === undefined) {
    bytes = unpack(packed, header.unpacked, codec);
    // Each behind its own length.
    const levels = (most: number): Levels | undefined => {
      if (most === 0) return undefined;
      const length = new DataView(bytes.buffer, bytes.byteOffset + at, 4).getUint32(0, true);
      const from = at + 4;
      at = from + length;
      return runsOf(bytes.subarray(from, at), 0, widthOf(most), count);
    };
    repetitions = levels(repeats);
    definitions = levels(defines);
  } else {
    const from = v2.repetitions + v2.definitions;
    if (repeats > 0) repetitions = runsOf(packed.subarray(0, v2.repetitions), 0, widthOf(repeats), count);
    if (defines > 0) definitions = runsOf(packed.subarray(v2.repetitions, from), 0, widthOf(defines), count);
    const rest = packed.subarray(from);
    bytes = v2.isPacked ? unpack(rest, header.unpacked - from, codec) : rest;
  }
  const stored = definitions === undefined ? count : countOf(definitions, defines);
  if (stored === count) definitions = undefined;
  const values = valuesOf(header.encoding, bytes, at, type, stored, leaf, dictionary);
  return { count, definitions, repetitions, values };
}

function unpack(packed: Uint8Array, length: number, codec: Chunk['codec']): Uint8Array {
  const bytes = COMPRESSORS[codec]?.(packed, length) ?? packed;
  if (bytes.length === length) return bytes;
  throw new Error(`a page of ${bytes.length} bytes tells ${length}`);
}

function widthOf(most: number): number {
  return 32 - Math.clz32(most);
}

function countOf(levels: Levels, level: number): number {
  let count = 0;
  for (const one of levels) if (one === level) count += 1;
  return count;
}

function valuesOf(
  encoding: Encoding | undefined,
  bytes: Uint8Array,
  at: number,
  type: Chunk['type'],
  count: number,
  leaf: Leaf,
  dictionary: DecodedArray | undefined,
): DecodedArray {
  if (count === 0) return [];
  const reader = { view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), offset: at };
  switch (encoding) {
    case 'PLAIN':
      return plain(bytes, at, type, count, leaf);
    case 'PLAIN_DICTIONARY':
    case 'RLE_DICTIONARY':
      return looked(runsOf(bytes, at + 1, bytes[at] ?? 255, count), dictionary);
    case 'RLE':
      // Of booleans alone, behind their length.
      return Array.from(runsOf(bytes, at + 4, 1, count), (one) => one === 1);
    case 'BYTE_STREAM_SPLIT':
      fits(bytes, at, count * (BYTES[type] ?? leaf.element.type_length ?? 0));
      return byteStreamSplit(reader, count, type, leaf.element.type_length);
    case 'DELTA_BINARY_PACKED':
      return type === 'INT32'
        ? deltas(reader, new Int32Array(count))
        : deltas(reader, new BigInt64Array(count));
    case 'DELTA_LENGTH_BYTE_ARRAY':
      return pieces(bytes, reader, deltas(reader, new Int32Array(count)));
    case 'DELTA_BYTE_ARRAY':
      return prefixed(bytes, reader, count);
    default:
      throw new Error(`values in an encoding of their own, ${String(encoding)}`);
  }
}

function plain(bytes: Uint8Array, at: number, type: Chunk['type'], count: number, leaf: Leaf): DecodedArray {
  const length = leaf.element.type_length;
  const each = type === 'BYTE_ARRAY' ? 4 : type === 'BOOLEAN' ? 1 / 8 : (BYTES[type] ?? length ?? 0);
  fits(bytes, at, count * each);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return readPlain({ view, offset: at }, type, count, length);
}

function fits(bytes: Uint8Array, at: number, length: number): void {
  if (at + length > bytes.length) throw new Error(`${length} bytes of values in a page of ${bytes.length}`);
}

/** The values that these are the places of. */
function looked(places: Levels, dictionary: DecodedArray | undefined): DecodedArray {
  if (dictionary === undefined) throw new Error('a page without its dictionary');
  const values =
    dictionary instanceof Float32Array ? new Float32Array(places.length) : new Array<unknown>(places.length);
  for (let i = 0; i < places.length; i += 1) {
    const value: unknown = dictionary[places[i] ?? 0];
    if (value === undefined) throw new Error('a value that is not in the dictionary');
    values[i] = value as number;
  }
  return values;
}

interface Reader {
  view: DataView;
  offset: number;
}

function deltas<T extends Int32Array | BigInt64Array>(reader: Reader, output: T): T {
  // The library would go around for ever over some sizes.
  const ahead = { ...reader };
  const [block, parts] = [readVarInt(ahead), readVarInt(ahead)];
  if (!(block > 0 && block <= DELTA_BLOCK_MAX && parts > 0 && block % parts === 0 && block / parts >= 8))
    throw new Error(`blocks of ${block} deltas in ${parts}`);
  deltaBinaryUnpack(reader, output.length, output);
  return output;
}

function pieces(bytes: Uint8Array, reader: Reader, lengths: Int32Array): Uint8Array[] {
  return Array.from(lengths, (length) => {
    const from = reader.offset;
    fits(bytes, from, length);
    if (length < 0) throw new Error('a text of negative length');
    reader.offset = from + length;
    return bytes.subarray(from, from + length);
  });
}

/** Each begins as the one before it does. */
function prefixed(bytes: Uint8Array, reader: Reader, count: number): Uint8Array[] {
  const prefixes = deltas(reader, new Int32Array(count));
  const rest = pieces(bytes, reader, deltas(reader, new Int32Array(count)));
  let before: Uint8Array = new Uint8Array();
  let total = 0;
  return rest.map((piece, i) => {
    const prefix = prefixes[i] ?? 0;
    if (prefix < 0 || prefix > before.length) throw new Error('a text that begins as none does');
    total += prefix + piece.length;
    if (total > PREFIXED_BYTES_MAX) throw new Error('texts that are too long together');
    before = prefix === 0 ? piece : new Uint8Array(Buffer.concat([before.subarray(0, prefix), piece]));
    return before;
  });
}
