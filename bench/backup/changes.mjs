// How large archives of changes are, beside what changed.
import { join } from 'node:path';
import { dataset } from '../store/dataset.mjs';
import { written } from './measure.mjs';

/** One percent of the rows changed, one behind the other and scattered; and writes, one by one. */
export async function changes({ lodestore, db, full, n, scratch, add, say }) {
  const collection = await db.collection('words');
  const rowBytes = full.manifest.contentBytes / n;
  const changed = Math.floor(n / 100);
  const numbers = Array.from({ length: changed }, (_, at) => at);
  const shapes = {
    clustered: numbers.map((at) => Math.floor(n / 3) + at),
    scattered: numbers.map((at) => at * 100),
  };
  for (const [shape, places] of Object.entries(shapes)) {
    const base = await written(lodestore, db, join(scratch, `base-${shape}.lode`), { index: false });
    const [batch] = dataset({ n: changed, batch: changed, queries: 0, seed: 2 }).batches;
    await collection.upsert({ ...batch, ids: places.map((at) => `word-${at}`) });
    const one = await written(lodestore, db, join(scratch, `differential-${shape}.lode`), {
      type: 'differential',
      since: base,
    });
    say(`differential, ${shape}: ${one.bytes} bytes for ${changed} rows of ${rowBytes.toFixed(0)}`);
    add(`differential, ${shape}`, 'archive_mb', one.bytes / 1e6, 'MB');
    add(`differential, ${shape}`, 'changed_rows_ratio', one.bytes / (changed * rowBytes), 'x');
    if (shape !== 'scattered') continue;
    const before = one;
    const few = dataset({ n: changed, batch: 10, queries: 0, seed: 3 }).batches;
    for (const batch of few) await collection.upsert(batch);
    const log = await written(lodestore, db, join(scratch, 'incremental.lode'), {
      type: 'incremental',
      since: before,
    });
    add('incremental', 'archive_mb', log.bytes / 1e6, 'MB');
    add('incremental', 'frames_ratio', log.bytes / log.manifest.contentBytes, 'x');
    say(`incremental: ${log.bytes} bytes for ${log.manifest.contentBytes} of frames`);
  }
}
