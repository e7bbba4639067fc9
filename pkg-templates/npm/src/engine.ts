/**
 * An open database, wherever it runs. Every argument and result can be sent to a worker: strings, numbers, typed
 * arrays, and plain objects of them. Running exports, imports and rebuilds are known by number.
 */

import { ARCHIVE_METHODS, type ArchiveCalls, type ArchiveMethod } from './archive/calls.js';
import type { ProgressSink } from './progress.js';
import type { Durability, StorageKind, StorageObject, WriteResult } from './types.js';

/** A value now, from this context, or later, from a worker. */
export type Soon<T> = T | Promise<T>;

/** Rows as JSON, and beside it numbers and vectors, row after row. */
export interface Answer {
  json: string;
  /** Of each match of a query: its score, its distance, the length of its id. */
  numbers: Float32Array | undefined;
  vectors: Float32Array | undefined;
  /** The ids of the matches of a query, one after another. */
  ids: string | undefined;
}

/** What is asked of a query beside its vectors. */
export interface QueryAsk {
  topK: number;
  /** A sum of the flags in `query.ts`. */
  flags: number;
  minScore?: number | undefined;
  ef?: number | undefined;
  oversample?: number | undefined;
  /** JSON. */
  filter?: string | undefined;
}

/** What an engine is opened with. A storage object stays in its own context. */
export interface EngineOptions {
  storage: 'auto' | StorageKind | StorageObject;
  durability: Durability;
  directory: string | undefined;
  checkpointLogBytes: number | undefined;
  salvage: boolean;
  /** Where others share the database: the caller holds its lock, watches the page, and names its writes. */
  shared: Office | undefined;
}

/** One leader's time, from getting the lock to losing it. */
export interface Office {
  /** Name of the lock and of the channel of the database. */
  key: string;
  leader: string;
  /** That of a later leader is higher. */
  term: number;
}

/** Who asks, a number that it never used before, and, when it asks again, the sequence number it had seen at first. */
export type RequestName = [client: number, counter: number, again: number | undefined];

/** Writes that are made once however often they are asked for, when they have a name. */
export const NAMED_METHODS = [
  'collection',
  'dropCollection',
  'upsert',
  'updateMetadata',
  'delete',
  'rebuildStart',
] as const satisfies readonly (keyof Engine)[];
export type NamedMethod = (typeof NAMED_METHODS)[number];

/** What can be read of the past. */
export const PAST_METHODS = ['collections', 'query', 'get', 'list', 'count'] as const;
export type PastMethod = (typeof PAST_METHODS)[number];

/** What looks after a database without reading or writing its rows: JSON in, JSON out. */
export type UpkeepMethod = 'audit' | 'note' | 'prune' | 'retention' | 'setRetention';

/**
 * The methods of `WasmStore`, with handles for what it returns as objects. `progress` is always the last
 * parameter. Every failure is a `LodestoreError`.
 */
