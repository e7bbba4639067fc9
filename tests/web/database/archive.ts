/** Export and import: whole, from and to anywhere, cancelled, damaged, and beside writes. */

import { type Database, open, type Progress } from 'lodestore';
import { assert, type Case, equal, pattern, random, rejects, same } from '../check.js';
import { bytesOf, contents, everywhere, type Place, type Session, unchanged } from './place.js';
import { columns } from './rows.js';

export function archiveCases(all: Place[]): Case[] {
  return [
    ...everywhere(all, 'an archive brings everything back, from whatever it comes in', roundTrip),
    ...everywhere(all, 'import replaces a database only when told to', replacing),
    ...everywhere(all, 'reads beside an import are answered, by what was there or by what is', readsBeside),
    ...everywhere(all, 'damaged, cut and foreign archives are refused and change nothing', damaged),
    ...everywhere(all, 'export and import are given up by signal, cancel and broken sources', givenUp),
    ...everywhere(all, 'an export holds what was there when it began, whatever is written meanwhile', beside),
    ...everywhere(all, 'closing ends an import whose source is silent', closing),
  ];
}

async function fill(db: Database, rows = 300): Promise<void> {
  const notes = await db.collection('notes', { dimension: 8, model: { id: 'm', version: '2' } });
  await notes.upsert(columns(rows, 8, 1));
  await notes.delete({ filter: { lang: 'ja' } });
  await db.collection('empty', { dimension: 3, metric: 'euclidean' });
}

const archiveOf = (db: Database): Promise<Uint8Array<ArrayBuffer>> => bytesOf(db.export());

/** Runs `body` on an empty database in memory. */
async function elsewhere(body: (db: Database) => Promise<void>): Promise<void> {
  const db = await open('elsewhere', { storage: 'memory' });
  await body(db);
  await db.close();
}

async function roundTrip(session: Session): Promise<void> {
  const { db } = session;
  await fill(db);
  const before = await contents(db);
  const steps: Progress[] = [];
  const archive = await bytesOf(db.export({ onProgress: (step) => steps.push(step) }));
  sane(steps, 'export');
  equal(steps.at(-1)?.total, archive.length, 'the total is that of the archive');
  const bytes = async function* (): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < archive.length; at += 999) yield archive.subarray(at, at + 999);
  };
  const sources: Record<string, () => Parameters<Database['import']>[0]> = {
    bytes: () => archive,
    buffer: () => archive.buffer,
    blob: () => new Blob([archive]),
    response: () => new Response(archive),
    stream: () => new Blob([archive]).stream(),
    generator: bytes,
    export: () => db.export(),
  };
  for (const [what, source] of Object.entries(sources)) {
    await elsewhere(async (other) => {
      const seen: Progress[] = [];
      const result = await other.import(source(), { onProgress: (step) => seen.push(step) });
      same(result, { collections: 2, rows: 225, bytes: archive.length }, `${what}: result`);
      equal(await contents(other), before, `${what}: contents`);
      sane(seen, `${what}: import`);
      same((await other.check()).problems, [], `${what}: problems`);
    });
  }
  // Back where it came from, into an empty one of the same storage, and reopened.
  for (const info of await db.collections()) await db.dropCollection(info.name);
  await db.import(archive);
  equal(await contents(db), before, 'in the same place');
  if (session.place.keeps) equal(await contents(await session.reopen()), before, 'after reopening');
}

