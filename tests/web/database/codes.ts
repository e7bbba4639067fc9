/** Collections that keep only codes in memory: the same answers, from storage, wherever that reads without waiting. */

import { type Collection, type CollectionConfig, open, type QueryOptions } from 'lodestore';
import { assert, type Case, equal, rejects, same } from '../check.js';
import { bytesOf, contents, everywhere, type Place, type Session } from './place.js';
import { columns, vectors } from './rows.js';
import { ObjectStorage } from './storage.js';

const DIMENSION = 16;
const ROWS = 3500;
const FULL: CollectionConfig = { dimension: DIMENSION, quantization: 'int8', memory: 'full' };
const CODES: CollectionConfig = { ...FULL, memory: 'codes' };

export function codesCases(all: Place[]): Case[] {
  // IndexedDB has no way to read without waiting, nor has an object with the five verbs only.
  const unable = (place: Place): boolean => /indexeddb|object/.test(place.label);
  return [
    ...everywhere(
      all.filter((place) => !unable(place)),
      "memory 'codes' answers as 'full' does",
      answers,
    ),
    ...everywhere(
      all.filter(unable),
      "memory 'codes' is refused, and an archive with it held in memory",
      refused,
    ),
    { name: "object: memory 'codes' with a readInto of its own, good or bad", run: ownReader },
  ];
}

/** What a collection says to a number of questions. */
async function told(collection: Collection): Promise<string> {
  const said: unknown[] = [await collection.count()];
  const questions: QueryOptions[] = [
    { topK: 20 },
    { topK: 5, filter: { lang: 'de' }, returnVectors: true },
    { topK: 7, filter: { n: { $lt: 30 } } },
    { topK: 3, minScore: 0.1, returnMetadata: false },
  ];
  const queries = vectors(3, DIMENSION, 99);
  for (let i = 0; i < 3; i += 1) {
    const query = queries.slice(i * DIMENSION, (i + 1) * DIMENSION);
    for (const options of questions) {
      const { matches } = await collection.query(query, options);
      said.push(matches.map((match) => ({ ...match, vector: Array.from(match.vector ?? []) })));
    }
  }
  const rows = await collection.get(['row-00000', 'row-01500', 'row-03499', 'none'], { returnVectors: true });
  // Two collections in one database differ in this alone.
  said.push(rows.map((row) => row && { ...row, seq: 0, vector: Array.from(row.vector ?? []) }));
  return JSON.stringify(said);
}

async function agree({ db }: Session, what: string): Promise<void> {
  const [full, codes] = [await db.collection('full'), await db.collection('codes')];
  equal(await told(codes), await told(full), what);
}

async function both({ db }: Session, work: (collection: Collection) => Promise<unknown>): Promise<void> {
  await work(await db.collection('full', FULL));
  await work(await db.collection('codes', CODES));
}

async function answers(session: Session): Promise<void> {
  await both(session, (collection) => collection.upsert(columns(ROWS, DIMENSION, 1)));
  const before = (await session.db.stats()).vectorBytes;
  await agree(session, 'before the first checkpoint');
  await session.db.checkpoint();
  const after = (await session.db.stats()).vectorBytes;
  const left = 3 * 1024 * DIMENSION * 4 - 1000;
  assert(
    before - after >= left,
    `three row groups of one collection left memory: ${before} to ${after} bytes`,
  );
  await agree(session, 'from storage');

  // Rows of groups in storage: replaced, changed, deleted, and their slots used again.
  await both(session, async (collection) => {
    await collection.upsert(columns(40, DIMENSION, 2, 1000));
    await collection.update({ filter: { n: { $lt: 20 } } }, { changed: true });
    await collection.delete({ filter: { lang: 'fi', n: { $lt: 900 } } });
    await collection.upsert(columns(60, DIMENSION, 3, 5000));
  });
  await agree(session, 'after writes');
  await session.db.checkpoint();
  await agree(session, 'after writes and a checkpoint');
  await both(session, (collection) => collection.upsert(columns(5, DIMENSION, 4, 2040)));
  same((await session.db.check()).problems, [], 'problems');
  if (session.place.keeps) {
    const report = (await session.reopen()).openReport;
    same(report.vectorsInMemory, [], 'vectors in memory');
    await agree(session, 'reopened');
    assert((await session.db.stats()).vectorBytes < before, 'they stayed in storage');
  }

  // There and back by an archive, and by a change in place.
  const held = await contents(session.db);
  const archive = await bytesOf(session.db.export());
  await (await session.db.collection('codes')).upsert(columns(50, DIMENSION, 8, 200));
  await session.db.import(new Blob([archive]).stream(), { replace: true });
  equal(await contents(session.db), held, 'imported');
  await (await session.db.collection('codes')).rebuild({ config: { memory: 'full', metric: 'dot' } });
  await (await session.db.collection('full')).rebuild({ config: { memory: 'codes', metric: 'dot' } });
  await agree(session, 'the other way round');
  await session.db.checkpoint();
  await agree(session, 'the other way round, from storage');
  same((await session.db.check()).problems, [], 'problems in the end');
}

