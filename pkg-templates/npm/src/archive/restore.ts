/** A restore: planned, staged beside the live database, looked at, and then committed or given up. */

import { abortable, throwIfAborted } from '../abort.js';
import { noteIfPossible } from '../audit.js';
import { asyncDispose } from '../dispose.js';
import type { Engine } from '../engine.js';
import { toLodestoreError } from '../errors.js';
import { closed, invalid, mismatch } from '../fault.js';
import { Past, type PastReader, pointJson } from '../past.js';
import { progressSink, type ProgressSink } from '../progress.js';
import type { RestoreResult, RowChange, RowScope } from '../restore-rows.js';
import type { CollectionInfo, ImportResult, LongOptions } from '../types.js';
import { checkOptions, isAnything, isBoolean, LONG_OPTIONS } from '../validate.js';
import { brokenLink } from './chain.js';
import { ArchiveInput } from './input.js';
import { type Keyring, lockOf } from './lock.js';
import { contentMs, indexMs, rememberRates, tookIn, type Took } from './rates.js';
import { buildIndex, sample } from './staging.js';
import type {
  ArchivedCollection,
  ArchiveSource,
  RestoreOptions,
  RestorePlan,
  RestoreValidation,
  VerifyReport,
} from './types.js';

export const RESTORE_OPTIONS = {
  to: isAnything,
  only: isAnything,
  encrypt: isAnything,
  allowModelChange: isBoolean,
};

/** From where: archives, or the history of the database itself. */
export type RestoreSource = ArchiveSource | ArchiveSource[] | 'history';

/** What a restore works on. */
export interface Ground {
  engine: Engine;
  /** Whose audit log knows how long restores take here, if that is another. */
  live?: Engine;
  /** After the switch: what is known of collections is asked for again. */
  refresh: () => Promise<void>;
  /** Where it restores into another database: lets go of that one. */
  leave?: (committed: boolean) => Promise<void>;
}

type State = 'planned' | 'staging' | 'ready' | 'failed' | 'over';

/**
 * A restore that is under way. The live database stays as it is, and can be read and written, until `commit`. Staged, it
 * takes as much memory as what it restores.
 */
export class Restore {
  /** What it would do, as far as is known before anything is read but manifests. */
  readonly plan: RestorePlan;
  /** What each archive said of itself when it was looked at. */
  readonly reports: readonly VerifyReport[];
  /** @internal What staging it took. */
  took: Took = {};
  readonly #ground: Ground;
  readonly #inputs: ArchiveInput[];
  /** Until the archives are in. */
  #keys: Keyring | undefined;
  readonly #point: string | undefined;
  readonly #only: Only | undefined;
  readonly #allowModelChange: boolean;
  #state: State = 'planned';
  #handle: number | undefined;
  #past: Past | undefined;
  #validation: RestoreValidation | undefined;

  private constructor(
    ground: Ground,
    inputs: ArchiveInput[],
    keys: Keyring,
    point: string | undefined,
    options: RestoreOptions,
    plan: RestorePlan,
    reports: VerifyReport[],
  ) {
    this.#ground = ground;
    this.#inputs = inputs;
    this.#keys = keys;
    this.#point = point;
    this.#allowModelChange = options.allowModelChange ?? false;
    this.#only = scopeOf(options.only);
    this.plan = plan;
    this.reports = reports;
  }

  /** @internal */
  static async of(ground: Ground, source: RestoreSource, options: RestoreOptions): Promise<Restore> {
    const isPast = source === 'history';
    if (isPast && options.to === undefined) throw invalid("restore: say `to` which moment, with 'history'");
    const point = options.to === undefined ? undefined : pointJson('restore: to', options.to);
    const inputs = isPast
      ? []
      : (Array.isArray(source) ? source : [source]).map((one) => new ArchiveInput(one));
    if (!isPast && inputs.length === 0) throw invalid('restore: hand over an archive');
    const keys = lockOf('restore', options.encrypt);
    try {
      const reports: VerifyReport[] = [];
      for (const input of inputs) reports.push((await input.head(ground.engine.archives, keys)).report);
      refuse(reports);
      await rememberRates(ground.live ?? ground.engine);
      const plan = planOf(inputs, reports, await live(ground.engine));
      // Without one, all that there is; a point that means the same is not compared with clocks.
      const to = options.to === 'latest' && !isPast ? undefined : point;
      return new Restore(ground, inputs, keys, to, options, plan, reports);
    } catch (error) {
      keys.end();
      for (const input of inputs) input.cancel();
      throw error;
    }
  }

