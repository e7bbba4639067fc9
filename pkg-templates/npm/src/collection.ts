/** One collection of an open database. */

import { builtRows } from './archive/rates.js';
import { abortable, throwIfAborted } from './abort.js';
import type { Answer, Engine, QueryAsk } from './engine.js';
import { invalid } from './fault.js';
import { type ProgressSink, progressSink } from './progress.js';
import { queryAsk, queryResults, toVectors } from './query.js';
import { rebuild } from './rebuild.js';
import { stoppable } from './stoppable.js';
import { targetJson, type Target } from './target.js';
import type {
  CollectionInfo,
  ColumnarInput,
  Filter,
  GetOptions,
  ListOptions,
  ListResult,
  LongOptions,
  Metadata,
  Metric,
  ModelTag,
  QueryOptions,
  QueryResult,
  RebuildOptions,
  Row,
  RowInput,
  UpdateOptions,
  WriteResult,
} from './types.js';
import { upsertArguments, upsertFailure } from './upsert.js';
import {
  checkIds,
  checkOptions,
  filterJson,
  isAnything,
  isBoolean,
  isInteger,
  isOneOf,
  isString,
  LONG_OPTIONS,
  metadataJson,
  toVector,
} from './validate.js';

const PAGE_MAX = 10_000;
const GET = { returnMetadata: isBoolean, returnVectors: isBoolean };
const LIST = { ...GET, filter: isAnything, limit: isInteger(1, PAGE_MAX), cursor: isString };

/** Leaves out other work that goes on at the same time, such as the checkpoint behind a finished graph. */
function onlyIndex(sink: ProgressSink): ProgressSink {
  return (phase, done, total) => {
    if (phase === 'index') sink(phase, done, total);
  };
}

/** What is known of a collection: one for all its handles, so that none is left behind by a rebuild or an import. */
export interface SharedInfo {
  info: CollectionInfo;
}

/**
 * Rows of one dimension, metric and model. Made by `Database.collection`. Every method rejects with a
 * `LodestoreError`; a write that rejects with `Invalid` changed nothing.
 */
export class Collection {
  readonly #engine: Engine;
  readonly #shared: SharedInfo;

  /** @internal */
  constructor(engine: Engine, shared: SharedInfo) {
    this.#engine = engine;
    this.#shared = shared;
  }

