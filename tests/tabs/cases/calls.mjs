// Everything that a follower can ask for, and what becomes of it when one of the two goes away.

import assert from 'node:assert/strict';
import { until } from '../browsers.mjs';

export default [
  ['a follower exports, imports, rebuilds and checks', everything],
  ['every tab is told of every change, once and in order', changes],
  ['changes that nobody told of are told as unknown', untold, 'crash'],
  ['an import whose tab goes away lets the others write', unfinished, 'crash'],
  ['what ran in a leader that went away is reported', reported],
  ['a tab that asks for more durability than it would get is refused', durability],
  ['a page of an older version is told to reload, and one of a newer version takes over', skew],
  ['who is refused the storage says so to all, and does not lead', damaged],
];

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function everything(site) {
  const [one, two] = [await site.tab(), await site.tab()];
  await one.writeMany('one', 50);
  const rows = await two.run(`(async () => {
    const bytes = new Uint8Array(await new Response(db.export()).arrayBuffer());
    await rows.delete({ filter: {} });
    if ((await rows.count()) !== 0) throw new Error('not empty');
    const { rows: imported } = await db.import(bytes, { replace: true });
    rows = await db.collection('rows');
    await rows.update('one-0', { changed: true });
    await rows.optimize();
    await db.checkpoint();
    const config = { model: { id: 'other', version: '1' } };
    let embedded = 0;
    const embed = async (batch) => {
      embedded += batch.length;
      return Float32Array.from({ length: batch.length * 8 }, (_, i) => 1 + i);
    };
    await rows.rebuild({ config, embed, batchSize: 20 });
    await rows.rebuild({ config: { metric: 'dot' } });
    await (await db.collection('gone', { dimension: 1 })).upsert([{ id: 'x', vector: [1] }]);
    await db.dropCollection('gone');
    return { imported, embedded, metric: rows.metric, problems: (await db.check()).problems };
  })()`);
  assert.deepEqual(rows, { imported: 50, embedded: 50, metric: 'dot', problems: [] });
  // Handles of both know of another dimension.
  await two.run(
    `rows.rebuild({ config: { dimension: 2 }, embed: async (batch) => new Float32Array(2 * batch.length).fill(1) })`,
  );
  await one.until('rows.dimension === 2');
  assert.equal(await one.run(`rows.upsert([{ id: 'flat', vector: [1, 2] }]).then(({ count }) => count)`), 1);
  const back = await two.run(`(async () => {
    const { seq } = await rows.upsert([{ id: 'past', vector: [3, 4] }]);
    await rows.delete('past');
    const then = await db.asOf(seq);
    const was = await (await then.collection('rows')).count();
    const [change] = await then.diff('rows', 'past');
    await then.restoreAll();
    return { more: was - 51, change: change.change, id: (await rows.get('past')).id };
  })()`);
  assert.deepEqual(back, { more: 1, change: 'deleted', id: 'past' });
  assert.equal(
    await one.run(`rows.delete('past').then(({ count }) => count)`),
    1,
    'the other one has it, too',
  );
  const seen = await one.run(`(async () => ({
    names: (await db.collections()).map((one) => one.name + ' ' + one.metric),
    changed: (await rows.get('one-0')).metadata.changed,
  }))()`);
  assert.deepEqual(seen, { names: ['rows dot'], changed: true });
  const refused = await two.run(`(async () => [
    await codeOf(db.collection('rows', { dimension: 9 })),
    await codeOf(db.collection('none')),
    await codeOf(rows.upsert([{ id: '', vector: new Float32Array(8) }])),
  ])()`);
  assert.deepEqual(refused, ['Mismatch', 'Invalid', 'Invalid'], 'errors come as they are');
}

async function changes(site) {
  const tabs = [await site.tab(), await site.tab(), await site.tab()];
  await tabs[0].run(`write('a')`);
  await tabs[1].run(`write('b')`);
  await tabs[2].run(`rows.update('a', { x: 1 })`);
  await tabs[1].run(`rows.delete({ filter: { x: 1 } })`);
  await tabs[0].run(`rows.delete('not there')`);
  await tabs[2].run(
    `rows.upsert(Array.from({ length: 101 }, (_, i) => ({ id: 'm' + i, vector: new Float32Array(8).fill(1) })))`,
  );
  await tabs[0].run(`db.dropCollection('rows')`);
  const expected = [
    { collection: 'rows', op: 'upsert', seq: 2, ids: ['a'] },
    { collection: 'rows', op: 'upsert', seq: 3, ids: ['b'] },
    { collection: 'rows', op: 'update', seq: 4, ids: ['a'] },
    { collection: 'rows', op: 'delete', seq: 5, many: true },
    { collection: 'rows', op: 'upsert', seq: 6, many: true },
    { collection: 'rows', op: 'drop', seq: 7, many: true },
  ];
  for (const tab of tabs) {
    await tab.until('changes.length >= 6');
    assert.deepEqual(await tab.run('changes'), expected);
  }
}

/** What a leader did not tell of any more is told as unknown by the next. */
async function untold(site) {
  const [one, two, three] = [await site.tab(), await site.tab(), await site.tab()];
  await two.write('known');
  // Committed, and the leader is gone before it says so: its channel is closed as its thread would be.
  await one.run(`(() => {
    const post = BroadcastChannel.prototype.postMessage;
    BroadcastChannel.prototype.postMessage = function (message) {
      if (message.type !== 'change') post.call(this, message);
    };
  })()`);
  await one.write('untold');
  await one.crash();
  for (const tab of [two, three]) {
    await tab.until('changes.length >= 2');
    const last = { collection: null, op: 'unknown', seq: 3, many: true };
    assert.deepEqual(await tab.run('changes.slice(1)'), [last]);
  }
  await site.agree();
}

