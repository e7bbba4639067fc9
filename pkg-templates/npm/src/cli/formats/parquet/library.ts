/**
 * The one door to the libraries, and the module that they are bundled into: nothing else may import them. They know how
 * bytes are packed; what is in a file, and what becomes of it, is judged on this side.
 */

export { decompress as zstd } from 'fzstd';
export { parquetMetadata, parquetSchema, snappyUncompress } from 'hyparquet';
export { Encodings, PageTypes } from 'hyparquet/src/constants.js';
export { deltaBinaryUnpack } from 'hyparquet/src/delta.js';
export { byteStreamSplit } from 'hyparquet/src/encoding.js';
export { readPlain } from 'hyparquet/src/plain.js';
export { deserializeTCompactProtocol, readVarInt } from 'hyparquet/src/thrift.js';
export { decompressLz4, decompressLz4Raw } from 'hyparquet-compressors/src/lz4.js';
export { ByteWriter, ParquetWriter } from 'hyparquet-writer';

export type {
  ColumnMetaData,
  CompressionCodec,
  DecodedArray,
  Encoding,
  FileMetaData,
  RowGroup,
  SchemaElement,
  SchemaTree,
} from 'hyparquet';
