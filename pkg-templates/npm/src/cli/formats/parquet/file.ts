/** A Parquet file: what its footer says, looked at before anything of it is believed. */

import { LodestoreError } from '../../../index.node.js';
import type { Read, Source } from '../../source.js';
import { damaged, holding } from './damaged.js';
import {
  type ColumnMetaData,
  type FileMetaData,
  parquetMetadata,
  parquetSchema,
  type RowGroup,
} from './library.js';
import { type Column, columnsOf, type Leaf } from './schema.js';

const MAGIC = 'PAR1';
const MAGIC_ENCRYPTED = 'PARE';
/** The length of the footer and the magic behind it. */
const TAIL_BYTES = 8;
/** Longest footer: a thousand columns in ten thousand row groups would not be as long. */
const FOOTER_BYTES_MAX = 1 << 28;

export interface ParquetFile {
  /** For messages. */
  label: string;
  read: Read;
  /** Where the pages end and the footer begins. */
  end: number;
  groups: readonly RowGroup[];
  columns: readonly Column[];
}

export async function openParquet({ label, size, read }: Source): Promise<ParquetFile> {
  if (read === undefined || size === undefined)
    throw new LodestoreError('Invalid', `${label}: parquet is read from its end: write it to a file first`, {
      expected: 'a file',
      got: 'a pipe',
    });
  const { metadata, end } = await footer(label, size, read);
  if (!Array.isArray(metadata.schema) || !Array.isArray(metadata.row_groups))
    throw damaged(label, 'the footer has no schema');
  const columns = holding(label, () => columnsOf(parquetSchema(metadata)));
  const rows = metadata.row_groups.reduce((sum, group) => sum + countOf(label, group), 0);
  if (rows !== Number(metadata.num_rows))
    throw damaged(label, `its row groups have ${rows} rows together, ${metadata.num_rows} are told`);
  return { label, read, end, groups: metadata.row_groups, columns };
}

function countOf(label: string, group: RowGroup): number {
  const rows = Number(group.num_rows);
  if (Number.isSafeInteger(rows) && rows >= 0) return rows;
  throw damaged(label, `a row group of ${rows} rows`);
}

async function footer(
  label: string,
  size: number,
  read: Read,
): Promise<{ metadata: FileMetaData; end: number }> {
  const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');
  const first = text(await read(0, Math.min(size, MAGIC.length)));
  if (first === MAGIC_ENCRYPTED) throw encrypted(label);
  if (first !== MAGIC)
    throw new LodestoreError('Invalid', `${label}: this is no Parquet file`, {
      expected: `${MAGIC} at its beginning`,
      got: JSON.stringify(first),
    });
  if (size < MAGIC.length + TAIL_BYTES) throw damaged(label, 'there is no footer');
  const tail = await read(size - TAIL_BYTES, TAIL_BYTES);
  if (text(tail.subarray(4)) !== MAGIC) throw damaged(label, `it does not end with ${MAGIC}`);
  const length = new DataView(tail.buffer).getUint32(0, true);
  const end = size - TAIL_BYTES - length;
  if (end < MAGIC.length) throw damaged(label, `a footer of ${length} bytes`);
  if (length > FOOTER_BYTES_MAX)
    throw new LodestoreError('Invalid', `${label}: the footer is too long: write larger row groups`, {
      expected: `at most ${FOOTER_BYTES_MAX} bytes`,
      got: String(length),
    });
  const bytes = await read(end, length + TAIL_BYTES);
  // Without its search for columns of places on earth, which counts up to whatever number of columns is told.
  const parse = (): FileMetaData => parquetMetadata(bytes.buffer, { geoparquet: false });
  return { metadata: holding(label, parse), end };
}

function encrypted(label: string): LodestoreError {
  return new LodestoreError('Invalid', `${label}: the file is encrypted: write it without encryption`);
}

/** Where the pages of a leaf stand, and how. */
export interface Chunk {
  codec: ColumnMetaData['codec'];
  type: ColumnMetaData['type'];
  start: number;
  end: number;
  /** Values in it, nulls counted. */
  values: number;
}

export function chunkOf(file: ParquetFile, group: RowGroup, leaf: Leaf, where: string): Chunk {
  const path = leaf.key;
  const column = group.columns.find(({ meta_data: data }) => data?.path_in_schema.join('\0') === path);
  if (column?.crypto_metadata !== undefined) throw encrypted(file.label);
  const data = column?.meta_data;
  if (data === undefined) throw damaged(where, 'the row group has no such column');
  if (column?.file_path !== undefined)
    throw new LodestoreError('Invalid', `${where}: the column is in another file, ${column.file_path}`);
  // Some writers tell 0 where there is no dictionary.
  const pages = Number(data.data_page_offset);
  const dictionary = Number(data.dictionary_page_offset ?? 0);
  const start = dictionary > 0 && dictionary < pages ? dictionary : pages;
  const end = start + Number(data.total_compressed_size);
  const values = Number(data.num_values);
  if (!(start >= MAGIC.length && end >= start && end <= file.end && values >= 0))
    throw damaged(where, 'the column is not inside the file');
  if (data.type !== leaf.element.type) throw damaged(where, 'the column is of another type than the schema');
  return { codec: data.codec, type: data.type, start, end, values };
}
