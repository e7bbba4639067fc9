/** Rows in groups, as they are written. */

import type { IncomingRow } from './formats/index.js';

/** Numbers of vectors in a group, so that a large dimension does not make a large group: 64 MiB of floats. */
const NUMBERS_MAX = 1 << 24;

export async function* batches(
  rows: AsyncIterable<IncomingRow>,
  most: number,
): AsyncGenerator<IncomingRow[]> {
  let batch: IncomingRow[] = [];
  let numbers = 0;
  for await (const row of rows) {
    batch.push(row);
    numbers += row.vector.length;
    if (batch.length < most && numbers < NUMBERS_MAX) continue;
    yield batch;
    batch = [];
    numbers = 0;
  }
  if (batch.length > 0) yield batch;
}
