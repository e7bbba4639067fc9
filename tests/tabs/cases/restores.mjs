// Backups and restores that a follower asks for: the leader makes them, and when it goes away they are reported.

import assert from 'node:assert/strict';

export default [
  ['a follower backs up, verifies and restores', follower],
  ['a restore whose leader goes away is reported, and leaves nothing', reported],
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
