// A leader whose WebAssembly fails: it answers what it was asked, and lets somebody lead whose module is whole.

import assert from 'node:assert/strict';

export default [
  ['a leader whose module fails resigns, and follows', (site, rows) => fails(site, rows, 'writing')],
  ['so does one whose module fails within a query', (site, rows) => fails(site, rows, 'asking')],
  ['alone, it says so at once', alone],
  ['a leader whose module fails in a worker begins another', inWorker],
];

const UNAVAILABLE = /WebAssembly module failed/;

/** A call in this tab fails in the middle of the module. */
const breakIn = (tab, call) =>
  tab.run(`broken(() => ${call}).then(() => 'none', ({ code, message }) => code + ': ' + message)`);

const CALLS = { writing: `write('broken')`, asking: `rows.query(new Float32Array(8).fill(1))` };

async function fails(site, rows, how) {
  const [one, two] = [await site.tab(), await site.tab()];
  await one.write('one');
  await two.write('two');
  assert.equal(await site.leader(), one);
  const said = await breakIn(one, CALLS[how]);
  assert.match(said, UNAVAILABLE);
  assert.match(said, /^Unavailable/);
  // Both go on.
  await two.until(`db.stats().then(({ role }) => role === 'leader')`);
  await Promise.all([one.writeMany('one', rows), two.writeMany('two', rows)]);
  assert.deepEqual([await one.role(), await two.role()], ['follower', 'leader']);
  await site.agree();
  // Its module is as it was: where nobody else is left it can only say so, and somebody new can lead.
  await two.close();
  assert.match(await one.run(`write('more').then(() => 'none', ({ message }) => message)`), UNAVAILABLE);
  const three = await site.tab();
  await three.write('three');
  await one.write('four');
  await site.agree();
}

async function alone(site) {
  const one = await site.tab();
  await one.write('one');
  await breakIn(one, CALLS.asking);
  for (let n = 0; n < 3; n += 1) {
    assert.match(await one.run(`write('more').then(() => 'none', ({ message }) => message)`), UNAVAILABLE);
  }
  await one.reload();
  await one.write('two');
  await site.agree();
}

/** A worker has a module of its own: with it goes what failed. */
async function inWorker(site, rows) {
  const [one, two] = [await site.tab({ worker: true }), await site.tab({ worker: true })];
  await one.write('one');
  assert.equal(await site.leader(), one);
  await two.close();
  // A worker that can be broken, under a database that is opened again.
  await one.run('db.close()');
  await one.run('breakWorkers()');
  await one.open();
  await one.write('two');
  const said = await breakIn(one, CALLS.writing);
  assert.match(said, UNAVAILABLE);
  await one.writeMany('one', rows);
  assert.equal(await one.role(), 'leader');
  await site.agree();
}
