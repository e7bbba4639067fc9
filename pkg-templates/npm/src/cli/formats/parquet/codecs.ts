/** How pages are packed. None of these makes more bytes than the page says that it has. */

import { brotliDecompressSync, unzipSync } from 'node:zlib';
import { type CompressionCodec, decompressLz4, decompressLz4Raw, snappyUncompress, zstd } from './library.js';

type Unpack = (packed: Uint8Array, length: number) => Uint8Array;

const UNPACK: Partial<Record<CompressionCodec, Unpack>> = {
  SNAPPY: (packed, length) => {
    const bytes = new Uint8Array(length);
    snappyUncompress(packed, bytes);
    return bytes;
  },
  GZIP: (packed, length) => plain(unzipSync(packed, { maxOutputLength: length })),
  BROTLI: (packed, length) => plain(brotliDecompressSync(packed, { maxOutputLength: length })),
  ZSTD: (packed, length) => zstd(packed, new Uint8Array(length)),
  // Two formats of one name, and over lengths that are none the library would go around for ever.
  LZ4: (packed, length) =>
    isFramed(packed) ? decompressLz4(packed, length) : decompressLz4Raw(packed, length),
  LZ4_RAW: decompressLz4Raw,
};

export const COMPRESSORS: Readonly<Partial<Record<CompressionCodec, Unpack>>> = Object.fromEntries(
  // Nothing needs no unpacking, and some of these refuse to.
  Object.entries(UNPACK).map(([name, unpack]) => [
    name,
    (packed: Uint8Array, length: number) => (length === 0 ? new Uint8Array() : unpack(packed, length)),
  ]),
);

/** Those that are known. */
export const CODECS: readonly string[] = ['UNCOMPRESSED', ...Object.keys(COMPRESSORS)];

/** Node's buffers share their memory with others, which the library does not expect. */
function plain(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer);
}

/** Whether it is pieces, each behind its length when it is unpacked and its length as it is. */
function isFramed(packed: Uint8Array): boolean {
  const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength);
  for (let at = 0; at < packed.length;) {
    const rest = packed.length - at - 8;
    const length = rest < 0 ? 0 : view.getUint32(at + 4);
    if (length === 0 || length > rest) return false;
    at += 8 + length;
  }
  return true;
}
