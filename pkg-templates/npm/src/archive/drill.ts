/** Restoring aside, to find out whether it can be done: of an archive when it is verified, and of a backup in a drill. */

import { throwIfAborted } from '../abort.js';
import { noteIfPossible } from '../audit.js';
import { catalog, type CatalogEntry } from '../catalog.js';
import type { Collection } from '../collection.js';
import type { Database } from '../database.js';
import type { Engine } from '../engine.js';
import { LodestoreError } from '../errors.js';
import { invalid } from '../fault.js';
import type { Past } from '../past.js';
import { progressSink } from '../progress.js';
import type { LongOptions, Row } from '../types.js';
import { checkOptions, isAnything, isBoolean, isFunction, LONG_OPTIONS } from '../validate.js';
import type { Took } from './rates.js';
import { spreadOf, recallOf } from './recall.js';
import type { ArchiveSource, Encryption, RestoredReport } from './types.js';
import type { Restorer } from './verify.js';

/** Opens another database beside one, by name; or one in memory. */
export interface Beside {
  (name: string, storage?: 'memory'): Promise<Database>;
  /** Deletes one that is not open. */
  remove(name: string): Promise<void>;
}

/** Rows of one page. */
const PAGE = 1_000;
/** Queries of each collection, where nobody says how many. */
const QUERIES = 32;
/** Differences that are named. */
const NAMED_MAX = 20;

export interface DrillOptions extends LongOptions {
  /**
   * The archives that make it up, a full one first; or which backup of the catalog: its id, `'latest'` or `'random'`
   * (default), for which `fetch` gets the archives.
   */
  backup?: ArchiveSource | ArchiveSource[] | 'random' | 'latest' | string;
  /** Gets an archive of the catalog from where the application keeps it. */
  fetch?: (entry: CatalogEntry) => Promise<ArchiveSource>;
  encrypt?: Encryption;
  /** Held-out queries: of which collection, and vectors. Rows of the backup by default, 32 of each collection. */
  queries?: { collection: string; vectors: Float32Array[] }[] | number;
  /** The share of the 10 nearest that has to be found, of what an exact search finds: 0.95 by default. */
  recall?: number;
  /** Compares every row with what the live database was at the last write of the backup, where that is kept. True by default. */
  compare?: boolean;
}

/** How a drill went. */
export interface DrillReport {
  ok: boolean;
  /** What went wrong, for a person; empty where nothing did. */
  problems: string[];
  /** Ids of the archives, in their order. */
  archives: string[];
  seq: number;
  time: Date;
  rows: number;
  /** Rows that are not what the live database had at that write; where that is not kept any more, undefined. */
  differences: number | undefined;
  /** Of some of them: collection, id, and what is different. */
  different: { collection: string; id: string; what: 'missing' | 'extra' | 'vector' | 'metadata' }[];
  queries: number;
  recall: number;
  ms: { content: number; index: number; compare: number };
}

const OPTIONS = {
  backup: isAnything,
  fetch: isFunction,
  encrypt: isAnything,
  queries: isAnything,
  recall: (value: unknown) =>
    typeof value === 'number' && value >= 0 && value <= 1 ? undefined : 'must be a number from 0 to 1',
  compare: isBoolean,
  ...LONG_OPTIONS,
};

/** What a drill works on. */
export interface DrillGround {
  engine: Engine;
  beside: Beside;
  asOf: (seq: number) => Promise<Past>;
}

/** Every row of a collection, with its vector. */
export async function* allRows(of: Collection): AsyncGenerator<Row[]> {
  let cursor: string | undefined;
  do {
    const page = await of.list({ limit: PAGE, returnVectors: true, ...(cursor !== undefined && { cursor }) });
    yield page.rows;
    cursor = page.cursor;
  } while (cursor !== undefined);
}

