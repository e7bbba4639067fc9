/** The public vocabulary of Lodestore: plain data, no behaviour. */

import type { SalvageReport } from './reports.js';
import type { StorageObject } from './storage-object.js';

export type { FileInfo, RoomEstimate, StorageObject } from './storage-object.js';

/** Any JSON value. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** Metadata of a row: a JSON object, at most 64 KiB as compact JSON and 16 levels deep. */
export type Metadata = { [key: string]: Json };

/** How two vectors are compared. Scores are always "higher is better". */
export type Metric = 'cosine' | 'dot' | 'euclidean';

/** Which model made the vectors. A collection refuses vectors of another model. */
export interface ModelTag {
  id: string;
  version: string;
}

/**
 * Which index answers queries: `'flat'` scans every row, `'hnsw'` searches a graph of neighbours that is built in the
 * background, `'auto'` is the one of the two that costs less.
 */
export type IndexKind = 'auto' | 'flat' | 'hnsw';

/** Codes beside the floats: `'int8'` a byte for each number, `'binary'` a bit. Searched, then the best as floats. */
export type Quantization = 'none' | 'int8' | 'binary';

/** What is held in memory: `'full'` floats and codes; `'codes'` reads floats from storage when it needs them. */
export type MemoryMode = 'full' | 'codes';

/** How a graph is built and searched. */
export interface HnswConfig {
  /** Neighbours that a row keeps, 2 to 64. Default 16. */
  m?: number;
  /** Candidates that an insert looks at, 8 to 2,000. Default 200. */
  efConstruction?: number;
  /** Candidates that a query looks at unless it says otherwise, 1 to 10,000. Default 64. See `QueryOptions.ef`. */
  ef?: number;
  /** The same rows, in the same order, with the same seed give the same graph. 0 to 4,294,967,295. Default 1. */
  seed?: number;
}

/** Configuration of a collection. What is left out is as stored or, in a new collection, has its default. */
export interface CollectionConfig {
  /** Numbers in each vector, 1 to 16,384. */
  dimension: number;
  /** Default `'cosine'`. */
  metric?: Metric;
  /** Default `'auto'`. */
  index?: IndexKind;
  /** Default `'none'` where the index is `'flat'`, otherwise `'int8'`. */
  quantization?: Quantization;
  /** Default `'full'`. `'codes'` needs a quantization. */
  memory?: MemoryMode;
  hnsw?: HnswConfig;
  /** Rows that a search on codes compares again as floats, for each match: 1 to 1,000. Default by quantization. */
  oversample?: number;
  model?: ModelTag;
}

/** What a filter may ask of one field. Several operators on one field must all hold. Types are never coerced. */
export interface FieldOperators {
  $eq?: null | boolean | number | string;
  $ne?: null | boolean | number | string;
  $gt?: number | string;
  $gte?: number | string;
  $lt?: number | string;
  $lte?: number | string;
  $in?: (null | boolean | number | string)[];
  $nin?: (null | boolean | number | string)[];
  $exists?: boolean;
  $contains?: null | boolean | number | string;
  $startsWith?: string;
  $not?: FieldOperators;
}

/** A filter over metadata. Keys are dotted paths; a bare scalar means `$eq`; all keys must hold. */
export type Filter = {
  $and?: Filter[];
  $or?: Filter[];
  $not?: Filter;
} & { [path: string]: null | boolean | number | string | FieldOperators | Filter | Filter[] | undefined };

/** One row to write. */
export interface RowInput {
  /** 1 to 512 bytes of UTF-8. */
  id: string;
  vector: Float32Array | readonly number[];
  metadata?: Metadata;
}

/** Many rows to write, by column: `vectors` holds `ids.length` x dimension numbers, row after row. */
export interface ColumnarInput {
  ids: readonly string[];
  vectors: Float32Array;
  /** As long as `ids`, or left out. */
  metadata?: readonly (Metadata | undefined)[];
}

/** One row as stored. */
export interface Row {
  id: string;
  metadata: Metadata;
  /** Present when asked for with `returnVectors`. */
  vector?: Float32Array;
  /** Sequence number of the row's last write. */
  seq: number;
}

export interface QueryOptions {
  /** How many matches, 1 to 10,000. Default 10. */
  topK?: number;
  filter?: Filter;
  /** Leave out matches that score lower. */
  minScore?: number;
  /** Default true. */
  returnMetadata?: boolean;
  /** Default false. */
  returnVectors?: boolean;
  /**
   * Candidates that a search of the graph looks at, 1 to 10,000: more find more and take longer. Default as configured.
   * About so many on average: an easy query ends after half as many at the least, a hard one after four times as many at
   * the most. Metric `'dot'`, quantization `'binary'`, filters and `oversample` make it exactly so many.
   */
  ef?: number;
  /** Rows compared again as floats, for each match, 1 to 1,000. Default as configured, else fewer where the rest cannot do. */
  oversample?: number;
  /** Compare every row that may match as floats, whatever index there is. Default false. */
  exact?: boolean;
  /** Say how the query was answered. Default false. */
  explain?: boolean;
  signal?: AbortSignal;
}