export interface Engine {
  /** Archives and restores. */
  readonly archives: ArchiveCalls;
  openReport(): Soon<string>;
  collection(name: string, configJson: string | undefined): Promise<string>;
  collections(): Soon<string>;
  dropCollection(name: string): Promise<WriteResult>;
  upsert(
    name: string,
    idsJson: string,
    vectors: Float32Array,
    metadataJson: string | undefined,
  ): Promise<WriteResult>;
  updateMetadata(name: string, targetJson: string, metadataJson: string, mode: string): Promise<WriteResult>;
  delete(name: string, targetJson: string): Promise<WriteResult>;
  /** One vector or several, row after row, as the flags say. */
  query(name: string, vectors: Float32Array, ask: QueryAsk): Soon<Answer>;
  get(name: string, idsJson: string, optionsJson: string): Soon<Answer>;
  list(name: string, optionsJson: string): Soon<Answer>;
  count(name: string, filterJson: string | undefined): Soon<number>;
  /** `run` is a number of the caller's, for `optimizeStop`. */
  optimize(name: string, run: number, progress?: ProgressSink): Promise<void>;
  optimizeStop(run: number): void | Promise<void>;
  checkpoint(progress?: ProgressSink): Promise<string>;
  /** `run` as with `optimize`. */
  check(repair: boolean, run: number, progress?: ProgressSink): Promise<string>;
  quarantine(): Promise<string>;
  quarantineRead(name: string, at: number): Promise<Uint8Array>;
  quarantineDrop(name: string | undefined): Promise<void>;
  stats(): Promise<string>;
  /** The sequence number of the last write. */
  lastWrite(): Soon<number>;
  /** JSON `History`. */
  history(): Promise<string>;
  /** `pointJson`: `{"seq"}` or `{"timeMs"}`. */
  pastStart(pointJson: string): Promise<{ handle: number; seq: number; timeMs: number }>;
  /** One of `PAST_METHODS`, of what the database was. */
  pastRead(handle: number, method: PastMethod, args: unknown[]): Promise<unknown>;
  /** JSON `ImportResult`. Nothing can be read of it after that. */
  pastRestore(handle: number, progress?: ProgressSink): Promise<string>;
  pastClose(handle: number): Soon<void>;
  /** As that of `WasmStore`. */
  upkeep(method: UpkeepMethod, first?: string, details?: string): Promise<unknown>;
  exportStart(): Promise<{ handle: number; totalBytes: number }>;
  exportNext(handle: number): Promise<Uint8Array | undefined>;
  exportClose(handle: number): Soon<void>;
  importStart(optionsJson: string): Promise<number>;
  importWrite(handle: number, bytes: Uint8Array): Promise<void>;
  importFinish(handle: number, progress?: ProgressSink): Promise<string>;
  importAbort(handle: number): Promise<void>;
  /** Undefined when there was nothing to embed and the change is made. */
  rebuildStart(name: string, configJson: string, hasEmbed: boolean): Promise<number | undefined>;
  rebuildNext(handle: number, max: number): Promise<string | undefined>;
  rebuildPut(handle: number, vectors: Float32Array): Promise<void>;
  rebuildProgress(handle: number): Soon<string>;
  rebuildCommit(handle: number, progress?: ProgressSink): Promise<string | undefined>;
  rebuildAbort(handle: number): Promise<void>;
  /** Runs one of the writes under a name. */
  named(request: RequestName, method: NamedMethod, args: unknown[]): Promise<unknown>;
  close(): Promise<void>;
  /** Where it can be ended at once, without waiting for anything: ends it. */
  abandon?(): void;
}

/** Every method, by name: what a worker will run when asked, and nothing else. */
export const ENGINE_METHODS = [
  'openReport',
  'collection',
  'collections',
  'dropCollection',
  'upsert',
  'updateMetadata',
  'delete',
  'query',
  'get',
  'list',
  'count',
  'optimize',
  'optimizeStop',
  'checkpoint',
  'check',
  'quarantine',
  'quarantineRead',
  'quarantineDrop',
  'stats',
  'lastWrite',
  'history',
  'pastStart',
  'pastRead',
  'pastRestore',
  'pastClose',
  'upkeep',
  'exportStart',
  'exportNext',
  'exportClose',
  'importStart',
  'importWrite',
  'importFinish',
  'importAbort',
  'rebuildStart',
  'rebuildNext',
  'rebuildPut',
  'rebuildProgress',
  'rebuildCommit',
  'rebuildAbort',
  'named',
  'close',
] as const satisfies readonly (keyof Engine)[];

export type EngineMethod = (typeof ENGINE_METHODS)[number] | ArchiveMethod;

const OF_ARCHIVES: ReadonlySet<string> = new Set(ARCHIVE_METHODS);

/** Every name that another context may call. */
export const ALL_METHODS: ReadonlySet<string> = new Set([...ENGINE_METHODS, ...ARCHIVE_METHODS]);

/** Runs a method by its name. */
export function callMethod(engine: Engine, method: string, args: unknown[]): unknown {
  const of = OF_ARCHIVES.has(method) ? engine.archives : engine;
  return (of as unknown as Record<string, (...args: unknown[]) => unknown>)[method]?.(...args);
}
