// One row at a time, strictly durable, beside the bare write of the same bytes in the same run, one after the other; and
// many writers at once. Runs in the host itself.
import { dataset } from './dataset.mjs';
import { NO_CHECKPOINT, Recorder } from './recorder.mjs';
import { median, settle, timed } from './timing.mjs';

/** Writers at once. */
const WRITERS = 64;
/** Writes before the first that counts: until then functions are interpreted, and files grow for the first time. */
const WARM = 600;
/** Writes of one writer before each round of many, to compare them with: the disk is not the same from second to second. */
const ALONE = 8;

/** As `measureStore`. `raw.appender()` resolves to `{ append(bytes), close() }` of the bare API. */
export async function measureSingle({ lodestore, raw, options, singles }) {
  const { open, deleteDatabase } = lodestore;
  const place = options.directory === undefined ? {} : { directory: options.directory };
  const drop = () => deleteDatabase('single', { storage: options.storage, ...place });
  const rounds = Math.max(2, Math.ceil((4 * singles) / WRITERS));
  const data = dataset({ n: WARM + singles + rounds * (ALONE + WRITERS) });
  const rows = data.batches.flatMap((batch) => inRows(batch, data.dimension));
  const frames = await recorded(open, rows.slice(0, WARM + singles), data.dimension);
  await drop();
  const db = await open('single', { ...options, durability: 'strict', checkpointLogBytes: NO_CHECKPOINT });
  const words = await db.collection('words', { dimension: data.dimension });
  const bare = await raw.appender();
  const [upserts, writes] = [[], []];
  for (const [i, bytes] of frames.entries()) {
    const both = [
      async () => upserts.push((await timed(() => words.upsert([rows[i]]))).ms),
      async () => writes.push((await timed(() => bare.append(bytes))).ms),
    ];
    // Whoever comes second finds the host warm, or busy with what the first left behind.
    for (const one of i % 2 === 0 ? both : both.reverse()) await one();
  }
  await bare.close();
  await settle();
  const waiting = rows.slice(frames.length);
  const [alone, together] = [[], []];
  for (let round = 0; round < rounds; round += 1) {
    // As fast as one writer goes that waits for each.
    const few = waiting.splice(0, ALONE);
    const sequential = await timed(async () => {
      for (const row of few) await words.upsert([row]);
    });
    alone.push(sequential.ms);
    const some = waiting.splice(0, WRITERS);
    together.push((await timed(() => Promise.all(some.map((row) => words.upsert([row]))))).ms);
  }
  const count = await words.count();
  if (count !== rows.length - waiting.length) throw new Error(`${count} rows are there`);
  await db.close();
  await drop();
  const [upsert, write] = [middle(upserts), middle(writes)];
  const [one, many] = [ALONE / median(alone), WRITERS / median(together)].map((rate) => rate * 1000);
  return [
    { metric: 'single_raw_write_ms', value: write, unit: 'ms', system: 'raw' },
    { metric: 'single_upsert_ms', value: upsert, unit: 'ms' },
    { metric: 'single_ratio', value: upsert / write, unit: 'x' },
    { metric: 'writer_rows_per_second', value: one, unit: 'rows/s' },
    { metric: `writers_${WRITERS}_rows_per_second`, value: many, unit: 'rows/s' },
    { metric: 'group_commit_ratio', value: many / one, unit: 'x' },
  ];
}

const middle = (times) => median(times.slice(WARM));

const inRows = ({ ids, vectors, metadata }, dimension) =>
  ids.map((id, i) => {
    const vector = vectors.slice(i * dimension, (i + 1) * dimension);
    return { id, vector, metadata: metadata[i] };
  });

/** The frame of each row. */
async function recorded(open, rows, dimension) {
  const storage = new Recorder();
  const db = await open('recorded', { storage, checkpointLogBytes: NO_CHECKPOINT });
  const words = await db.collection('words', { dimension });
  storage.forget();
  for (const row of rows) await words.upsert([row]);
  await db.close();
  return storage.appends;
}
