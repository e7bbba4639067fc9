/**
 * The boundary between the TypeScript facade and the compiled WebAssembly, written down once for both sides.
 *
 * Strings named `...Json` carry JSON. Errors cross it in both directions as thrown objects with `code`,
 * `message` and, where there is such a pair, `expected` and `got`. A typed array handed in is read before the
 * call returns (not after an await), so that the caller may reuse it; one handed out owns its buffer.
 */

import type { Seal } from './seal/seal.js';
import type { UpkeepMethod } from './engine.js';

/** Must be freed: it lives in WebAssembly memory. What is under way goes on. */
interface Freed {
  free(): void;
}

/**
 * Rows as JSON; numbers of each row; the vectors, row after row, in the order of the rows that are not null; ids, one
 * after another. The latter three are undefined when none were asked for.
 */
export type Reply = [
  json: string,
  numbers: Float32Array | undefined,
  vectors: Float32Array | undefined,
  ids: string | undefined,
];

/**
 * What the compiled module asks of its host: the five verbs of a storage, two clocks, chance and patience; and, of archives,
 * what browsers can do.
 */
export interface Host extends Seal {
  /** JSON `FileInfo[]`. */
  list(): Promise<string>;
  /** Exactly the bytes `start` to `end`, end exclusive. */
  read(name: string, start: number, end: number): Promise<Uint8Array>;
  /**
   * Starts writing a new file; the chunks follow, about `expected` bytes, or 0 where that is not known: without room
   * for them the first one is refused. Returns a handle.
   */
  createBegin(name: string, expected: number): number;
  /** Resolves when the storage took the chunk; rejects when it refused the file. */
  createPush(handle: number, chunk: Uint8Array): Promise<void>;
  /** Resolves when the file is as durable as the storage promises. */
  createEnd(handle: number): Promise<void>;
  /** Gives the file up; none remains. */
  createAbort(handle: number): Promise<void>;
  append(name: string, at: number, bytes: Uint8Array): Promise<void>;
  /**
   * True where it is done, as durably as was asked for, when the call returns; else nothing was, and `append` is the way.
   * `bytes` is a view of WebAssembly memory.
   */
  appendNow(name: string, at: number, bytes: Uint8Array): boolean;
  remove(name: string): Promise<void>;
  /** Whether `readNow` can be called. */
  readsNow(): boolean;
  /** Fills `target`, a view of WebAssembly memory, before it returns; throws when it cannot. */
  readNow(name: string, at: number, target: Uint8Array): void;
  /** Wall clock, milliseconds since 1970. */
  now(): number;
  /** A clock that never goes back, milliseconds. */
  monotonic(): number;
  /** Lets the host do something else, for example paint. */
  yieldNow(): Promise<void>;
  /** 16 random bytes. */
  random(): Uint8Array;
  progress(phase: string, done: number, total: number): void;
  /** SHA-256 of one behind the other, where the host has it. */
  sha256(head: Uint8Array, bytes: Uint8Array): Promise<Uint8Array> | undefined;
}

/** A running export, which freeing ends. */
export interface WasmExport extends Freed {
  totalBytes(): number;
  /** The next bytes of the archive; undefined after the last. */
  next(): Promise<Uint8Array | undefined>;
}

/** An archive that comes in: to an import, a restore or a verification. */
export interface WasmIntake extends Freed {
  /** True when no more bytes are wanted. */
  write(bytes: Uint8Array): Promise<boolean>;
  /** Nothing comes any more. Of an import JSON `ImportResult`; else see there. */
  finish(): Promise<unknown>;
  abort(): Promise<void>;
}

/** An archive in the making, which freeing ends. */
export interface WasmBackup extends Freed {
  /** JSON `ArchiveManifest`. */
  manifest(): string;
  /** By what an archive that follows this one is made. */
  reference(): Uint8Array;
  /** The next bytes of the archive; undefined after the last. */
  next(): Promise<Uint8Array | undefined>;
}

/** A restore beside the database: once `finish` resolved, the reading methods of `WasmStore`. */
export interface WasmStage
  extends Freed, Pick<WasmStore, 'collections' | 'query' | 'get' | 'list' | 'count'> {
  /** The outcome is JSON `ArchiveManifest`, or undefined for an archive of an older version. */
  add(key: Uint8Array | undefined, passphrase: string | undefined, totalBytes: number): WasmIntake;
  /** Ends the content phase. JSON `ImportResult` of what will be there. */
  finish(): Promise<string>;
  /** Works on the index for some milliseconds: steps that are left. */
  indexSlice(): number;
  /** JSON `ImportResult`, to which the entry of the audit log puts the fields of `moreJson`. */
  commit(moreJson: string): Promise<string>;
  abort(): Promise<void>;
  seq(): number;
  timeMs(): number;
}

/** A running rebuild: `next` and `put` until there is nothing left, then `commit`. */
export interface WasmRebuild extends Freed {
  /** JSON `EmbedRow[]`, at most `max`; undefined when nothing is left. */
  next(max: number): Promise<string | undefined>;
  /** The vectors of the rows that `next` gave last, in their order. */
  put(vectors: Float32Array): Promise<void>;
  /** JSON `{ done, total }`, in rows. */
  progress(): string;
  /** Switches to the new rows; undefined when rows changed meanwhile: call `next` again. */
  commit(): Promise<string | undefined>;
  abort(): Promise<void>;
}

