/** What a page says of itself. */

import { LodestoreError } from '../../../index.node.js';
import { deserializeTCompactProtocol, type Encoding, Encodings, PageTypes } from './library.js';

/** Longest page. Writers make pages of a MiB or so; a whole row group in one is known, too. */
const PAGE_BYTES_MAX = 1 << 29;
/** Most values in a page, nulls counted. */
const PAGE_VALUES_MAX = 1 << 25;

export interface Header {
  kind: 'data' | 'dictionary' | 'other';
  /** Bytes as they are in the file, and after they are unpacked. */
  packed: number;
  unpacked: number;
  crc: number | undefined;
  count: number;
  encoding: Encoding | undefined;
  /** Of pages of version 2: the bytes of the levels, which are never packed, and whether the rest is. */
  v2: { repetitions: number; definitions: number; isPacked: boolean } | undefined;
}

type Fields = Readonly<Record<string, unknown>>;

/** Where the header of its own is that a page of this type has. */
const OWN: Readonly<Record<string, string>> = {
  DATA_PAGE: 'field_5',
  DICTIONARY_PAGE: 'field_7',
  DATA_PAGE_V2: 'field_8',
};

/** Reads a header from the beginning of `bytes`; throws where these end too early, and where it cannot be one. */
export function headerOf(bytes: Uint8Array): { header: Header; length: number } {
  const reader = { view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), offset: 0 };
  const fields = deserializeTCompactProtocol(reader) as Fields;
  const type = PageTypes[fields['field_1'] as number] ?? 'none';
  const own = (fields[OWN[type] ?? ''] ?? {}) as Fields;
  const packed = within('bytes in the file', fields['field_3'], PAGE_BYTES_MAX);
  const unpacked = within('bytes', fields['field_2'], PAGE_BYTES_MAX);
  const header: Header = {
    kind: type === 'DICTIONARY_PAGE' ? 'dictionary' : type.startsWith('DATA_PAGE') ? 'data' : 'other',
    packed,
    unpacked,
    crc: typeof fields['field_4'] === 'number' ? fields['field_4'] : undefined,
    count: type in OWN ? within('values', own['field_1'], PAGE_VALUES_MAX) : 0,
    encoding: Encodings[own[type === 'DATA_PAGE_V2' ? 'field_4' : 'field_2'] as number],
    v2: type === 'DATA_PAGE_V2' ? secondOf(own, Math.min(packed, unpacked)) : undefined,
  };
  return { header, length: reader.offset };
}

function secondOf(own: Fields, most: number): Header['v2'] {
  const definitions = within('bytes of levels', own['field_5'], most);
  const repetitions = within('bytes of levels', own['field_6'], most - definitions);
  return { definitions, repetitions, isPacked: own['field_7'] !== false };
}

function within(what: string, value: unknown, most: number): number {
  if (typeof value !== 'number' || value < 0) throw new Error(`a page of ${String(value)} ${what}`);
  if (value <= most) return value;
  const message = `a page of ${value} ${what}: write smaller ones`;
  throw new LodestoreError('Invalid', message, { expected: `at most ${most}`, got: String(value) });
}