  /**
   * Brings everything in beside the live database (phase `content`), puts rows into their indexes (phase `index`), and
   * compares counts, model tags and sample queries. Nothing of the live database changes. When it fails, nothing is left.
   *
   * @throws LodestoreError `Corrupt` for an archive that is damaged; `Invalid` where one is missing in a chain, or does not
   *   reach as far as asked; `Mismatch` for another key, database or model; `Quota` without room for it.
   */
  async stage(options: LongOptions = {}): Promise<RestoreValidation> {
    checkOptions('stage', options, LONG_OPTIONS);
    if (this.#validation !== undefined && this.#state === 'ready') return this.#validation;
    if (this.#state !== 'planned') throw closed('this restore has ended, or is being staged: begin another');
    this.#state = 'staging';
    try {
      this.#validation = await this.#stage(progressSink(options.onProgress), options.signal);
      this.#state = 'ready';
      return this.#validation;
    } catch (error) {
      await this.#note(error, options.signal);
      await this.abort();
      this.#state = 'failed';
      throw error;
    }
  }

  /** That an attempt failed; of the switch itself the engine notes how it went. Who gives up has not failed. */
  async #note(error: unknown, signal: AbortSignal | undefined): Promise<void> {
    if (signal?.aborted) return;
    const archive = this.plan.archives.at(-1)?.archive;
    const past = this.#inputs.length === 0 ? 'history' : 'an archive of an older version';
    const what = archive === undefined ? past : `archive ${archive}`;
    const { code, message } = toLodestoreError(error);
    await noteIfPossible(this.#ground.engine, 'restore', { what, ok: false, error: code, message });
  }

  async #stage(
    progress: ProgressSink | undefined,
    signal: AbortSignal | undefined,
  ): Promise<RestoreValidation> {
    const { archives } = this.#ground.engine;
    const start = performance.now();
    throwIfAborted(signal);
    const handle = await this.#content(progress, signal);
    throwIfAborted(signal);
    const { result, seq, timeMs } = await archives.stageFinish(handle, progress);
    const contentTook = performance.now() - start;
    const { bytes } = this.plan;
    if (bytes !== undefined) {
      tookIn(bytes, contentTook);
      this.took = { bytes, contentMs: Math.round(contentTook) };
    }
    this.#past = Past.over(this.#reader(handle), this.#ground.engine, seq, new Date(timeMs));
    const staged = await this.#past.collections();
    await this.#checkModels(staged);
    // Rows that go back one by one are read, and not searched.
    const index = this.#only
      ? { ms: 0, etaMs: 0, took: {} }
      : await buildIndex(archives, handle, staged, progress, signal);
    this.took = { ...this.took, ...index.took };
    const { collections, rows } = JSON.parse(result) as ImportResult;
    const asked = await sample(this.#past, staged);
    const ms = { content: contentTook, index: index.ms };
    return { seq, time: new Date(timeMs), collections, rows, ...asked, ms, indexEtaMs: index.etaMs };
  }

  async #content(progress: ProgressSink | undefined, signal: AbortSignal | undefined): Promise<number> {
    const { archives } = this.#ground.engine;
    const keys = this.#keys;
    if (keys === undefined || this.#inputs.length === 0)
      return (this.#handle = await archives.stagePast(this.#point ?? '{}', progress));
    const handle = (this.#handle = await archives.stageStart(this.#point));
    const total = this.plan.bytes;
    let bytes = 0;
    for (const input of this.#inputs) {
      await keys.lend((lock) => archives.stageAdd(handle, lock, input.total ?? 0));
      for (;;) {
        const piece = await abortable(input.next(), signal);
        if (piece === undefined) break;
        await archives.stageWrite(handle, piece);
        bytes += piece.length;
        progress?.('content', bytes, Math.max(bytes, total ?? bytes));
        throwIfAborted(signal);
      }
      await archives.stageAdded(handle);
    }
    this.#forgetKeys();
    return handle;
  }

  #forgetKeys(): void {
    this.#keys?.end();
    this.#keys = undefined;
  }

  #reader(handle: number): PastReader {
    const { archives } = this.#ground.engine;
    return {
      read: (method, args) => archives.stageRead(handle, method, args),
      restore: async (progress) => JSON.stringify(await this.#switch(progress)),
      close: () => Promise.resolve(),
    };
  }

  /** Vectors of another model would be searched with queries of this one. */
  async #checkModels(staged: CollectionInfo[]): Promise<void> {
    // What this database was, it may be again.
    if (this.#allowModelChange || this.#inputs.length === 0) return;
    const now = await live(this.#ground.engine);
    for (const one of staged) {
      const other = now.find(({ name }) => name === one.name);
      if (other === undefined || sameModel(one, other)) continue;
      throw mismatch(
        `restore: collection "${one.name}" has other vectors than that of now; with allowModelChange it is restored all the same`,
        modelText(other),
        modelText(one),
      );
    }
  }

  /** What is staged, for reading: `collections`, `collection`, `diff`, and `restore` of single rows. */
  get past(): Past {
    if (this.#past === undefined || this.#state !== 'ready')
      throw closed('restore: nothing is staged; call stage() first');
    return this.#past;
  }

  /** What would change in rows of a collection. */
  async diff(collection: string, scope?: RowScope): Promise<RowChange[]> {
    return this.past.diff(collection, scope);
  }

  /**
   * Makes it the database in one step, staged first if it is not. What is there now becomes a point to go back to. After a
   * crash at any moment there is the one or the other. With `only`, those rows are written and nothing else.
   */
  async commit(options: LongOptions = {}): Promise<ImportResult | RestoreResult> {
    checkOptions('commit', options, LONG_OPTIONS);
    await this.stage(options);
    if (this.#only !== undefined) {
      const { collection, scope } = this.#only;
      const done = await this.past.restore(collection, scope);
      await this.abort();
      return done;
    }
    return this.#switch(progressSink(options.onProgress));
  }

  async #switch(progress: ProgressSink | undefined): Promise<ImportResult> {
    if (this.#handle === undefined || this.#state !== 'ready')
      throw closed('this restore has ended: begin another');
    this.#state = 'over';
    const { engine, refresh, leave } = this.#ground;
    const more = JSON.stringify({ took: this.took });
    let committed = false;
    try {
      const result = JSON.parse(
        await engine.archives.stageCommit(this.#handle, more, progress),
      ) as ImportResult;
      committed = true;
      await refresh();
      return result;
    } finally {
      await leave?.(committed);
    }
  }

  /** Gives up: nothing is left of it. Giving up twice, or after `commit`, is fine. */
  async abort(): Promise<void> {
    if (this.#state === 'over') return;
    this.#state = 'over';
    this.#forgetKeys();
    for (const input of this.#inputs) input.cancel();
    try {
      if (this.#handle !== undefined) await this.#ground.engine.archives.stageAbort(this.#handle);
    } finally {
      await this.#ground.leave?.(false);
    }
  }

  /** `await using restore = await db.restore(...)` gives up what was not committed. */
  async [asyncDispose](): Promise<void> {
    await this.abort();
  }
}

/** Before anything is read: what is locked, or no chain, cannot be restored. */
function refuse(reports: VerifyReport[]): void {
  const locked = reports.find(({ encrypted, manifest }) => encrypted && manifest === undefined);
  if (locked !== undefined)
    throw invalid(
      'this archive is encrypted: give what it was encrypted with',
      locked.passphrase ? 'a passphrase' : 'a key',
      'none',
    );
  const broken = brokenLink(reports, true);
  if (broken !== undefined) throw broken.error;
}

/** From so many rows on `auto` builds a graph, about. */
const GRAPH_ROWS = 20_000;

async function live(engine: Engine): Promise<CollectionInfo[]> {
  return JSON.parse(await engine.collections()) as CollectionInfo[];
}

/** Some rows of a collection, or without a scope all that were there then. */
interface Only {
  collection: string;
  scope: RowScope | undefined;
}

function scopeOf(only: RestoreOptions['only']): Only | undefined {
  if (only === undefined) return undefined;
  const { collection, ...scope } = only as { collection?: unknown };
  const names = Object.keys(scope);
  if (typeof collection !== 'string' || names.length > 1)
    throw invalid('restore: only must be { collection }, { collection, ids } or { collection, filter }');
  return { collection, scope: names.length === 0 ? undefined : (scope as unknown as RowScope) };
}

function sameModel(one: CollectionInfo, other: CollectionInfo): boolean {
  return modelText(one) === modelText(other);
}

function modelText({ dimension, metric, model }: CollectionInfo): string {
  const tag = model === undefined || model === null ? 'no model tag' : `${model.id} ${model.version}`;
  return `${dimension} numbers, ${metric}, ${tag}`;
}

function planOf(inputs: ArchiveInput[], reports: VerifyReport[], now: CollectionInfo[]): RestorePlan {
  const archives = reports.map((report) => report.manifest);
  const last = archives.at(-1);
  const totals = inputs.map((input) => input.total);
  const isPast = inputs.length === 0;
  const bytes = totals.includes(undefined)
    ? undefined
    : totals.reduce<number>((sum, one) => sum + (one ?? 0), 0);
  // Of the past and of older archives it is not known before they are read; the database of now is about as large.
  const collections: ArchivedCollection[] =
    last?.collections ??
    now.map(({ name, rows, index, dimension, model }) => ({
      name,
      rows,
      index,
      nodes: 0,
      dimension,
      ...(model && { model }),
    }));
  const warnings: string[] = [];
  if (last?.lossy) warnings.push('its vectors have 8 bits a number: searches will differ a little');
  if (last === undefined && !isPast)
    warnings.push('an archive of format 1 to 3: its rows are known when it was read');
  // Graphs come with the full archive or the differential one, and what is applied behind them goes into them.
  const blocks = archives.filter((one) => one !== undefined && one.type !== 'incremental').at(-1);
  const toIndex = collections.map((one) => {
    const there = blocks?.collections.find(({ name }) => name === one.name)?.nodes ?? 0;
    const wanted = one.index === 'hnsw' || (one.index === 'auto' && one.rows >= GRAPH_ROWS);
    return { ...one, rows: wanted ? Math.max(0, one.rows - there) : 0 };
  });
  return {
    archives,
    collections,
    rows: collections.reduce((sum, one) => sum + one.rows, 0),
    bytes: isPast ? undefined : bytes,
    rowsToIndex: toIndex.reduce((sum, one) => sum + one.rows, 0),
    etaMs: { content: isPast || bytes === undefined ? undefined : contentMs(bytes), index: indexMs(toIndex) },
    warnings,
  };
}
