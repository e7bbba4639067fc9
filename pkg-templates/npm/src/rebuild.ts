/** Rebuilding a collection: rows are staged beside the old ones, embedded batch by batch, and switched in one step. */

import { abortable, throwIfAborted } from './abort.js';
import { configJson } from './config.js';
import type { Engine } from './engine.js';
import { invalid } from './fault.js';
import { progressSink } from './progress.js';
import type { EmbedRow, RebuildOptions } from './types.js';
import { checkOptions, isAnything, isFunction, isInteger, LONG_OPTIONS } from './validate.js';

const BATCH_ROWS_DEFAULT = 64;
const BATCH_ROWS_MAX = 100_000;

const OPTIONS = {
  config: isAnything,
  embed: isFunction,
  batchSize: isInteger(1, BATCH_ROWS_MAX),
  ...LONG_OPTIONS,
};

/** Runs a rebuild to its end; when anything fails, or the signal aborts, the old rows stay. */
export async function rebuild(
  engine: Engine,
  name: string,
  oldDimension: number,
  options: RebuildOptions,
): Promise<void> {
  checkOptions('rebuild', options, OPTIONS);
  if (options?.config === undefined) throw invalid('rebuild: config is missing; say what is to change');
  const json = configJson('rebuild: config', options.config, true);
  const { embed, signal, batchSize = BATCH_ROWS_DEFAULT } = options;
  const dimension = options.config.dimension ?? oldDimension;
  const progress = progressSink(options.onProgress);
  throwIfAborted(signal);
  const handle = await engine.rebuildStart(name, json, embed !== undefined);
  if (embed === undefined || handle === undefined) return;
  const report = async () => {
    if (progress === undefined) return;
    const { done, total } = JSON.parse(await engine.rebuildProgress(handle)) as {
      done: number;
      total: number;
    };
    progress('embed', done, total);
  };
  try {
    // Rows that are written meanwhile come up in a further round.
    do {
      for (;;) {
        throwIfAborted(signal);
        const rowsJson = await engine.rebuildNext(handle, batchSize);
        if (rowsJson === undefined) break;
        const rows = JSON.parse(rowsJson) as EmbedRow[];
        const vectors = await abortable(Promise.resolve(embed(rows)), signal);
        checkEmbedded(vectors, rows.length, dimension);
        await engine.rebuildPut(handle, vectors);
        await report();
      }
      throwIfAborted(signal);
    } while ((await engine.rebuildCommit(handle, progress)) === undefined);
  } catch (error) {
    await engine.rebuildAbort(handle).catch(() => undefined);
    throw error;
  }
}

function checkEmbedded(vectors: unknown, rows: number, dimension: number): void {
  if (!(vectors instanceof Float32Array)) throw invalid('rebuild: embed must resolve to a Float32Array');
  if (vectors.length !== rows * dimension) {
    throw invalid(
      `rebuild: embed must give ${rows} rows x ${dimension} numbers`,
      rows * dimension,
      vectors.length,
    );
  }
}