/** What a database was: the reading methods of `WasmStore`. */
export interface WasmPast extends Freed, Pick<WasmStore, 'collections' | 'query' | 'get' | 'list' | 'count'> {
  /** The last write in it. */
  seq(): number;
  /** When that was, milliseconds since 1970. */
  timeMs(): number;
  /** Makes it what the database is, after which it cannot be read. JSON `ImportResult`. */
  restore(): Promise<string>;
}

/** Whom a write answers, once: a promise of the module's own, and text, take longer than the rest of a write. */
export interface WasmAnswer {
  /** `count` and `seq` of a `WriteResult`. */
  done(count: number, seq: number): void;
  failed(error: unknown): void;
}

/** An open database. */
export interface WasmStore extends Freed {
  /** JSON `OpenReport`. */
  openReport(): string;
  /** Gives the write that is called next the name of its request: see `RequestName`. */
  request(client: number, counter: number, again: number | undefined): void;
  /** Creates the collection, or opens it and checks the configuration; without one it must exist. JSON `CollectionInfo`. */
  collection(name: string, configJson: string | undefined): Promise<string>;
  /** JSON `CollectionInfo[]`. */
  collections(): string;
  dropCollection(name: string, answer: WasmAnswer): void;
  /** `metadataJson`: an array of objects or nulls. */
  upsert(
    name: string,
    idsJson: string,
    vectors: Float32Array,
    metadataJson: string | undefined,
    answer: WasmAnswer,
  ): void;
  /**
   * `targetJson`: `{"ids":[...]}` or `{"filter":{...}}`. `metadataJson`: one object for all rows or, with ids
   * only, an array of objects. `mode`: `merge` or `replace`.
   */
  updateMetadata(
    name: string,
    targetJson: string,
    metadataJson: string,
    mode: string,
    answer: WasmAnswer,
  ): void;
  delete(name: string, targetJson: string, answer: WasmAnswer): void;
  /**
   * `flags` is a sum of 1 return metadata, 2 return vectors, 4 exact, 8 explain, 16 several vectors, row after row.
   * `{ids, metadata?, counts?, explain?}`: lists of all matches or, the latter two, of all vectors; no counts where
   * there is one vector. The numbers are score and distance of each match.
   */
  query(
    name: string,
    vectors: Float32Array,
    topK: number,
    flags: number,
    minScore: number | undefined,
    ef: number | undefined,
    oversample: number | undefined,
    filterJson: string | undefined,
  ): Reply;
  /** `{rows: [{id, metadata?, seq} | null]}`, in the order of the ids. */
  get(name: string, idsJson: string, optionsJson: string): Reply;
  /** `{rows, cursor?}`. */
  list(name: string, optionsJson: string): Reply;
  count(name: string, filterJson: string | undefined): number;
  /** JSON `CheckpointResult`. */
  optimize(name: string, run: number): Promise<void>;
  optimizeStop(run: number): void;
  /** JSON `CheckpointResult`. */
  checkpoint(): Promise<string>;
  /** JSON `CheckReport`. */
  check(repair: boolean, run: number): Promise<string>;
  /** JSON `QuarantinedFile[]`. */
  quarantine(): Promise<string>;
  /** None at the end. */
  quarantineRead(name: string, at: number): Promise<Uint8Array>;
  quarantineDrop(name: string | undefined): Promise<void>;
  /** JSON `Stats` without `name`, `storage`, `durability`, `build` and `memoryBytes`. */
  stats(): Promise<string>;
  /** The sequence number of the last write; 0 once it is closed. */
  lastWrite(): number;
  /** Which of the two builds this is. */
  build(): string;
  /** Bytes of WebAssembly memory. */
  memoryBytes(): number;
  /** JSON `History`. */
  history(): Promise<string>;
  /** `pointJson`: `{"seq"}` or `{"timeMs"}`. */
  asOf(pointJson: string): Promise<WasmPast>;
  /**
   * `audit`: query `{last?, kinds?}`, JSON `{entries, damage}`. `note`: kind and details, the number of the entry. `prune`: options
   * `{keep?, policy?, dryRun?, archives?}`, the last one times, JSON `PruneReport`. `retention`: JSON `RetentionPolicy`, undefined where
   * nothing was said, empty where it cannot be read. `setRetention`: a policy, or undefined to take it back.
   */
  upkeep(method: UpkeepMethod, first: string | undefined, details: string | undefined): Promise<unknown>;
  exportStart(): Promise<WasmExport>;
  /** Options `{replace}`. */
  importStart(optionsJson: string): Promise<WasmIntake>;
  /** `since`: what `reference` gave. Options `{type, compress, index, lossy}`. */
  backupStart(
    optionsJson: string,
    since: Uint8Array | undefined,
    key: Uint8Array | undefined,
    passphrase: string | undefined,
  ): Promise<WasmBackup>;
  stageStart(pointJson: string | undefined): Promise<WasmStage>;
  stagePast(pointJson: string): Promise<WasmStage>;
  /** `configJson`: what changes, in place. */
  configure(name: string, configJson: string, answer: WasmAnswer): void;
  /** The same, where new vectors will be put. */
  rebuildStart(name: string, configJson: string): Promise<WasmRebuild>;
  close(): Promise<void>;
}

/** The static side of the class that the glue exports under the name `WasmStore`. */
export interface WasmStoreClass {
  /** Options `{checkpointLogBytes?, requests?}`. */
  open(host: Host, optionsJson: string): Promise<WasmStore>;
}

/** Verifies an archive: give it the bytes. The outcome is `[reportJson, reference]`. */
export type VerifyStart = (
  host: Host,
  level: number,
  key: Uint8Array | undefined,
  passphrase: string | undefined,
  totalBytes: number,
) => WasmIntake;
