// Upserts, reopening, export and import on one storage, beside the bare API of its host. Runs in the host itself.
import { dataset } from './dataset.mjs';
import { NO_CHECKPOINT, record } from './recorder.mjs';
import { median, settle, timed } from './timing.mjs';

/** Fresh databases that are filled; each takes seconds on a slow disk. */
const FILLS = 3;

/**
 * `lodestore` is the package, `raw` the bare API, `options` those of `open`. Resolves to `{ metric, value, unit }`,
 * with `system: 'raw'` where it is the host's and `part` where a metric is told of more than one part of the work.
 */
export async function measureStore({ lodestore, raw, options, n, repeats }) {
  const { open, deleteDatabase } = lodestore;
  const data = dataset({ n });
  const recorded = await record(open, data);
  const place = options.directory === undefined ? {} : { directory: options.directory };
  const drop = (name) => deleteDatabase(name, { storage: options.storage, ...place });
  const fresh = (name) => open(name, { ...options, durability: 'strict', checkpointLogBytes: NO_CHECKPOINT });
  const reopened = () => open('bench-0', { ...options, durability: 'strict' });

  const fills = [];
  for (let i = 0; i < FILLS; i += 1) {
    const name = `bench-${i}`;
    await drop(name);
    await settle();
    const write = await raw.write(recorded.upserts.appends);
    const db = await fresh(name);
    const rows = await db.collection('words', { dimension: data.dimension });
    await settle();
    let upsert = 0;
    for (const batch of data.batches) upsert += (await timed(() => rows.upsert(batch))).ms;
    const checkpoint = (await timed(() => db.checkpoint())).ms;
    fills.push({ write, upsert, checkpoint });
    await db.close();
    if (i > 0) await drop(name);
  }

  await raw.put(recorded.reopen.files);
  const reopens = [];
  for (let i = 0; i < repeats; i += 1) {
    await settle();
    const read = await timed(() => raw.read(recorded.reopen.files));
    if (read.value !== recorded.reopen.bytes) throw new Error(`raw read gave ${read.value} bytes`);
    await settle();
    const opening = await timed(reopened);
    const db = opening.value;
    const first = await timed(async () => {
      const rows = await db.collection('words');
      return rows.query(data.queries[i % data.queries.length], { topK: 10 });
    });
    if (db.openReport.rows !== n || first.value.matches.length !== Math.min(10, n)) {
      throw new Error(`${db.openReport.rows} of ${n} rows are there after reopening`);
    }
    const phases = Object.fromEntries(db.openReport.phases.map(({ name, ms }) => [name, ms]));
    reopens.push({ read: read.ms, open: opening.ms, query: opening.ms + first.ms, phases });
    await db.close();
  }
  await raw.clear();

  const carried = await carry({ reopened, fresh, drop });
  await drop('bench-0');
  return [...writing(recorded, data), ...times(fills, reopens, carried)];
}

/** The whole database out into one archive, and that into an empty one. */
async function carry({ reopened, fresh, drop }) {
  const db = await reopened();
  await settle();
  const exported = await timed(async () => new Uint8Array(await new Response(db.export()).arrayBuffer()));
  await db.close();
  await drop('bench-copy');
  const copy = await fresh('bench-copy');
  await settle();
  const imported = await timed(() => copy.import(exported.value));
  await copy.close();
  await drop('bench-copy');
  return { export: exported.ms, import: imported.ms, bytes: exported.value.length };
}

function writing({ upserts, checkpoint, reopen }, { bytes, n }) {
  const bound = 1.1 * bytes + 64 * n;
  const about = (part, written) => [
    { part, metric: 'write_bytes', value: written, unit: 'bytes' },
    { part, metric: 'write_bytes_per_row', value: written / n, unit: 'bytes' },
    { part, metric: 'write_bytes_ratio', value: written / bytes, unit: 'x' },
    { part, metric: 'write_bytes_bound_ratio', value: written / bound, unit: 'x' },
  ];
  return [
    { metric: 'row_bytes', value: bytes / n, unit: 'bytes' },
    ...about('upserts', upserts.bytes),
    ...about('upserts and checkpoint', upserts.bytes + checkpoint.bytes),
    { metric: 'reopen_bytes', value: reopen.bytes, unit: 'bytes' },
  ];
}

function times(fills, reopens, carried) {
  const of = (runs, field) => median(runs.map((run) => run[field]));
  const ms = (metric, value, system) => ({ metric, value, unit: 'ms', ...(system && { system }) });
  const ratio = (metric, value) => ({ metric, value, unit: 'x' });
  const [write, upsert, read] = [of(fills, 'write'), of(fills, 'upsert'), of(reopens, 'read')];
  const phases = Object.keys(reopens[0].phases);
  return [
    ms('raw_write_ms', write, 'raw'),
    ms('upsert_ms', upsert),
    ratio('upsert_ratio', upsert / write),
    ms('checkpoint_ms', of(fills, 'checkpoint')),
    ms('raw_read_ms', read, 'raw'),
    ms('reopen_ms', of(reopens, 'open')),
    ms('reopen_query_ms', of(reopens, 'query')),
    ratio('reopen_ratio', of(reopens, 'open') / read),
    ratio('reopen_query_ratio', of(reopens, 'query') / read),
    ...phases.map((name) => ms(`reopen_${name}_ms`, median(reopens.map((run) => run.phases[name])))),
    { metric: 'archive_bytes', value: carried.bytes, unit: 'bytes' },
    ms('export_ms', carried.export),
    ms('import_ms', carried.import),
  ];
}
