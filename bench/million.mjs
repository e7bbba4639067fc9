// A million rows of 384 numbers of which only codes stay in memory, on Node files: build, open, answer; time and
// memory with the peak. Run by `cargo xtask bench million`, which packs first.
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { install } from '../tests/packaging/project.mjs';
import { options, USAGE } from './million/options.mjs';
import { Rows } from './million/rows.mjs';
import { writeReport } from './million/report.mjs';
import { dataset } from './search/data/datasets.mjs';
import { median } from './search/statistics.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const BATCH = 10_000;
const QUERIES = 200;
/** Exact answers read every float from storage. */
const EXACT_QUERIES = 10;
const seconds = (start) => (performance.now() - start) / 1000;

/** Watches how large the process gets. */
function watch() {
  let peak = 0;
  const look = () => (peak = Math.max(peak, process.memoryUsage().rss));
  const timer = setInterval(look, 20);
  return () => {
    look();
    clearInterval(timer);
    return peak / 1e6;
  };
}

async function main(chosen) {
  if (chosen.help) return console.log(USAGE);
  const scratch = join(root, 'target/bench-million');
  await rm(scratch, { recursive: true, force: true });
  await mkdir(scratch, { recursive: true });
  const project = await install(join(scratch, 'project'), process.env.LODESTORE_TARBALL);
  await writeFile(join(project, 'package-entry.mjs'), "export * from 'lodestore';\n");
  const { open } = await import(pathToFileURL(join(project, 'package-entry.mjs')));
  const say = (text) => console.log(`[million ${(performance.now() / 1000) | 0} s] ${text}`);
  const source = new Rows(await dataset('minilm', say), chosen.n);
  const rows = [];
  const add = (metric, value, unit) => {
    rows.push({ metric, value, unit });
    say(`${metric}: ${value.toPrecision(4)} ${unit}`);
  };
  const config = { dimension: 384, index: chosen.index, quantization: 'int8', memory: 'codes' };
  const directory = join(scratch, 'files');
  const build = await built({ open, directory, config, source, say }, add);
  await opened({ open, directory, source, ...build }, add);
  await writeReport(join(root, 'bench/results'), chosen, `node ${process.versions.node}`, rows);
  await rm(scratch, { recursive: true, force: true });
}

async function built({ open, directory, config, source, say }, add) {
  const peak = watch();
  const db = await open('million', { storage: 'files', directory });
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
  add('build_peak_mb', peak(), 'MB');
  return { rows: source.count };
}

async function opened({ open, directory, source }, add) {
  const peak = watch();
  const start = performance.now();
  const db = await open('million', { storage: 'files', directory });
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
  add('opened_peak_mb', peak(), 'MB');
}

await main(options(process.argv.slice(2)));