  get #info(): CollectionInfo {
    return this.#shared.info;
  }

  get name(): string {
    return this.#info.name;
  }

  /** Numbers in each vector. */
  get dimension(): number {
    return this.#info.dimension;
  }

  get metric(): Metric {
    return this.#info.metric;
  }

  /** The model that makes the vectors, when the collection was tagged with one. */
  get model(): ModelTag | undefined {
    return this.#info.model;
  }

  /**
   * Writes rows; one whose id exists is replaced as a whole. All of the call or nothing. Durable when it resolves.
   *
   * @param rows rows, or columns: `{ ids, vectors, metadata }` with one flat Float32Array. At most 100,000 rows,
   *   and 64 MiB together: the error says how many of that size fit.
   * @throws LodestoreError `Invalid` for a wrong dimension, a number that is not finite, a zero vector under cosine,
   *   an id that is not 1 to 512 bytes long, or metadata that is not plain JSON or too large; `Quota` when full.
   */
  async upsert(rows: readonly RowInput[] | ColumnarInput): Promise<WriteResult> {
    const { ids, vectors, metadata } = upsertArguments(rows, this.#info.dimension);
    try {
      return await this.#engine.upsert(this.name, ids, vectors, metadata);
    } catch (error) {
      throw upsertFailure(error, vectors.length / this.#info.dimension);
    }
  }

  /**
   * The rows nearest to `vector`, best first. With a filter, as many as match, up to `topK`.
   *
   * @param options `topK` 1 to 10,000, default 10; `returnMetadata` default true; `returnVectors` default false;
   *   `ef` and `oversample` trade time for recall; `exact` compares every row; `explain` says what was done.
   * @throws LodestoreError `Invalid` for a wrong vector, option or filter; or the reason of an aborted signal.
   */
  async query(vector: Float32Array | readonly number[], options?: QueryOptions): Promise<QueryResult> {
    const query = toVector('query: vector', vector, this.#info.dimension);
    const results = await this.#query(query, queryAsk('query', options), options?.signal);
    return results[0] as QueryResult;
  }

  /**
   * As `query` for each of several vectors, in one pass over the data. One result a vector, in their order.
   *
   * @param vectors an array of vectors, or one Float32Array with all of them, row after row. Vectors times `topK` may
   *   be 1,000,000 at most.
   * @param options as for `query`; they hold for all vectors.
   * @throws LodestoreError as `query`.
   */
  async queryMany(
    vectors: Float32Array | readonly (Float32Array | readonly number[])[],
    options?: QueryOptions,
  ): Promise<QueryResult[]> {
    const queries = toVectors('queryMany: vectors', vectors, this.#info.dimension);
    return this.#query(queries, queryAsk('queryMany', options, true), options?.signal);
  }

  async #query(
    vectors: Float32Array,
    ask: QueryAsk,
    signal: AbortSignal | undefined,
  ): Promise<QueryResult[]> {
    throwIfAborted(signal);
    const asked = this.#engine.query(this.name, vectors, ask);
    return queryResults(asked instanceof Promise ? await abortable(asked, signal) : asked);
  }

  /** The row with this id; undefined when there is none. */
  get(id: string, options?: GetOptions): Promise<Row | undefined>;
  /** The rows with these ids, in their order; undefined in the place of one that does not exist. */
  get(ids: readonly string[], options?: GetOptions): Promise<(Row | undefined)[]>;
  async get(
    ids: string | readonly string[],
    options?: GetOptions,
  ): Promise<Row | undefined | (Row | undefined)[]> {
    const several = typeof ids === 'string' ? [ids] : ids;
    checkIds('get', several);
    const json = optionsJson('get', options, GET);
    const answer = await this.#engine.get(this.name, JSON.stringify(several), json);
    const found = (JSON.parse(answer.json) as { rows: (Row | null)[] }).rows;
    complete(
      found.filter((row) => row !== null),
      answer,
    );
    const rows = found.map((row) => row ?? undefined);
    return typeof ids === 'string' ? rows[0] : rows;
  }

  /** A page of rows in the order of their ids. `limit` 1 to 10,000, default 100. */
  async list(options?: ListOptions): Promise<ListResult> {
    const answer = await this.#engine.list(this.name, optionsJson('list', options, LIST));
    const { rows, cursor } = JSON.parse(answer.json) as { rows: Row[]; cursor?: string | null };
    complete(rows, answer);
    return typeof cursor === 'string' ? { rows, cursor } : { rows };
  }

  /** All rows, page by page: `for await (const row of notes.listAll({ filter }))`. `limit` is the size of a page. */
  async *listAll(options: ListOptions = {}): AsyncGenerator<Row, void, undefined> {
    let page = await this.list(options);
    for (;;) {
      yield* page.rows;
      if (page.cursor === undefined) return;
      page = await this.list({ ...options, cursor: page.cursor });
    }
  }

  /** How many rows there are, or match. */
  async count(filter?: Filter): Promise<number> {
    return this.#engine.count(
      this.name,
      filter === undefined ? undefined : filterJson('count: filter', filter),
    );
  }

  /**
   * Changes metadata; vectors stay. Ids that do not exist are passed over. Durable when it resolves.
   *
   * @param target an id, ids, `{ ids }` or `{ filter }`.
   * @param metadata one object for all rows or, with ids, an array of as many objects.
   * @param options `mode`: `'merge'` (default) replaces top-level keys, `'replace'` the whole object.
   */
  async update(
    target: Target,
    metadata: Metadata | readonly Metadata[],
    options: UpdateOptions = {},
  ): Promise<WriteResult> {
    checkOptions('update', options, { mode: isOneOf('merge', 'replace') });
    const rows = targetJson('update', target);
    const json = Array.isArray(metadata)
      ? `[${metadata.map((one, i) => metadataJson(`update: metadata[${i}]`, one)).join(',')}]`
      : metadataJson('update: metadata', metadata);
    return this.#engine.updateMetadata(this.name, rows, json, options.mode ?? 'merge');
  }

  /**
   * Deletes rows. Ids that do not exist are passed over; `count` says how many were there. Durable when it resolves.
   *
   * @param target an id, ids, `{ ids }` or `{ filter }`.
   */
  async delete(target: Target): Promise<WriteResult> {
    return this.#engine.delete(this.name, targetJson('delete', target));
  }

  /**
   * Changes the configuration in place. The new rows are staged beside the old ones, which answer until the switch;
   * rows written meanwhile are caught up. When it fails or is aborted, everything stays as it was.
   *
   * @param options `config`: what changes. `embed`: makes the vectors when model or dimension change, `batchSize`
   *   rows (default 64) at a time.
   * Metric, index, quantization, memory, hnsw and oversample change at once and need no `embed`.
   *
   * @throws LodestoreError `Invalid` when `embed` is missing or returns the wrong number of numbers; what `embed`
   *   throws comes through as it is.
   */
  async rebuild(options: RebuildOptions): Promise<CollectionInfo> {
    await rebuild(this.#engine, this.name, this.#info.dimension, options);
    return this.stats();
  }

  /**
   * Puts every row into the graph, takes out what was deleted, and makes sure that every row can be reached. All of
   * this also happens in the background, in slices of about 8 ms, and queries are right meanwhile: this is for when
   * you want it done now, for example after loading many rows. Does nothing where the index is flat.
   *
   * @param options `onProgress`: phase `index`, in steps. `signal`: aborting ends it; what is done stays.
   */
  async optimize(options: LongOptions = {}): Promise<CollectionInfo> {
    checkOptions('optimize', options, LONG_OPTIONS);
    const { signal } = options;
    throwIfAborted(signal);
    const sink = progressSink(options.onProgress);
    const { rows, dimension, indexState } = await this.stats();
    const start = performance.now();
    await stoppable(this.#engine, signal, (run) =>
      this.#engine.optimize(this.name, run, sink && onlyIndex(sink)),
    );
    throwIfAborted(signal);
    // What restores are estimated by. Of a graph that was half there it says little.
    if (indexState.pending > 0.8 * rows) builtRows(rows, dimension, performance.now() - start);
    return this.stats();
  }

  /** Configuration and number of rows, as they are now. */
  async stats(): Promise<CollectionInfo> {
    const all = JSON.parse(await this.#engine.collections()) as CollectionInfo[];
    const info = all.find((one) => one.name === this.name);
    if (info === undefined) throw invalid(`the collection "${this.name}" was dropped; make it again`);
    this.#shared.info = info;
    return { ...info };
  }
}

function optionsJson(
  where: string,
  options: ListOptions | GetOptions | undefined,
  known: Parameters<typeof checkOptions>[2],
): string {
  if (options === undefined) return '{}';
  checkOptions(where, options, known);
  const { filter, ...rest } = options as ListOptions;
  const json = JSON.stringify(rest);
  if (filter === undefined) return json;
  const text = filterJson(`${where}: filter`, filter);
  return json === '{}' ? `{"filter":${text}}` : `${json.slice(0, -1)},"filter":${text}}`;
}

/** Each row gets its own copy: a shared buffer would travel whole whenever one row is stored or posted. */
function giveVectors(rows: { vector?: Float32Array }[], { vectors }: Answer): void {
  if (vectors === undefined || rows.length === 0) return;
  const dimension = vectors.length / rows.length;
  rows.forEach((row, i) => {
    row.vector = vectors.slice(i * dimension, (i + 1) * dimension);
  });
}

function complete(rows: Row[], answer: Answer): void {
  for (const row of rows) row.metadata ??= {};
  giveVectors(rows, answer);
}