async function refused(session: Session): Promise<void> {
  const failure = await rejects('Unavailable', session.db.collection('codes', CODES), 'collection');
  assert(failure.message.includes('readInto'), `it says what would do: ${failure.message}`);
  const full = await session.db.collection('full', FULL);
  await rejects('Unavailable', full.rebuild({ config: { memory: 'codes' } }), 'rebuild');
  equal((await session.db.stats()).seq, 1, 'nothing but the one collection was written');

  const elsewhere = await open('elsewhere', { storage: 'memory' });
  const made = await elsewhere.collection('codes', CODES);
  await made.upsert(columns(ROWS, DIMENSION, 1));
  await elsewhere.checkpoint();
  const expected = await told(made);
  const archive = await bytesOf(elsewhere.export());
  await elsewhere.close();
  await session.db.import(new Blob([archive]).stream());
  equal(await told(await session.db.collection('codes', CODES)), expected, 'imported');
  await session.db.checkpoint();
  const report = (await session.reopen()).openReport;
  same(report.vectorsInMemory, ['codes'], 'vectors in memory');
  const { vectorBytes } = await session.db.stats();
  assert(vectorBytes >= ROWS * DIMENSION * 4, `${vectorBytes} bytes of vectors`);
  equal(await told(await session.db.collection('codes')), expected, 'reopened');
}

async function ownReader(): Promise<void> {
  const storage = new ObjectStorage();
  let short = false;
  let nosy: (() => void) | undefined;
  const readInto = (name: string, at: number, target: Uint8Array): number => {
    const ask = nosy;
    nosy = undefined;
    ask?.();
    const bytes = storage.files.get(name)?.subarray(at, at + target.length - (short ? 1 : 0));
    if (bytes === undefined) throw new Error(`there is no ${name}`);
    target.set(bytes);
    return bytes.length;
  };
  const db = await open('own reader', { storage: Object.assign(storage, { readInto }) });
  const codes = await db.collection('codes', CODES);
  await codes.upsert(columns(ROWS, DIMENSION, 1));
  const expected = await told(codes);
  await db.checkpoint();
  equal(await told(codes), expected, 'from storage');
  short = true;
  const query = vectors(1, DIMENSION, 5);
  await rejects('Unavailable', codes.query(query), 'a read that is short');
  await codes.upsert(columns(3, DIMENSION, 1, 7));
  short = false;
  await db.checkpoint();
  equal((await codes.query(query)).matches.length, 10, 'it reads again');
  same((await db.check()).problems, [], 'problems');

  // A readInto that calls the database gets an answer or an error, and breaks nothing.
  let inner: Promise<unknown> = Promise.resolve();
  nosy = () => (inner = told(codes));
  equal(await told(codes), await told(codes), 'asked by a nosy one');
  equal(await inner, await told(codes), 'the nosy one');
  nosy = () => (inner = rejects('Invalid', codes.query(query), 'in the middle of a write'));
  await codes.rebuild({ config: { memory: 'full' } });
  await inner;
  equal((await codes.query(query)).matches.length, 10, 'in memory');
  await db.close();
}