async function readsBeside({ db }: Session): Promise<void> {
  await fill(db);
  const notes = await db.collection('notes');
  const archive = await archiveOf(db);
  await notes.delete({ filter: { lang: 'en' } });
  const few = await notes.count();
  assert(few < 225, 'nothing was deleted');
  let over = false;
  const importing = db.import(archive, { replace: true }).finally(() => (over = true));
  while (!over) {
    // All at once: the answers that wait for the end of the import must not hold up one another.
    const [count, { matches }, page] = await Promise.all([
      notes.count(),
      notes.query(new Float32Array(8).fill(1), { topK: 300 }),
      notes.list({ limit: 300 }),
      db.stats(),
    ]);
    for (const found of [count, matches.length, page.rows.length])
      assert(found === few || found === 225, `${found} rows`);
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  await importing;
  equal(await notes.count(), 225, 'afterwards');
}

/** Counts go up to their total, phase by phase. */
function sane(steps: Progress[], what: string): void {
  assert(steps.length > 0, `${what}: no progress`);
  const last = new Map<string, Progress>();
  for (const step of steps) {
    const before = last.get(step.phase);
    assert(step.done >= 0 && step.done <= step.total, `${what}: ${JSON.stringify(step)}`);
    assert(before === undefined || before.done <= step.done, `${what}: ${step.phase} went back`);
    assert(step.etaMs === undefined || step.etaMs >= 0, `${what}: etaMs ${step.etaMs}`);
    last.set(step.phase, step);
  }
  for (const step of last.values()) equal(step.done, step.total, `${what}: ${step.phase} at its end`);
}

async function replacing(session: Session): Promise<void> {
  const { db } = session;
  await fill(db, 40);
  const archive = await archiveOf(db);
  const before = await contents(db);
  const notes = await db.collection('notes');
  await notes.upsert(columns(5, 8, 9, 500));
  const extra = await db.collection('extra', { dimension: 1, metric: 'dot' });
  await extra.upsert([{ id: 'x', vector: [1] }]);
  await unchanged(db, 'a refused import', () => rejects('Invalid', db.import(archive), 'not empty'));
  const { seq } = await db.stats();
  await db.import(archive, { replace: true });
  equal(await contents(db), before, 'replaced as a whole');
  assert((await db.stats()).seq > seq, 'sequence numbers go on');
  equal(await notes.count(), 30, 'the handle goes on');
  await elsewhere(async (other) => {
    await (await other.collection('notes', { dimension: 2 })).upsert(columns(3, 2, 1));
    await db.import(other.export(), { replace: true });
  });
  same(
    [notes.dimension, (await notes.query([1, 0])).matches.length],
    [2, 3],
    'the handle knows its new dimension',
  );
  await db.import(archive, { replace: true });
  await rejects('Invalid', extra.count(), 'what the archive does not have');
  await notes.upsert(columns(1, 8, 9, 700));
  const after = await contents(db);
  if (session.place.keeps) equal(await contents(await session.reopen()), after, 'after reopening');
  same((await session.db.check()).problems, [], 'problems');
}

async function damaged({ db }: Session): Promise<void> {
  await fill(db, 24);
  const archive = await archiveOf(db);
  const refuses = (code: string, bytes: Uint8Array<ArrayBuffer>, what: string) =>
    rejects(code, db.import(bytes, { replace: true }), what);
  await unchanged(db, 'after damaged archives', async () => {
    for (const length of [
      1,
      20,
      63,
      64,
      65,
      300,
      archive.length >> 1,
      archive.length - 20,
      archive.length - 1,
    ]) {
      await refuses('Corrupt', archive.slice(0, length), `cut to ${length} bytes`);
    }
    const step = Math.max(1, Math.floor(archive.length / 60));
    for (let at = 0; at < archive.length; at += step) {
      const flipped = archive.slice();
      flipped[at] = (flipped[at] as number) ^ (1 << (at % 8));
      await refuses('Corrupt', flipped, `bit ${at % 8} of byte ${at} of ${archive.length}`);
    }
    const longer = new Uint8Array(archive.length + 1);
    longer.set(archive);
    await refuses('Corrupt', longer, 'one byte more');
    const twice = new Uint8Array(archive.length * 2);
    twice.set(archive);
    twice.set(archive, archive.length);
    await refuses('Corrupt', twice, 'two in one');
    await refuses('Corrupt', new Uint8Array(), 'empty');
    const newer = await refuses('Version', ofNextVersion(archive), 'a newer version');
    same([newer.expected?.includes('4'), newer.got?.includes('5')], [true, true], 'versions of the error');
    const next = random(3);
    for (let i = 0; i < 5; i += 1) {
      const foreign = pattern(1 + next(5000), i);
      const error = await rejects('Corrupt', db.import(foreign, { replace: true }), 'random bytes');
      assert(/archive/i.test(error.message), `it says that this is no archive: ${error.message}`);
    }
    const zip = new Uint8Array(2000);
    zip.set([0x50, 0x4b, 3, 4]);
    await refuses('Corrupt', zip, 'a zip');
    await refuses('Corrupt', new Uint8Array(new TextEncoder().encode('{"rows": []}'.repeat(50))), 'JSON');
  });
  same((await db.stats()).bytes.other, 0, 'nothing was left lying');
  await db.import(archive, { replace: true });
}

/** As a later Lodestore would begin it: another version in the header, and a checksum that agrees. */
function ofNextVersion(archive: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(archive);
  const view = new DataView(bytes.buffer);
  view.setUint16(8, 5, true);
  let crc = -1;
  for (const byte of bytes.subarray(0, 76)) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  view.setUint32(76, ~crc, true);
  return bytes;
}

async function givenUp({ db }: Session): Promise<void> {
  await fill(db, 200);
  const archive = await archiveOf(db);
  const reason = new Error('enough');
  const gives = async (work: Promise<unknown>, what: string) => {
    const got = await work.then(
      () => 'no error',
      (error: unknown) => error,
    );
    assert(got === reason, `${what}: the reason comes through, not ${String(got)}`);
  };
  await unchanged(db, 'given up', async () => {
    await gives(bytesOf(db.export({ signal: AbortSignal.abort(reason) })), 'export, before');
    const during = new AbortController();
    const stream = db.export({ signal: during.signal, onProgress: () => during.abort(reason) });
    await gives(bytesOf(stream), 'export, during');
    const reader = db.export().getReader();
    await reader.read();
    await reader.cancel();

    const replace = true;
    await gives(db.import(archive, { replace, signal: AbortSignal.abort(reason) }), 'import, before');
    const waiting = new AbortController();
    let cancelled: unknown;
    const silent = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(archive.slice(0, 500)),
      pull: () => new Promise(() => waiting.abort(reason)),
      cancel: () => void (cancelled = true),
    });
    await gives(db.import(silent, { replace, signal: waiting.signal }), 'import, waiting');
    equal(cancelled, true, 'the source is told');
    const broken = async function* (): AsyncGenerator<Uint8Array> {
      yield archive.subarray(0, 700);
      throw reason;
    };
    await gives(db.import(broken(), { replace }), 'import from a source that breaks');
    const wrong = async function* (): AsyncGenerator<Uint8Array> {
      yield 'text' as never;
    };
    await rejects('Invalid', db.import(wrong(), { replace }), 'chunks that are text');
  });
  same((await db.stats()).bytes.other, 0, 'nothing was left lying');
  // Nothing that was given up holds up what follows.
  await db.checkpoint();
  await db.import(archive, { replace: true });
}