export interface Match {
  id: string;
  /** Higher is better: the cosine, the dot product, or minus the euclidean distance. */
  score: number;
  /** Lower is nearer: 1 - cosine, minus the dot product, or the euclidean distance. */
  distance: number;
  metadata?: Metadata;
  vector?: Float32Array;
}

/** How a query was answered. */
export interface QueryExplain {
  /**
   * `'exact'`: every row that may match was compared as floats; `'codes'`: by its codes, the best as floats;
   * `'graph'`: the graph was searched; `'filtered-graph'`: for rows that match.
   */
  plan: 'exact' | 'codes' | 'graph' | 'filtered-graph';
  /** Why so, for a person. */
  reason: string;
  /** Rows in the collection. */
  rows: number;
  /** Rows that match the filter; absent without one. */
  matches?: number;
  /** Codes or vectors that were compared; rows that were left out by the signs of their codes are not among them. */
  compared: number;
  /** Vectors that were compared again as floats. */
  rescored: number;
  /** Candidates that the graph was searched for; absent where it was not. */
  ef?: number;
  /** Rows that are not in the graph yet and were scanned beside it. */
  pending: number;
}

export interface QueryResult {
  matches: Match[];
  /** Present when asked for with `explain`. */
  explain?: QueryExplain;
}

export interface GetOptions {
  /** Default true. */
  returnMetadata?: boolean;
  /** Default false. */
  returnVectors?: boolean;
}

export interface ListOptions extends GetOptions {
  filter?: Filter;
  /** Rows in a page, 1 to 10,000. Default 100. */
  limit?: number;
  /** `cursor` of the page before. Rows come in the order of their ids. */
  cursor?: string;
}

export interface ListResult {
  rows: Row[];
  /** Hand it to the next call; absent on the last page. */
  cursor?: string;
}

/** What a write did. It resolves when the write is durable. */
export interface WriteResult {
  /** Rows written, changed or deleted. */
  count: number;
  /** Sequence number of the write. */
  seq: number;
}

export interface UpdateOptions {
  /** `'merge'` (default): top-level keys replace, `null` stays null. `'replace'`: the whole object. */
  mode?: 'merge' | 'replace';
}

export interface Progress {
  /** For example `snapshot`, `log`, `export`, `import`, `embed`. */
  phase: string;
  done: number;
  total: number;
  /** Estimated milliseconds to the end of this phase; absent until there is something to estimate from. */
  etaMs?: number;
}

export interface LongOptions {
  onProgress?: (progress: Progress) => void;
  signal?: AbortSignal;
}

/** How hard an acknowledged write sticks. `strict`: it survives a power cut wherever the host can do that. */
export type Durability = 'strict' | 'relaxed';

export type StorageKind = 'memory' | 'indexeddb' | 'opfs' | 'files';

export interface OpenOptions extends LongOptions {
  /**
   * `'auto'` (default) takes the most durable that the context has: IndexedDB in browsers, files in Node, Deno
   * and Bun, memory where there is nothing else (edge isolates). Or name one, or hand in a storage object.
   */
  storage?: 'auto' | StorageKind | StorageObject;
  /** Default `'strict'`. */
  durability?: Durability;
  /** Run the store in a dedicated worker, so that the page never blocks. Browsers only. Default false. */
  worker?: boolean;
  /** Directory for `'files'`; the database is a folder of its name in it. Default `./.lodestore`. */
  directory?: string;
  /** Checkpoint by itself when the log is larger than this many bytes (default 32 MiB) and half the snapshot, or has 100,000 writes. */
  checkpointLogBytes?: number;
  /**
   * Ask the browser once not to remove what this origin has stored (`navigator.storage.persist()`). Firefox asks the
   * user; opening does not wait for the answer, which `stats().persisted` shows. Windows only. Default true.
   */
  persist?: boolean;
  /**
   * What to do when the database was here, as this browser remembers, and its files are gone, or when the browser says
   * that it found its files of this site damaged and deleted them: fail with `Evicted` (`'fail'`, the default), or begin
   * anew with an empty one (`'create'`).
   */
  ifEvicted?: 'fail' | 'create';
  /**
   * Where the database does not open because it is damaged, opens what can be read of it: `openReport.salvage` says
   * what is gone, and `quarantine()` has the damaged files as they were. Everything stored is verified. Default false.
   */
  salvage?: boolean;
}

