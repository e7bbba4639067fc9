/** The database as it was at a point of its history, and what has changed since. */

import { Collection } from './collection.js';
import { asyncDispose } from './dispose.js';
import { type Engine, type EngineMethod, PAST_METHODS, type PastMethod } from './engine.js';
import { closed, invalid } from './fault.js';
import { RemoteEngine } from './remote-engine.js';
import { diffRows, type RestoreResult, restoreRows, type RowChange, type RowScope } from './restore-rows.js';
import { type ProgressSink, progressSink } from './progress.js';
import type { CollectionInfo, ImportResult, LongOptions } from './types.js';
import { checkName, checkOptions, LONG_OPTIONS } from './validate.js';

/**
 * A point in the history: a `Date` or a text as `Date` reads it (the last write up to then), the sequence number of a write,
 * or `'latest'`.
 */
export type Moment = Date | string | number;

/** From where on the past can be read. */
export interface RestorePoint {
  /** The last write that it covers; 0 for the beginning. */
  seq: number;
  /** When it was made. */
  time: Date;
  /**
   * Every write from `seq` to this one can be gone back to. Where both are the same and the next point lies further on, what was between was
   * pruned by a retention policy: this very point can be had, by its `seq` or its `time`.
   */
  toSeq: number;
  /** Bytes that are read for it. */
  bytes: number;
  /** Bytes of log that are read besides for the last write before the next point, at the most. */
  logBytes: number;
}

/** What is kept of the past. */
export interface History {
  /** The last write. */
  seq: number;
  /** Oldest first. */
  points: RestorePoint[];
}

/** A moment as the engine takes it. */
export function pointJson(where: string, to: unknown): string {
  if (to === 'latest') return JSON.stringify({ timeMs: Number.MAX_SAFE_INTEGER });
  if (typeof to === 'number' && Number.isSafeInteger(to) && to >= 0) return JSON.stringify({ seq: to });
  const timeMs = to instanceof Date ? to.getTime() : typeof to === 'string' ? Date.parse(to) : NaN;
  if (Number.isFinite(timeMs) && timeMs >= 0) return JSON.stringify({ timeMs: Math.floor(timeMs) });
  throw invalid(
    `${where} must be a Date, a time as text, the number of a write, or 'latest'`,
    "for example '2026-11-20T15:00', 1234 or 'latest'",
    to,
  );
}

const READS: ReadonlySet<string> = new Set(PAST_METHODS);

/** Where a past is read: the history of a database, or a restore that is staged. */
export interface PastReader {
  read(method: PastMethod, args: unknown[]): Promise<unknown>;
  /** JSON `ImportResult`. */
  restore(progress: ProgressSink | undefined): Promise<string>;
  close(): Promise<void>;
}

function inHistory(engine: Engine, handle: number): PastReader {
  return {
    read: (method, args) => engine.pastRead(handle, method, args),
    restore: (progress) => engine.pastRestore(handle, progress),
    close: () => Promise.resolve(engine.pastClose(handle)),
  };
}

/** An engine of which only what it was can be read. */
class PastEngine extends RemoteEngine {
  readonly #reader: PastReader;
  #closing: Promise<void> | undefined;

  constructor(reader: PastReader) {
    super();
    this.#reader = reader;
  }

