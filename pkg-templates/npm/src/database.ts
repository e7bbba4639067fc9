/// <reference lib="esnext.disposable" preserve="true" />
/** An open database. */

import { abortable, throwIfAborted } from './abort.js';
import { backup } from './archive/backup.js';
import { type Beside, drill, type DrillOptions, type DrillReport, restorerOf } from './archive/drill.js';
import { Restore, RESTORE_OPTIONS, type RestoreSource } from './archive/restore.js';
import type {
  ArchiveSource,
  BackupOptions,
  BackupStream,
  RestoreOptions,
  VerifyOptions,
  VerifyReport,
} from './archive/types.js';
import { verifyNoted } from './archive/verify.js';
import { audit, noteRefused } from './audit.js';
import { type Catalog, catalog, forget } from './catalog.js';
import { type ChangeListener, Changes } from './changes.js';
import { Collection, type SharedInfo } from './collection.js';
import { configJson } from './config.js';
import { asyncDispose } from './dispose.js';
import type { Engine } from './engine.js';
import { exportStream, quarantineStream } from './export-stream.js';
import { invalid } from './fault.js';
import { incoming, type ImportSource } from './import-source.js';
import { type History, type Moment, Past, type RestorePoint } from './past.js';
import { isPersisted } from './persist.js';
import { progressSink } from './progress.js';
import { prune, type PruneOptions, type PruneResult } from './prune.js';
import type { AuditLog, AuditOptions, CheckOptions, CheckReport, QuarantinedFile } from './reports.js';
import { retention, type RetentionPolicy, setRetention } from './retention.js';
import { stoppable } from './stoppable.js';
import type {
  CheckpointResult,
  CollectionConfig,
  CollectionInfo,
  ImportOptions,
  ImportResult,
  LongOptions,
  OpenReport,
  Stats,
  WriteResult,
} from './types.js';
import { checkName, checkOptions, isBoolean, isString, LONG_OPTIONS } from './validate.js';

/**
 * What `open` resolves to. Every method rejects with a `LodestoreError`: `Closed` after `close`, `Unavailable` or
 * `Quota` from the storage, and what it says itself.
 */
export class Database {
  /** The name it was opened with. */
  readonly name: string;
  /** What opening found, repaired and dropped, and how long each phase took. */
  readonly openReport: OpenReport;
  readonly #engine: Engine;
  readonly #changes: Changes;
  readonly #known = new Map<string, SharedInfo>();
  readonly #beside: Beside;

  private constructor(
    engine: Engine,
    name: string,
    openReport: OpenReport,
    changes: Changes,
    beside: Beside,
  ) {
    this.#engine = engine;
    this.#beside = beside;
    this.#changes = changes;
    // Another tab may give a collection another dimension: a handle here must not go on with the old one.
    changes.onShape(({ op }) => {
      if (op !== 'upsert' && op !== 'update' && op !== 'delete') void this.#refresh().catch(() => undefined);
    });
    this.name = name;
    this.openReport = openReport;
  }

  /** @internal */
  static async over(engine: Engine, name: string, changes: Changes, beside: Beside): Promise<Database> {
    return new Database(engine, name, JSON.parse(await engine.openReport()) as OpenReport, changes, beside);
  }

  /**
   * Calls `listener` after every change that was committed, in this tab or worker or in any other that shares the
   * database. What it is given names the rows where they are few; it may be told of a change again.
   *
   * @returns what ends it.
   */
  on(event: 'change', listener: ChangeListener): () => void {
    if ((event as string) !== 'change')
      throw invalid(`on: there is no event "${String(event)}"`, 'change', event);
    if (typeof listener !== 'function') throw invalid('on: the listener must be a function');
    return this.#changes.on(listener);
  }