export interface OpenReport {
  /** Generation of the snapshot that was loaded; null for a new database. */
  snapshot: number | null;
  /** Newer snapshots that did not verify and were passed over, with the reason. */
  snapshotsSkipped: { generation: number; reason: string }[];
  framesReplayed: number;
  /** Bytes of a torn tail of the last log that were cut. */
  bytesDropped: number;
  rows: number;
  /** Rows that salvage could not keep: those of row groups that do not verify. */
  rowsQuarantined: number;
  /** What salvage kept and what is gone; absent where the database opened without it. */
  salvage?: SalvageReport;
  /** Rows whose nodes are made again, in the background, because the stored graph did not hold. */
  nodesRebuilt: number;
  /** The graphs: nodes that were stored, and rows that come in behind them; queries find these meanwhile. */
  graphs: OpenedGraph[];
  /** Collections whose stored codes were damaged: they were made again from the vectors. */
  codesRebuilt: string[];
  /** Collections with `memory: 'codes'` whose vectors are in memory all the same: this storage has no `readInto`. */
  vectorsInMemory: string[];
  phases: { name: string; ms: number }[];
}

export interface OpenedGraph {
  collection: string;
  nodes: number;
  pending: number;
  /** Why the stored graph was dropped, to be built again; absent where it was not, or none was stored. */
  rebuilt?: string;
}

export interface CollectionInfo {
  name: string;
  dimension: number;
  metric: Metric;
  index: IndexKind;
  quantization: Quantization;
  memory: MemoryMode;
  hnsw: Required<HnswConfig>;
  /** Absent where it is the default of the quantization. */
  oversample?: number;
  model?: ModelTag;
  rows: number;
  /** What answers queries now. */
  indexState: IndexState;
}

export interface IndexState {
  /** `hnsw` where there is a graph: what `index: 'auto'` came to. */
  kind: 'flat' | 'hnsw';
  /** Nodes of the graph, dead ones among them. */
  nodes: number;
  /** Rows that are not in the graph yet; queries scan them. */
  pending: number;
  /** Nodes whose rows are gone, until they are swept out. */
  dead: number;
  /** Bytes of codes and links in memory. */
  bytes: number;
}

export interface Stats {
  name: string;
  storage: string;
  durability: Durability;
  /** `'sole'` where no other context can share the database. */
  role: 'leader' | 'follower' | 'sole';
  seq: number;
  collections: CollectionInfo[];
  /** Bytes in storage by kind of file. */
  bytes: {
    log: number;
    blocks: number;
    snapshots: number;
    /** The audit log and the retention policy. */
    upkeep: number;
    other: number;
    total: number;
  };
  /** The kept snapshots, newest first. */
  snapshots: { generation: number; seq: number; timeMs: number; bytes: number }[];
  /** Bytes of the live log: what a reopen replays. */
  logBytes: number;
  /** Bytes of memory for vectors, as floats; with `memory: 'codes'` most of them stay in storage. */
  vectorBytes: number;
  /** Bytes of WebAssembly memory, which holds rows and vectors. */
  memoryBytes: number;
  /** Which of the package's two WebAssembly files runs: the one with relaxed SIMD where the engine has that. */
  build: 'simd128' | 'relaxed-simd';
  /** Why the last checkpoint failed; absent when it did not. The log still has everything. */
  checkpointError?: string;
  /** Bytes that the host says it has room for; absent where it does not say. A browser's number is a guess. */
  roomBytes?: number;
  /** Whether the browser promised not to remove what this origin stored; `'unknown'` where there is none to ask. */
  persisted: boolean | 'unknown';
}

export interface CheckpointResult {
  generation: number;
  seq: number;
  blocksWritten: number;
  blocksReused: number;
  bytesWritten: number;
}

export interface ImportOptions extends LongOptions {
  /** Replace a database that is not empty, after the archive verified. Default false. */
  replace?: boolean;
}

export interface ImportResult {
  collections: number;
  rows: number;
  bytes: number;
}

/** One row handed to `embed` when a collection is rebuilt for another model. */
export interface EmbedRow {
  id: string;
  metadata: Metadata;
}

export interface RebuildOptions extends LongOptions {
  /** What changes; the rest stays. */
  config: Partial<CollectionConfig>;
  /**
   * Makes the new vectors, batch by batch: resolves to rows.length x (new) dimension numbers, in the order of
   * `rows`. Needed when the model or the dimension changes.
   */
  embed?: (rows: EmbedRow[]) => Promise<Float32Array>;
  /** Rows in one call of `embed`. Default 64. */
  batchSize?: number;
}