/** Restores archives into memory and asks them, for level 4 of `verify`. */
export function restorerOf(beside: Beside): Restorer {
  return async (archives, options, keys, about) => {
    const { signal, onProgress, queries = QUERIES } = options;
    const start = performance.now();
    const aside = await beside('verify', 'memory');
    try {
      const restore = await aside.restore(archives, { encrypt: keys.encryption });
      restore.reports.forEach(about);
      await restore.commit({ ...(onProgress && { onProgress }), ...(signal && { signal }) });
      const restored = await asked(aside, queries, signal);
      const expected = restore.reports.at(-1)?.rows ?? restored.rows;
      if (restore.reports.at(-1)?.manifest !== undefined && restored.rows !== expected) {
        throw new LodestoreError('Corrupt', 'verify: other rows were read back than the archive says', {
          expected: String(expected),
          got: String(restored.rows),
        });
      }
      return { reports: [...restore.reports], restored, ms: performance.now() - start };
    } finally {
      await aside.close();
    }
  };
}

/** Reads every row back, and asks for some of them. */
async function asked(
  db: Database,
  queries: number,
  signal: AbortSignal | undefined,
): Promise<RestoredReport> {
  const report: RestoredReport = { rows: 0, indexed: 0, queries: 0, recall: 1 };
  let found = 0;
  for (const info of await db.collections()) {
    const collection = await db.collection(info.name);
    for await (const rows of allRows(collection)) {
      report.rows += rows.length;
      throwIfAborted(signal);
    }
    report.indexed += Math.max(0, info.indexState.nodes - info.indexState.dead);
    const vectors = await spreadOf(collection, info.rows, queries);
    for (const vector of vectors) found += await recallOf(collection, vector);
    report.queries += vectors.length;
  }
  if (report.queries > 0) report.recall = found / report.queries;
  return report;
}

/** What `db.drill()` does. */
export async function drill(ground: DrillGround, options: DrillOptions): Promise<DrillReport> {
  checkOptions('drill', options, OPTIONS);
  const started = performance.now();
  // Which backup it is, for the case that it does not even restore.
  let chosen: string | undefined;
  let took: Took = {};
  try {
    const about = (archive: string) => (chosen = archive);
    const report = await drillOnce(ground, options, about, (measured) => (took = measured));
    const { ok, archives, problems, seq, rows, differences, queries, recall } = report;
    const ms = Math.round(performance.now() - started);
    const archive = archives.at(-1);
    await noteIfPossible(ground.engine, 'drill', {
      archive,
      ok,
      seq,
      rows,
      differences,
      queries,
      recall,
      problems,
      ms,
      took,
    });
    return report;
  } catch (error) {
    if (!options.signal?.aborted)
      await noteIfPossible(ground.engine, 'drill', { archive: chosen, ok: false, error: String(error) });
    throw error;
  }
}

async function archivesOf(
  { engine }: DrillGround,
  options: DrillOptions,
  about: (archive: string) => void,
): Promise<ArchiveSource[]> {
  const { backup = 'random', fetch } = options;
  if (typeof backup !== 'string') return Array.isArray(backup) ? backup : [backup];
  const { archives } = await catalog(engine);
  const whole = archives.filter((entry) => entry.missing.length === 0);
  const chosen =
    backup === 'latest'
      ? whole.at(-1)
      : backup === 'random'
        ? whole[Math.floor(Math.random() * whole.length)]
        : whole.find((entry) => entry.archive === backup);
  if (chosen === undefined)
    throw invalid('drill: the catalog has no such backup', 'a backup with its whole chain', backup);
  if (fetch === undefined)
    throw invalid('drill: give `fetch`, which gets an archive of the catalog; or the archives themselves');
  about(chosen.archive);
  const chain = chosen.chain.map((id) => archives.find((entry) => entry.archive === id) as CatalogEntry);
  return Promise.all(chain.map((entry) => fetch(entry)));
}

