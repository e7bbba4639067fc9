// What is measured, the same in every host: build, open, answer.
import { median } from '../search/statistics.mjs';

const BATCH = 10_000;
const QUERIES = 200;
/** Exact answers read every float from storage. */
const EXACT_QUERIES = 10;
const seconds = (start) => (performance.now() - start) / 1000;

/** `host` has the `open` of the package, `options` for it, the `source` of the rows, and `say`. */
export async function built({ open, options, source, say }, config, add) {
  const db = await open('million', options);
  const items = await db.collection('items', config);
  let start = performance.now();
  for (let first = 0; first < source.count; first += BATCH) {
    const { ids, vectors } = source.batch(first, Math.min(BATCH, source.count - first));
    await items.upsert({ ids, vectors });
  }
  add('upsert_s', seconds(start), 's');
  start = performance.now();
  let next = 0;
  const onProgress = ({ phase, done, total }) => {
    if (phase !== 'index' || done / total < next) return;
    next += 0.1;
    say(`index: ${done} of ${total}`);
  };
  await items.optimize({ onProgress });
  add('index_s', seconds(start), 's');
  start = performance.now();
  await db.checkpoint();
  add('checkpoint_s', seconds(start), 's');
  const stats = await db.stats();
  add('saved_mb', stats.bytes.total / 1e6, 'MB');
  add('wasm_mb', stats.memoryBytes / 1e6, 'MB');
  await db.close();
}

export async function opened({ open, options, source }, add) {
  const start = performance.now();
  const db = await open('million', options);
  const items = await db.collection('items');
  const ask = (at, more) => items.query(source.query(at), { topK: 10, returnMetadata: false, ...more });
  await ask(0);
  add('open_and_first_query_s', seconds(start), 's');
  add('opened_wasm_mb', (await db.stats()).memoryBytes / 1e6, 'MB');
  const right = [];
  const exact = [];
  for (let at = 0; at < EXACT_QUERIES; at += 1) {
    const before = performance.now();
    const { matches } = await ask(at, { exact: true });
    exact.push(performance.now() - before);
    right.push(new Set(matches.map(({ id }) => id)));
  }
  add('exact_p50_ms', median(exact), 'ms');
  for (const ef of [32, 64, 128, 256]) {
    const times = [];
    for (let at = 0; at < QUERIES; at += 1) {
      const before = performance.now();
      await ask(at, { ef });
      times.push(performance.now() - before);
    }
    let hits = 0;
    for (const [at, ids] of right.entries()) {
      hits += (await ask(at, { ef })).matches.filter(({ id }) => ids.has(id)).length;
    }
    add(`p50_ms, ef=${ef}`, median(times), 'ms');
    add(`recall@10, ef=${ef}`, hits / (10 * right.length), '');
  }
  await db.close();
}