  /**
   * Opens a collection, or makes it. With `config`, an existing one must agree with it, part by part; what `config`
   * leaves out is not compared. Without, the collection must exist.
   *
   * @throws LodestoreError `Mismatch` (with `expected` and `got`) when a stored part is another: `rebuild` changes it; `Invalid` for a wrong configuration or an unknown collection.
   */
  async collection(name: string, config?: CollectionConfig): Promise<Collection> {
    checkName('collection', name);
    const json = config === undefined ? undefined : configJson('collection', config);
    const info = JSON.parse(await this.#engine.collection(name, json)) as CollectionInfo;
    const shared = this.#known.get(name) ?? { info };
    shared.info = info;
    this.#known.set(name, shared);
    return new Collection(this.#engine, shared);
  }

  /** All collections, with their configuration and number of rows. */
  async collections(): Promise<CollectionInfo[]> {
    return JSON.parse(await this.#engine.collections()) as CollectionInfo[];
  }

  /** Deletes a collection and its rows. `count` is the number of rows. Durable when it resolves. */
  async dropCollection(name: string): Promise<WriteResult> {
    checkName('dropCollection', name);
    return this.#engine.dropCollection(name);
  }

  /**
   * Writes what changed since the last snapshot and starts a new log, so that the next opening is quick. It happens
   * by itself too, see `checkpointLogBytes`. It holds one block (what is stored of 1,024 rows) in memory. Aborting stops
   * the waiting, not the work.
   */
  async checkpoint(options: LongOptions = {}): Promise<CheckpointResult> {
    checkOptions('checkpoint', options, LONG_OPTIONS);
    throwIfAborted(options.signal);
    const work = this.#engine.checkpoint(progressSink(options.onProgress));
    return JSON.parse(await abortable(work, options.signal)) as CheckpointResult;
  }

  /**
   * Removes what is not to be kept: by `policy`, or the one that `setRetention` said; where there is none, or with `keep`, all snapshots but
   * the newest ones. Snapshots go with the logs that only they need, once the newest has verified. It needs no room, so it works where
   * none is left. A checkpoint without room does as much by itself before it gives up.
   *
   * Of archives it says which ones no rule keeps; with `remove`, that is called for each of these, those that need others first, and
   * what it removed is forgotten. When it rejects, pruning ends there, and what was removed until then stays forgotten.
   *
   * @throws LodestoreError `Corrupt` when vectors or rows of the newest snapshot do not verify; then nothing was removed: the message
   *   says what to do before.
   */
  prune(options: PruneOptions = {}): Promise<PruneResult> {
    return prune(this.#engine, options);
  }

  /** What is to be kept of the past; undefined where nothing was said: the newest two snapshots and the logs behind the older one. */
  retention(): Promise<RetentionPolicy | undefined> {
    return retention(this.#engine);
  }

  /**
   * Says what is to be kept, for whoever opens the database from now on; `undefined` takes it back. Nothing is removed before the next
   * checkpoint or `prune`. `prune({ policy, dryRun: true })` says what would be.
   */
  setRetention(policy: RetentionPolicy | undefined): Promise<void> {
    return setRetention(this.#engine, policy);
  }

  /**
   * Reads everything that is stored and compares it with its checksums and with memory. Problems are reported, not
   * thrown. With `repair`, what follows from the rows (graph, codes, secondary index) is made again where it does not
   * hold, and where storage is damaged and memory whole, everything is written anew, after the damaged files were
   * kept aside. Aborting ends it before anything is repaired. Writes wait meanwhile.
   */
  async check(options: CheckOptions = {}): Promise<CheckReport> {
    checkOptions('check', options, { repair: isBoolean, ...LONG_OPTIONS });
    const { signal, onProgress, repair = false } = options;
    throwIfAborted(signal);
    const work = stoppable(this.#engine, signal, (run) =>
      this.#engine.check(repair, run, progressSink(onProgress)),
    );
    return JSON.parse(await abortable(work, signal)) as CheckReport;
  }

  /** The files that salvage and repair kept aside: damaged ones as they were, and what was reported. */
  async quarantine(): Promise<QuarantinedFile[]> {
    const files = JSON.parse(await this.#engine.quarantine()) as QuarantinedFile[];
    return files.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** The bytes of a file that is kept aside. The stream fails with `Invalid` where there is none of that name. */
  exportQuarantined(name: string): ReadableStream<Uint8Array> {
    checkName('exportQuarantined', name);
    return quarantineStream(this.#engine, name);
  }

  /** Removes a file that is kept aside, or all of them. What could still be had of it is gone then. */
  async dropQuarantined(name?: string): Promise<void> {
    if (name !== undefined) checkName('dropQuarantined', name);
    await this.#engine.quarantineDrop(name);
  }

  /** Sizes in bytes, snapshots and collections. */
  async stats(): Promise<Stats> {
    const stats = JSON.parse(await this.#engine.stats()) as Stats;
    return { ...stats, persisted: await isPersisted(stats.storage) };
  }

  /**
   * What is kept of the past: the last two snapshots and every write since the older one, unless a retention policy keeps more. Each
   * point says which writes can be gone back to from it, and how many bytes that reads.
   */
  async history(): Promise<History> {
    const { seq, points } = JSON.parse(await this.#engine.history()) as Pick<History, 'seq'> & {
      points: (Omit<RestorePoint, 'time'> & { timeMs: number })[];
    };
    return { seq, points: points.map(({ timeMs, ...rest }) => ({ ...rest, time: new Date(timeMs) })) };
  }

  /**
   * The database as it was: after the last write up to a time, after a write by its number, or now (`'latest'`). For
   * reading; writes wait while it is loaded. It takes as much memory as the database took then, until it is closed.
   *
   * @throws LodestoreError `Invalid` for a moment that is not in the history that is kept; `Corrupt` where what is kept is
   *   damaged; `Quota` where there is no memory for it.
   */
  asOf(moment: Moment): Promise<Past> {
    return Past.of(this.#engine, moment);
  }

  /**
   * What was done to look after the database: backups, verifications, restores, drills, pruning. It stands beside the data, in files
   * to which is only added. An operation that succeeded but could not be noted (no room, say) has succeeded all the same.
   */
  audit(options: AuditOptions = {}): Promise<AuditLog> {
    return audit(this.#engine, options);
  }

  /** The archives that were made of this database, as its audit log knows them, and which of them need which. */
  catalog(): Promise<Catalog> {
    return catalog(this.#engine);
  }

  /**
   * Takes an archive out of the catalog: call it when its file was removed.
   *
   * @param archive its id, 32 hexadecimal digits.
   * @throws LodestoreError `Invalid` when there is no such archive in the catalog.
   */
  forget(archive: string): Promise<void> {
    return forget(this.#engine, archive);
  }

  /**
   * The whole database, as it is now, as one archive: a stream that is made while it is read, in pieces of at most 4 MiB
   * or one block. Cancelling the stream or aborting `signal` ends it; then the stream fails with the signal's reason.
   */
  export(options: LongOptions = {}): ReadableStream<Uint8Array> {
    checkOptions('export', options, LONG_OPTIONS);
    return exportStream(this.#engine, options);
  }

  /**
   * Takes in an archive made by `export`. The database must be empty, or `replace` true; nothing changes until
   * the whole archive verified. The signal is heeded while bytes come in, not in the final switch.
   *
   * Memory holds what was there or what is imported, never both: bytes go into storage as they come, and are loaded from
   * there when all of them verified. Reads go on until then; those of that time, which is as long as opening takes, are
   * answered when it is over. If loading fails (no memory for it: `Quota`), what was there is loaded again.
   *
   * @throws LodestoreError `Corrupt` for what is no archive, or a damaged or truncated one; `Version` for one of a
   *   newer Lodestore; `Invalid` when the database is not empty.
   */
  async import(source: ImportSource, options: ImportOptions = {}): Promise<ImportResult> {
    checkOptions('import', options, { replace: isBoolean, ...LONG_OPTIONS });
    const { signal, onProgress, replace = false } = options;
    throwIfAborted(signal);
    const { total, chunks, cancel } = incoming(source);
    const progress = progressSink(onProgress);
    const engine = this.#engine;
    const handle = await engine
      .importStart(JSON.stringify({ replace, totalBytes: total }))
      .catch((error: unknown) => {
        cancel?.();
        throw error;
      });
    const iterator = chunks[Symbol.asyncIterator]();
    try {
      let bytes = 0;
      for (;;) {
        const step = await abortable(iterator.next(), signal);
        if (step.done) break;
        await engine.importWrite(handle, step.value);
        bytes += step.value.length;
        if (total !== undefined) progress?.('read', bytes, total);
        throwIfAborted(signal);
      }
      const result = JSON.parse(await engine.importFinish(handle, progress)) as ImportResult;
      await this.#refresh();
      return result;
    } catch (error) {
      // Not awaited: a source that never answers must not hold up the rejection.
      cancel?.();
      void iterator.return?.(undefined).catch(() => undefined);
      await engine.importAbort(handle).catch(() => undefined);
      await noteRefused(engine, 'restore', 'import', error);
      throw error;
    }
  }

  /**
   * Begins an archive of format 4: everything, what changed since a full one, or the writes since any other one. It is of
   * this moment, and made while it is read; writes go on. `done` resolves when it is, to what a later one can be made
   * `since`. Noted in the audit log.
   *
   * @throws LodestoreError `Invalid` where the log does not go back to `since`; `Mismatch` where that is of another
   *   database, or encrypted with another key.
   */
  backup(options: BackupOptions = {}): Promise<BackupStream> {
    return backup(this.#engine, options);
  }

  /**
   * Verifies an archive, or a chain of them, and notes it in the audit log. Nothing of this database is compared or changed.
   *
   * @throws LodestoreError `Corrupt` for what is damaged; `Version` for an archive of a newer Lodestore; `Mismatch` for
   *   another key.
   */
  verify(source: ArchiveSource | ArchiveSource[], options: VerifyOptions = {}): Promise<VerifyReport> {
    return verifyNoted(this.#engine, source, options, restorerOf(this.#beside));
  }

  /**
   * Plans a restore: of an archive, of a chain of them (a full one first), or of what this database was (`'history'`, with
   * `to`). Only manifests are read; `stage()` brings everything in beside the live database, `commit()` switches to it.
   *
   * @throws LodestoreError as `verify` at level 1; `Invalid` where an archive is missing in a chain (the message names it).
   */
  async restore(source: RestoreSource, options: RestoreOptions = {}): Promise<Restore> {
    checkOptions('restore', options, { ...RESTORE_OPTIONS, into: isString, replace: isBoolean });
    if (options.into === undefined) {
      return Restore.of({ engine: this.#engine, refresh: () => this.#refresh() }, source, options);
    }
    checkName('restore: into', options.into);
    if (source === 'history')
      throw invalid('restore: into another database goes an archive, not the history');
    const other = await this.#beside(options.into);
    const isNew = (await other.stats()).seq === 0;
    const leave = async (committed: boolean) => {
      await other.close();
      if (isNew && !committed) await this.#beside.remove(options.into as string);
    };
    try {
      if (!isNew && options.replace !== true && (await other.collections()).some(({ rows }) => rows > 0)) {
        throw invalid(
          `restore: the database "${options.into}" is not empty; { replace: true } replaces all of it`,
        );
      }
      const ground = { engine: other.#engine, live: this.#engine, refresh: async () => undefined, leave };
      return await Restore.of(ground, source, options);
    } catch (error) {
      await leave(false);
      throw error;
    }
  }

  /**
   * Restores a backup aside, asks it, compares it with this database as it was at its last write, and notes how that went.
   * A backup that nobody restored is a file.
   */
  drill(options: DrillOptions): Promise<DrillReport> {
    return drill({ engine: this.#engine, beside: this.#beside, asOf: (seq) => this.asOf(seq) }, options);
  }

  async #refresh(): Promise<void> {
    for (const info of await this.collections()) {
      const shared = this.#known.get(info.name);
      if (shared !== undefined) shared.info = info;
    }
  }

  /** Finishes pending writes, lets go of locks and of memory. Closing twice is fine. */
  close(): Promise<void> {
    return this.#engine.close();
  }

  /** `await using db = await open(...)` closes by itself. */
  async [asyncDispose](): Promise<void> {
    await this.close();
  }
}
