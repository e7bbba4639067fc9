// Leaders that go, one way or another, while others write.

import assert from 'node:assert/strict';

export default [
  ['two tabs write, and each sees what the other wrote', together],
  ['a leader that is closed is replaced', (site, rows) => replaced(site, rows, (tab) => tab.close())],
  ['a leader that crashes is replaced', (site, rows) => replaced(site, rows, (tab) => tab.crash()), 'crash'],
  [
    'a leader that reloads is replaced, and follows',
    (site, rows) => replaced(site, rows, (tab) => tab.reload()),
  ],
  ['a leader that stands still is replaced, and its writes are made once', still],
  ['so is one whose database runs in a worker', (site, rows) => still(site, rows, { worker: true })],
  ['and one on OPFS', (site, rows) => still(site, rows, { storage: 'opfs' })],
  ['a leader that is frozen is replaced, and goes on as a follower', frozen, 'freeze'],
  ['a leader that is told that it will be frozen lets go, and takes part again', told],
  ['a leader in the back/forward cache is replaced, and goes on when it comes back', away, 'keep'],
];

async function together(site, rows) {
  const [one, two] = [await site.tab(), await site.tab()];
  assert.deepEqual([await one.role(), await two.role()], ['leader', 'follower']);
  await Promise.all([one.writeMany('one', rows), two.writeMany('two', rows)]);
  assert.equal(site.acked.size, 2 * rows);
  await site.agree();
  await one.reload();
  await two.reload();
  await site.agree();
}

/** The leader goes while both write; `go` is what happens to it. */
async function replaced(site, rows, go) {
  const [one, two] = [await site.tab(), await site.tab()];
  const leader = await site.leader();
  assert.equal(leader, one);
  const writing = [one.writeMany('one', 100_000), two.writeMany('two', rows)];
  while (site.acked.size < rows / 4) await new Promise((resolve) => setTimeout(resolve, 5));
  await go(one);
  assert.deepEqual(await Promise.all(writing), [false, true]);
  assert.equal(await two.role(), 'leader');
  await site.agree();
  const three = await site.tab();
  await three.writeMany('three', 10);
  await site.agree();
}

async function still(site, rows, options) {
  const [one, two] = [await site.tab(options), await site.tab(options)];
  await one.write('before');
  // Writes are under way in both when the leader's thread stops.
  const own = one.writeMany('one', rows, 8);
  const theirs = two.writeMany('two', rows, 8);
  while (site.acked.size < 20) await new Promise((resolve) => setTimeout(resolve, 5));
  let isOver = false;
  const blocked = one.run('block(8000)').then(() => (isOver = true));
  blocked.catch(() => undefined);
  assert.ok(await theirs);
  if (site.browser.takesOver) assert.ok(!isOver, 'the other tab did not wait for it');
  assert.equal(await two.role(), 'leader');
  await blocked;
  assert.ok(await own);
  await site.agree();
  assert.equal(await one.role(), 'follower');
}

async function frozen(site, rows) {
  const [one, two] = [await site.tab(), await site.tab()];
  const own = one.writeMany('one', rows);
  while (site.acked.size < 20) await new Promise((resolve) => setTimeout(resolve, 5));
  await one.freeze();
  assert.ok(await two.writeMany('two', rows));
  assert.equal(await two.role(), 'leader');
  await one.thaw();
  assert.ok(await own);
  await site.agree();
}

async function told(site, rows) {
  const [one, two] = [await site.tab(), await site.tab()];
  const own = one.writeMany('one', rows);
  while (site.acked.size < 20) await new Promise((resolve) => setTimeout(resolve, 5));
  await one.run(`document.dispatchEvent(new Event('freeze'))`);
  assert.ok(await two.writeMany('two', rows));
  assert.equal(await two.role(), 'leader');
  await one.run(`document.dispatchEvent(new Event('resume'))`);
  assert.ok(await own);
  await site.agree();
}

async function away(site, rows) {
  const [one, two] = [await site.tab(), await site.tab()];
  await one.write('before');
  await one.leave();
  assert.ok(await two.writeMany('two', rows));
  assert.equal(await two.role(), 'leader');
  assert.ok(await one.back(), 'the browser has kept the page');
  await one.write('after');
  await site.agree();
  // And the other way round: now the follower leaves and comes back.
  await one.leave();
  await two.write('meanwhile');
  assert.ok(await one.back(), 'the browser has kept the page');
  assert.ok(await one.writeMany('one', 20));
  await site.agree();
}
