// Backups and restores that a follower asks for: the leader makes them, and when it goes away they are reported.

import assert from 'node:assert/strict';

export default [
  ['a follower backs up, verifies and restores', follower],
  ['a restore whose leader goes away is reported, and leaves nothing', reported],
  ['restores under a passphrase are opened by the worker of the leader', opened],
  ['a verification before a restore whose leader goes away is reported', unverified],
];

async function follower(site) {
  const [one, two] = [await site.tab(), await site.tab()];
  await one.writeMany('one', 40);
  const done = await two.run(`(async () => {
    const made = async (options) => {
      const stream = await db.backup(options);
      const file = new Uint8Array(await new Response(stream).arrayBuffer());
      return { file, ...(await stream.done) };
    };
    const encrypt = { key: new Uint8Array(32).fill(3) };
    const base = await made({ encrypt, compress: true });
    const { seq } = await rows.delete(['one-0', 'one-1']);
    await rows.delete(['one-2']);
    const next = await made({ type: 'incremental', since: base, encrypt });
    const { rows: verified } = await db.verify([base.file, next.file], { level: 4, encrypt });
    const restore = await db.restore([base.file, next.file], { encrypt, to: seq });
    const { rows: staged } = await restore.stage();
    const differences = (await restore.diff('rows', ['one-1', 'one-2'])).map(({ id, change }) => id + ' ' + change);
    await restore.commit();
    const drill = await db.drill({ backup: [base.file], encrypt, compare: false });
    return { verified, staged, differences, count: await rows.count(), ok: drill.ok };
  })()`);
  assert.deepEqual(done, { verified: 37, staged: 38, differences: ['one-2 deleted'], count: 38, ok: true });
  // The other tab was told, and sees it.
  await one.until(`changes.some((change) => change.op === 'restore')`);
  assert.equal(await one.run('rows.count()'), 38);
  const kinds = await one.run(`db.audit().then(({ entries }) => entries.map((entry) => entry.kind))`);
  assert.deepEqual(kinds, ['backup', 'backup', 'verify', 'restore', 'drill']);
}

async function reported(site) {
  const [one, two] = [await site.tab(), await site.tab()];
  await one.writeMany('one', 20);
  await two.run(`(async () => {
    const file = new Uint8Array(await new Response(await db.backup()).arrayBuffer());
    globalThis.restore = await db.restore(file);
    await restore.stage();
  })()`);
  await one.close();
  assert.equal(await two.run('codeOf(restore.commit())'), 'Unavailable');
  await two.run('restore.abort()');
  await two.write('afterwards');
  const blocks = await two.run(`(async () => {
    await db.checkpoint();
    await db.checkpoint();
    return (await db.check()).problems;
  })()`);
  assert.deepEqual(blocks, []);
  await site.agree();
}

/** From here on a page tells how many keys it derived, and how many workers it started. */
const COUNT = `(() => {
  globalThis.derived = globalThis.started = 0;
  const { instantiate } = WebAssembly;
  WebAssembly.instantiate = async (...args) => {
    const made = await instantiate(...args);
    if (typeof made.exports?.derive === 'function') derived += 1;
    return made;
  };
  const Own = Worker;
  globalThis.Worker = class extends Own {
    constructor(...args) {
      super(...args);
      started += 1;
    }
  };
})()`;

async function opened(site) {
  const [one, two] = [await site.tab({ worker: true }), await site.tab({ worker: true })];
  await one.writeMany('one', 30);
  for (const tab of [one, two]) await tab.run(COUNT);
  const done = await two.run(`(async () => {
    const encrypt = { passphrase: 'five words for one gate' };
    const file = new Uint8Array(await new Response(await db.backup({ encrypt })).arrayBuffer());
    await rows.delete(['one-1']);
    const { levels } = await db.verify(new Blob([file]), { encrypt });
    await (await db.restore(file, { encrypt })).commit();
    const other = await codeOf(db.verify(file, { encrypt: { passphrase: 'another' } }));
    return [levels.length, await rows.count(), other];
  })()`);
  assert.deepEqual(done, [3, 30, 'Mismatch']);
  for (const tab of [one, two]) assert.deepEqual(await tab.run('[derived, started]'), [0, 0]);
}

async function unverified(site) {
  const [one, two] = [await site.tab({ worker: true }), await site.tab({ worker: true })];
  await one.writeMany('one', 20);
  await two.run(`(async () => {
    const file = new Uint8Array(await new Response(await db.backup()).arrayBuffer());
    let pulls = 0;
    let begin;
    const begun = new Promise((resolve) => (begin = resolve));
    const pull = (controller) => {
      if (++pulls === 1) return controller.enqueue(file.slice(0, 200));
      // What came first was taken by the leader.
      begin();
      return new Promise((go) => (globalThis.rest = go)).then(() => (controller.enqueue(file.slice(200)), controller.close()));
    };
    const source = new ReadableStream({ pull }, { highWaterMark: 0 });
    globalThis.verifying = codeOf(db.verify(source, { level: 2 }));
    globalThis.again = file;
    await begun;
  })()`);
  await one.close();
  assert.equal(await two.run('(rest(), verifying)'), 'Unavailable');
  assert.equal(await two.run('codeOf(db.verify(again))'), 'none');
  const [failed, verified] = await two.run(`db.audit({ kind: 'verify' }).then(({ entries }) => entries)`);
  assert.deepEqual([failed.details.ok, verified.details.ok], [false, true]);
}