  protected async call<T>(method: EngineMethod, args: unknown[]): Promise<T> {
    if (this.#closing !== undefined)
      throw closed('this view of the past was closed: ask for it again with asOf()');
    if (!READS.has(method)) throw invalid(`${method}: this is the past, which can be read and not changed`);
    return (await this.#reader.read(method as PastMethod, args)) as T;
  }

  async restore(progress: ProgressSink | undefined): Promise<ImportResult> {
    if (this.#closing !== undefined)
      throw closed('this view of the past was closed: ask for it again with asOf()');
    const result = JSON.parse(await this.#reader.restore(progress)) as ImportResult;
    await this.close();
    return result;
  }

  close(): Promise<void> {
    this.#closing ??= this.#reader.close();
    return this.#closing;
  }
}

/**
 * A database as it was. It is a copy in memory, as large as the database was then, so close it. What is written to the
 * database does not show in it.
 */
export class Past {
  /** The last write in it. */
  readonly seq: number;
  /** When that was made, or the snapshot that has it. */
  readonly time: Date;
  readonly #engine: PastEngine;
  readonly #live: Engine;

  private constructor(engine: PastEngine, live: Engine, seq: number, time: Date) {
    this.#engine = engine;
    this.#live = live;
    this.seq = seq;
    this.time = time;
  }

  /** @internal */
  static async of(engine: Engine, to: Moment): Promise<Past> {
    const { handle, seq, timeMs } = await engine.pastStart(pointJson('asOf: the moment', to));
    return Past.over(inHistory(engine, handle), engine, seq, new Date(timeMs));
  }

  /** @internal */
  static over(reader: PastReader, live: Engine, seq: number, time: Date): Past {
    return new Past(new PastEngine(reader), live, seq, time);
  }

  /** The collections of then. */
  async collections(): Promise<CollectionInfo[]> {
    return JSON.parse(await this.#engine.collections()) as CollectionInfo[];
  }

  /**
   * A collection as it was, for reading: `get`, `list`, `listAll`, `count`, `query` and `queryMany`. What would change it
   * rejects with `Invalid`.
   */
  async collection(name: string): Promise<Collection> {
    checkName('collection', name);
    const all = await this.collections();
    const info = all.find((one) => one.name === name);
    if (info !== undefined) return new Collection(this.#engine, { info });
    const names = all.map((one) => one.name).join(', ');
    throw invalid(`there was no collection "${name}" then`, `one of [${names}]`, name);
  }

  /**
   * What has changed since in some rows of a collection: of each that is not as it was, how it was and how it is. Nothing is
   * written.
   *
   * @param scope an id, ids, `{ ids }` or `{ filter }`: rows that matched then. All rows of then without it.
   * @throws LodestoreError `Mismatch` when the collection has another dimension, metric or model by now.
   */
  async diff(collection: string, scope?: RowScope): Promise<RowChange[]> {
    return diffRows(...(await this.#both(collection)), scope);
  }

  /**
   * Makes rows what they were: those that were changed or deleted since are written as they were then; one that is named
   * by its id and was not there then is deleted. What was written since stays in the history: this can be undone in the
   * same way.
   *
   * @param scope as for `diff`. Rows that a filter does not name stay as they are.
   * @throws LodestoreError as `diff`, and as `upsert` and `delete`: they write at most 1,000 rows at a time, each time all or none.
   */
  async restore(collection: string, scope?: RowScope): Promise<RestoreResult> {
    return restoreRows(...(await this.#both(collection)), scope);
  }

  async #both(name: string): Promise<[then: Collection, now: Collection]> {
    const then = await this.collection(name);
    const info = JSON.parse(await this.#live.collections()) as CollectionInfo[];
    const now = info.find((one) => one.name === name);
    if (now === undefined)
      throw invalid(`there is no collection "${name}" any more: make it again, and restore then`);
    return [then, new Collection(this.#live, { info: now })];
  }

  /** Gives its memory back. Closing twice is fine. */
  async close(): Promise<void> {
    await this.#engine.close();
  }

  /**
   * Makes the whole database what it was, in one step, and ends this view. First what is there now becomes a point to go back
   * to; then what was is stored beside it and read back, every checksum verified; then one switch. When it fails, and after
   * a crash at any moment, everything is as it was. Writes wait meanwhile, reads while it is loaded (as long as opening
   * takes); codes and graphs are made again in the background, and until then rows are scanned.
   *
   * @param options `onProgress`: phase `checkpoint`, then `restore`, in blocks.
   * @throws LodestoreError `Quota` where there is no room for a second copy; `Corrupt` where what is kept is damaged.
   */
  async restoreAll(options: Pick<LongOptions, 'onProgress'> = {}): Promise<ImportResult> {
    checkOptions('restoreAll', options, { onProgress: LONG_OPTIONS.onProgress });
    return this.#engine.restore(progressSink(options.onProgress));
  }

  /** `await using then = await db.asOf(...)` closes by itself. */
  async [asyncDispose](): Promise<void> {
    await this.close();
  }
}
