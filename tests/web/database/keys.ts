/** Names and texts that trip programs up: keys of Object.prototype, and every corner of Unicode. */

import type { Metadata } from 'lodestore';
import { assert, type Case, equal, rejects, same } from '../check.js';
import { everywhere, type Place, type Session, unchanged } from './place.js';
import { idsOf } from './rows.js';

const NAMES = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf', '__defineGetter__'];

export function keyCases(on: Place[]): Case[] {
  return [
    ...everywhere(on, 'names of Object.prototype are ids, keys and paths like any other', prototypes),
    ...everywhere(on, 'ids, keys and texts of all of Unicode come back as they were', unicode),
    ...everywhere(on, 'half surrogate pairs are refused wherever text goes in', halves),
  ];
}

async function prototypes(session: Session): Promise<void> {
  const notes = await session.db.collection('constructor', { dimension: 1, metric: 'dot' });
  for (const [i, name] of NAMES.entries()) {
    // JSON makes an own key of __proto__; a literal would not.
    const text = `{"${name}":{"polluted":${i},"${name}":"x"},"k":${i}}`;
    await notes.upsert([{ id: name, vector: [i], metadata: JSON.parse(text) as Metadata }]);
    await notes.upsert([{ id: `plain-${i}`, vector: [-1], metadata: { k: -1 } }]);
  }
  const { db } = session.place.keeps ? { db: await session.reopen() } : session;
  const again = await db.collection('constructor');
  for (const [i, name] of NAMES.entries()) {
    const row = await again.get(name);
    assert(row !== undefined && Object.hasOwn(row.metadata, name), `${name}: an own key`);
    same(row.metadata, JSON.parse(`{"${name}":{"polluted":${i},"${name}":"x"},"k":${i}}`), name);
    const filter = JSON.parse(`{"${name}.polluted":${i}}`) as Metadata;
    const found = (await again.query([1], { filter: filter as never })).matches;
    same(
      found.map((match) => match.id),
      [name],
      `${name} as a path`,
    );
    assert(Object.hasOwn(found[0]?.metadata ?? {}, name), `${name}: an own key of a match`);
    const exists = JSON.parse(`{"${name}":{"$exists":true}}`) as never;
    equal(await again.count(exists), 1, `${name}: rows without it do not inherit it`);
  }
  same((await again.update('__proto__', JSON.parse('{"__proto__":1}') as Metadata)).count, 1, 'merged');
  same(JSON.stringify((await again.get('__proto__'))?.metadata), '{"__proto__":1,"k":0}', 'after the merge');
  equal(
    await db.collection('toString').then(
      () => 'found',
      (error: { code: string }) => error.code,
    ),
    'Invalid',
    'no',
  );
  equal(({} as Record<string, unknown>)['polluted'], undefined, 'Object.prototype');
  equal(Object.keys(Object.prototype).length, 0, 'keys of Object.prototype');
}

async function unicode(session: Session): Promise<void> {
  const texts = [
    '\u0000',
    'a\u0000b',
    ' ',
    '\n\r\t',
    '"\\/',
    'é',
    'e\u0301',
    '👩‍👩‍👧',
    '\u{10FFFF}',
    '\uFEFFbom',
    '\uFFFD',
    '\u2028\u2029',
    'ﷺ',
    '-0',
    '{"$eq":1}',
    'ä'.repeat(256),
  ];
  const notes = await session.db.collection('👩‍🚀 notes', { dimension: 1, metric: 'dot' });
  await notes.upsert(texts.map((id, i) => ({ id, vector: [i], metadata: { text: id, [id]: i } })));
  const { db } = session.place.keeps ? { db: await session.reopen() } : session;
  const again = await db.collection('👩‍🚀 notes');
  const encoder = new TextEncoder();
  const order = (a: string, b: string): number => {
    const [x, y] = [encoder.encode(a), encoder.encode(b)];
    for (let i = 0; i < Math.min(x.length, y.length); i += 1) {
      if (x[i] !== y[i]) return (x[i] as number) - (y[i] as number);
    }
    return x.length - y.length;
  };
  same(await idsOf(again), [...texts].sort(order), 'ids in the order of their UTF-8');
  for (const [i, text] of texts.entries()) {
    const row = await again.get(text);
    equal(row?.id, text, `id ${i}`);
    same(row?.metadata, { text, [text]: i }, `metadata ${i}`);
    equal(await again.count({ text }), 1, `text ${i} as a value of a filter`);
    const page = await again.list({ limit: 1, cursor: text });
    equal(page.rows[0]?.id, [...texts].sort(order)[[...texts].sort(order).indexOf(text) + 1], `cursor ${i}`);
  }
  equal((await again.get('e\u0301'))?.metadata['é'], undefined, 'text is not normalised');
  equal((await again.delete(texts)).count, texts.length, 'deleted');
}

async function halves({ db }: Session): Promise<void> {
  const notes = await db.collection('notes', { dimension: 1, metric: 'dot' });
  await notes.upsert([{ id: 'a', vector: [1], metadata: { k: 'v' } }]);
  await unchanged(db, 'half pairs', async () => {
    for (const half of ['\ud800', 'x\udc00', '\udfff\ud800']) {
      const row = { id: 'b', vector: [1] };
      const calls: [string, () => Promise<unknown>][] = [
        ['id', () => notes.upsert([{ ...row, id: half }])],
        ['value', () => notes.upsert([{ ...row, metadata: { k: half } }])],
        ['key', () => notes.upsert([{ ...row, metadata: { [half]: 1 } }])],
        ['element', () => notes.upsert([{ ...row, metadata: { k: [{ x: half }] } }])],
        ['update', () => notes.update('a', { k: half })],
        ['get', () => notes.get(half)],
        ['delete', () => notes.delete([half])],
        ['filter', () => notes.count({ k: half })],
        ['path', () => notes.count({ [half]: 1 })],
        ['cursor', () => notes.list({ cursor: half })],
        ['name', () => db.collection(half, { dimension: 1 })],
        ['model', () => db.collection('other', { dimension: 1, model: { id: half, version: '1' } })],
      ];
      for (const [what, call] of calls) await rejects('Invalid', call(), `${what} ${escape(half)}`);
    }
  });
}
