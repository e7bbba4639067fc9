/** The index phase of a restore, and the questions that are asked of it before it is switched to. */

import { throwIfAborted } from '../abort.js';
import type { Past } from '../past.js';
import type { ProgressSink } from '../progress.js';
import type { CollectionInfo } from '../types.js';
import { yieldNow } from '../yield-now.js';
import type { ArchiveCalls } from './calls.js';
import { built, indexGuessMs, indexMs, shareOfWork, type Took, wholeMs } from './rates.js';

/** How long the engine works before progress is told. */
const SLICE_MS = 40;
/** After so much of it, what is left is told by how it went so far. */
const MEASURED_SHARE = 0.1;
/** Rows that are asked for by their own vectors. */
const SAMPLES = 16;

/**
 * Puts every row into its index. `etaMs` is what was expected when a tenth was done; `took` what is worth remembering.
 */
export async function buildIndex(
  archives: ArchiveCalls,
  handle: number,
  staged: CollectionInfo[],
  progress: ProgressSink | undefined,
  signal: AbortSignal | undefined,
): Promise<{ ms: number; etaMs: number; took: Took }> {
  const start = performance.now();
  const guessed = indexMs(staged);
  let etaMs: number | undefined;
  let most = await archives.stageIndex(handle, 0);
  const total = most;
  progress?.('index', 0, most);
  for (let left = most; left > 0;) {
    throwIfAborted(signal);
    left = await archives.stageIndex(handle, SLICE_MS);
    most = Math.max(most, left);
    const done = most - left;
    // By work and not by rows: later rows take longer, and an estimate goes by what was done so far.
    progress?.('index', done === most ? most : Math.floor(most * shareOfWork(done, most)), most);
    if (etaMs === undefined && done >= most * MEASURED_SHARE)
      etaMs = wholeMs(done, most, performance.now() - start);
    await yieldNow();
  }
  const ms = performance.now() - start;
  // Of a graph that came along, only the look over it is left, which says nothing of building one.
  const isBuild = total > 1_000;
  if (isBuild) built(guessed, ms);
  const took = isBuild ? { indexMs: Math.round(ms), indexGuessMs: Math.round(indexGuessMs(staged)) } : {};
  return { ms, etaMs: etaMs ?? ms, took };
}

/** Looks for some rows by their own vectors. */
export async function sample(
  past: Past,
  staged: CollectionInfo[],
): Promise<{ queries: number; found: number }> {
  let [queries, found] = [0, 0];
  for (const { name, rows, metric } of staged) {
    // Under dot products a longer row may be nearer than itself.
    if (rows === 0 || metric === 'dot') continue;
    const collection = await past.collection(name);
    const page = await collection.list({ limit: SAMPLES, returnVectors: true });
    for (const { id, vector } of page.rows) {
      if (vector === undefined) continue;
      const { matches } = await collection.query(vector, { topK: 1 });
      queries++;
      // Equal vectors are equally near: then it is another row's turn.
      const [best] = matches;
      if (best !== undefined && (best.id === id || Math.abs(best.distance) < 1e-3)) found++;
    }
  }
  return { queries, found };
}