async function drillOnce(
  ground: DrillGround,
  options: DrillOptions,
  about: (archive: string) => void,
  measured: (took: Took) => void,
): Promise<DrillReport> {
  const { signal, encrypt, compare = true, queries = QUERIES, recall: least = 0.95 } = options;
  const sources = await archivesOf(ground, options, about);
  throwIfAborted(signal);
  const progress = progressSink(options.onProgress);
  const aside = await ground.beside('drill', 'memory');
  try {
    const restore = await aside.restore(sources, { ...(encrypt && { encrypt }) });
    const last = restore.reports.at(-1)?.manifest?.archive;
    if (last !== undefined) about(last);
    const { onProgress } = options;
    const staged = await restore.stage({ ...(onProgress && { onProgress }), ...(signal && { signal }) });
    await restore.commit();
    measured(restore.took);
    const start = performance.now();
    const archives = restore.plan.archives.map((one) => one?.archive ?? 'unknown');
    const report: DrillReport = {
      ok: true,
      problems: [],
      archives,
      seq: staged.seq,
      time: staged.time,
      rows: staged.rows,
      differences: undefined,
      different: [],
      queries: 0,
      recall: 1,
      ms: { ...staged.ms, compare: 0 },
    };
    let found = 0;
    const held = typeof queries === 'number' ? undefined : queries;
    for (const info of await aside.collections()) {
      const collection = await aside.collection(info.name);
      const some = typeof queries === 'number' ? queries : 0;
      const vectors = held?.filter((one) => one.collection === info.name).flatMap((one) => one.vectors);
      for (const vector of vectors ?? (await spreadOf(collection, info.rows, some))) {
        found += await recallOf(collection, vector);
        report.queries++;
      }
      throwIfAborted(signal);
    }
    if (report.queries > 0) report.recall = found / report.queries;
    if (report.recall < least)
      report.problems.push(`recall is ${report.recall.toFixed(3)}, and ${least} is asked for`);
    if (compare) await compareWith(ground, aside, report, progress, signal);
    report.ms.compare = performance.now() - start;
    report.ok = report.problems.length === 0;
    return report;
  } finally {
    await aside.close();
  }
}

/** Compares every row with what the live database was. */
async function compareWith(
  ground: DrillGround,
  aside: Database,
  report: DrillReport,
  progress: ReturnType<typeof progressSink>,
  signal: AbortSignal | undefined,
): Promise<void> {
  let then: Past;
  try {
    then = await ground.asOf(report.seq);
  } catch (error) {
    // Older than the history that is kept: then there is nothing to compare it with.
    if (error instanceof LodestoreError && error.code === 'Invalid') return;
    throw error;
  }
  const differ = (collection: string, id: string, what: DrillReport['different'][number]['what']) => {
    report.differences = (report.differences ?? 0) + 1;
    if (report.different.length < NAMED_MAX) report.different.push({ collection, id, what });
  };
  report.differences = 0;
  try {
    const [were, are] = [await then.collections(), await aside.collections()];
    let done = 0;
    for (const { name } of were) {
      const restored = are.some((one) => one.name === name) ? await aside.collection(name) : undefined;
      const was = await then.collection(name);
      let both = 0;
      for await (const page of allRows(was)) {
        throwIfAborted(signal);
        const got = await restored?.get(
          page.map((row) => row.id),
          { returnVectors: true },
        );
        page.forEach((row, at) => {
          const other = got?.[at];
          if (other === undefined || other === null) return differ(name, row.id, 'missing');
          both++;
          if (!sameVector(row.vector, other.vector)) differ(name, row.id, 'vector');
          else if (JSON.stringify(row.metadata) !== JSON.stringify(other.metadata))
            differ(name, row.id, 'metadata');
        });
        done += page.length;
        progress?.('compare', done, Math.max(done, report.rows));
      }
      if (restored === undefined || (await restored.count()) === both) continue;
      for await (const page of allRows(restored)) {
        const got = await was.get(page.map((row) => row.id));
        page.forEach((row, at) => got[at] ?? differ(name, row.id, 'extra'));
      }
    }
    for (const { name, rows } of are) {
      if (rows > 0 && !were.some((one) => one.name === name)) differ(name, `${rows} rows`, 'extra');
    }
  } finally {
    await then.close();
  }
  if (report.differences > 0) report.problems.push(`${report.differences} rows are not what they were`);
}

function sameVector(one: Float32Array | undefined, other: Float32Array | undefined): boolean {
  if (one === undefined || other === undefined || one.length !== other.length) return one === other;
  const [bits, others] = [one, other].map((numbers) => new Uint32Array(numbers.slice().buffer)) as [
    Uint32Array,
    Uint32Array,
  ];
  return bits.every((value, at) => value === others[at]);
}