async function unfinished(site) {
  const [one, two] = [await site.tab(), await site.tab()];
  await two.run(`(async () => {
    const bytes = new Uint8Array(await new Response(db.export()).arrayBuffer());
    globalThis.began = new Promise((begun) => {
      db.import((async function* () {
        yield bytes.slice(0, 90);
        begun();
        await new Promise(() => undefined);
      })()).catch(() => undefined);
    });
    await began;
  })()`);
  const waits = one.write('one');
  await pause(50);
  assert.ok(!site.acked.has('one'), 'writes wait for an import');
  await two.crash();
  await waits;
  await site.agree();
}

async function reported(site) {
  const [one, two] = [await site.tab(), await site.tab()];
  await one.writeMany('one', 10);
  const outcome = await two
    .run(
      `(async () => {
    const reader = db.export().getReader();
    await reader.read();
    globalThis.rest = codeOf((async () => { while (!(await reader.read()).done); })());
  })()`,
    )
    .then(() => one.close())
    .then(() => two.run('rest'));
  assert.ok(['Unavailable', 'none'].includes(outcome), outcome);
  // An import waits for its source, so it cannot have been finished.
  const three = await site.tab();
  await three.run(`(async () => {
    const bytes = new Uint8Array(await new Response(db.export()).arrayBuffer());
    let go;
    const wait = new Promise((resolve) => (go = resolve));
    globalThis.go = go;
    globalThis.importing = codeOf(db.import((async function* () {
      yield bytes.slice(0, 90);
      await wait;
      yield bytes.slice(90);
    })(), { replace: true }));
  })()`);
  await pause(50);
  await two.close();
  assert.equal(await three.role(), 'leader');
  await three.run('go()');
  assert.equal(await three.run('importing'), 'Unavailable');
  await site.agree();
}

async function durability(site) {
  const one = await site.tab({ durability: 'relaxed' });
  const two = await site.tab({ durability: 'relaxed' });
  const open = `codeOf(lodestore.open(${JSON.stringify(site.name)}, { durability: 'strict' }))`;
  assert.equal(await two.run(open), 'Mismatch');
  await one.write('after');
  await site.agree();
}

/** `version` is the one of the page that is made up here, by what it would say. */
const say = (site, version, type) => `(() => {
  const channel = new BroadcastChannel('lodestore:indexeddb:' + ${JSON.stringify(site.name)});
  globalThis.heard = [];
  channel.onmessage = ({ data }) => heard.push(data);
  channel.postMessage({ version: ${JSON.stringify(version)}, type: ${JSON.stringify(type)} });
})()`;

async function skew(site) {
  const [one, two] = [await site.tab(), await site.tab()];
  const other = await site.page();
  try {
    await other.evaluate(say(site, { protocol: 0, format: 2 }, 'who'));
    await until(other, 'heard.length > 0');
    const [answer] = await other.evaluate('heard');
    assert.ok(
      answer.version.protocol > 0 && answer.version.format >= 3,
      'the old one hears of the new version',
    );
    await one.write('still');
    await site.agree();

    await other.evaluate(say(site, { protocol: 99, format: 99 }, 'who'));
    for (const tab of [one, two]) {
      await tab.until(`codeOf(db.stats()).then((code) => code === 'Version')`);
      const message = await tab.run(`write('late').catch((error) => error.message)`);
      assert.match(message, /newer version of Lodestore: reload this page/);
    }
    // They have let go: the newer page, which this is none of, finds the database free.
    assert.deepEqual(
      await other.evaluate(`navigator.locks.query().then(({ held, pending }) =>
      [...held, ...pending].map((lock) => lock.name).filter((name) => name.includes(${JSON.stringify(site.name)})))`),
      [],
    );
  } finally {
    await other.close();
  }
  await one.reload();
  await two.reload();
  await site.agree();
}

async function damaged(site) {
  const [one, two] = [await site.tab(), await site.tab()];
  await one.write('row');
  // The newest log says it is of a version to come.
  const other = await site.page();
  await one.run('new Promise((resolve) => setTimeout(resolve, 50))');
  await other.evaluate(`new Promise((resolve, reject) => {
    const request = indexedDB.open('lodestore:' + ${JSON.stringify(site.name)});
    request.onsuccess = () => {
      const tx = request.result.transaction(['files', 'chunks'], 'readwrite');
      const files = tx.objectStore('files').openCursor();
      files.onsuccess = () => {
        const cursor = files.result;
        if (cursor === null) return;
        const key = [cursor.value.id, 0];
        const get = tx.objectStore('chunks').get(key);
        get.onsuccess = () => {
          const bytes = get.result;
          bytes[20] ^= 1;
          tx.objectStore('chunks').put(bytes, key);
        };
        cursor.continue();
      };
      tx.oncomplete = () => (request.result.close(), resolve());
      tx.onabort = () => reject(tx.error);
    };
  })`);
  await one.close();
  assert.equal(await two.run(`codeOf(rows.count())`), 'Corrupt');
  assert.equal(await two.run(`codeOf(write('more'))`), 'Corrupt');
  assert.equal(await other.evaluate(`codeOf(lodestore.open(${JSON.stringify(site.name)}))`), 'Corrupt');
  await other.close();
}
