/** The pages of one column in one row group, one after the other. */

import { LodestoreError } from '../../../index.node.js';
import { CODECS } from './codecs.js';
import { crc32 } from './crc32.js';
import { damaged, holding } from './damaged.js';
import { dictionaryOf, type Page, pageOf } from './decode.js';
import type { Chunk, ParquetFile } from './file.js';
import { type Header, headerOf } from './header.js';
import type { DecodedArray } from './library.js';
import type { Leaf } from './schema.js';

/** What is read first of a page, and what its header may take up: it may hold the least and the greatest value. */
const HEADER_BYTES = 1 << 9;
const HEADER_BYTES_MAX = 1 << 23;

export async function* pagesOf(
  file: ParquetFile,
  chunk: Chunk,
  leaf: Leaf,
  where: string,
): AsyncGenerator<Page, void, undefined> {
  if (!CODECS.includes(chunk.codec))
    throw new LodestoreError('Invalid', `${where}: its compression is not known: write it with another`, {
      expected: CODECS.join(', '),
      got: String(chunk.codec),
    });
  let dictionary: DecodedArray | undefined;
  let seen = 0;
  for (let at = chunk.start; seen < chunk.values;) {
    const { header, length } = await headerAt(file, at, chunk.end, where);
    at += length;
    if (header.packed > chunk.end - at) throw damaged(where, `a page of ${header.packed} bytes`);
    const bytes = await file.read(at, header.packed);
    at += header.packed;
    if (header.crc !== undefined && crc32(bytes) !== header.crc >>> 0)
      throw damaged(where, 'the checksum of a page is another');
    if (header.kind === 'dictionary') {
      dictionary = holding(where, () => dictionaryOf(header, bytes, chunk, leaf));
    } else if (header.kind === 'data') {
      seen += header.count;
      if (seen > chunk.values) throw damaged(where, `there are more values than ${chunk.values}`);
      const before = dictionary;
      yield holding(where, () => pageOf(header, bytes, chunk, leaf, before));
    }
  }
}

async function headerAt(
  file: ParquetFile,
  at: number,
  end: number,
  where: string,
): Promise<{ header: Header; length: number }> {
  if (at >= end) throw damaged(where, 'there are fewer pages than are told');
  for (let size = HEADER_BYTES; ; size *= 4) {
    const bytes = await file.read(at, Math.min(size, end - at));
    try {
      return headerOf(bytes);
    } catch (error) {
      // It may go on behind what was read.
      if (bytes.length < size || size >= HEADER_BYTES_MAX || error instanceof LodestoreError)
        return holding(where, () => headerOf(bytes));
    }
  }
}
