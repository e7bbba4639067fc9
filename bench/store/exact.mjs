// An exact query beside a bare loop over as many floats with the same kernel. Runs in the host itself.
import { dataset } from './dataset.mjs';
import { median, timed } from './timing.mjs';

/** Runs before anything is timed, so that the engine's best code is in place. */
const WARM = 20;

export async function measureExact({ lodestore, kernel, n, repeats }) {
  const data = dataset({ n });
  const floor = await bare(kernel, data);
  const db = await lodestore.open('exact', { storage: 'memory' });
  const metrics = [];
  for (const metric of ['cosine', 'dot']) {
    const rows = await db.collection(metric, { dimension: data.dimension, metric });
    for (const batch of data.batches) await rows.upsert(batch);
    const runs = [];
    for (let i = -WARM; i < repeats; i += 1) {
      const vector = data.queries[(i + WARM) % data.queries.length];
      const start = performance.now();
      const best = floor(vector);
      const scan = performance.now() - start;
      const query = await timed(() => rows.query(vector, { topK: 10, returnMetadata: false }));
      const found = query.value.matches[0].score;
      if (Math.abs(found - best) > 1e-4) throw new Error(`the query found ${found}, the bare loop ${best}`);
      if (i >= 0) runs.push({ scan, query: query.ms });
    }
    const scan = median(runs.map((run) => run.scan));
    const query = median(runs.map((run) => run.query));
    metrics.push(
      { part: metric, metric: 'scan_ms', value: scan, unit: 'ms', system: 'raw' },
      { part: metric, metric: 'query_ms', value: query, unit: 'ms' },
      { part: metric, metric: 'exact_ratio', value: query / scan, unit: 'x' },
    );
  }
  await db.close();
  return metrics;
}

/** The kernel's module with the rows in it: vector -> highest dot product. */
async function bare(bytes, data) {
  const { instance } = await WebAssembly.instantiate(bytes, {});
  const { memory, rows, query, scan } = instance.exports;
  let at = rows(data.n, data.dimension);
  const asked = query();
  for (const { vectors } of data.batches) {
    new Float32Array(memory.buffer, at, vectors.length).set(vectors);
    at += vectors.byteLength;
  }
  return (vector) => {
    new Float32Array(memory.buffer, asked, vector.length).set(vector);
    return scan();
  };
}