async function beside({ db }: Session): Promise<void> {
  await fill(db, 2500);
  const before = await contents(db);
  const reader = db.export().getReader();
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  const read = async (): Promise<boolean> => {
    const { done, value } = await reader.read();
    if (value !== undefined) chunks.push(value as Uint8Array<ArrayBuffer>);
    return !done;
  };
  await read();
  const notes = await db.collection('notes');
  // Two snapshots are kept: what the export reads would be gone after three.
  for (let i = 0; i < 4; i += 1) {
    await notes.upsert(columns(2500, 8, 20 + i));
    await notes.delete({ filter: { n: { $gte: 2000 - i } } });
    await db.checkpoint();
    await read();
  }
  const after = await contents(db);
  while (await read());
  await elsewhere(async (other) => {
    await other.import(new Blob(chunks));
    equal(await contents(other), before, 'the archive');
  });
  equal(await contents(db), after, 'the database');
  same((await db.check()).problems, [], 'problems');
}

async function closing(session: Session): Promise<void> {
  const { db } = session;
  await fill(db, 10);
  const before = await contents(db);
  const archive = await archiveOf(db);
  let closed: Promise<void> | undefined;
  const silent = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(archive.slice(0, 200)),
    pull: () => {
      closed ??= db.close();
      return new Promise(() => undefined);
    },
  });
  const controller = new AbortController();
  const importing = db.import(silent, { replace: true, signal: controller.signal }).catch(() => 'refused');
  while (closed === undefined) await new Promise((resolve) => setTimeout(resolve, 1));
  await closed;
  controller.abort();
  equal(await importing, 'refused', 'the import');
  if (session.place.keeps) equal(await contents(await session.reopen()), before, 'after reopening');
}
