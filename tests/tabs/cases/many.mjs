// Eight tabs at once, and everything that happens to tabs.

import assert from 'node:assert/strict';

export default [
  ['eight tabs write while leaders close, crash, freeze, reload and leave', eight],
  ['tabs whose database runs in a worker', (site, rows) => others(site, rows, { worker: true })],
  ['tabs on OPFS', (site, rows) => others(site, rows, { storage: 'opfs' })],
];

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function eight(site, rows) {
  const tabs = [];
  for (let at = 0; at < 8; at += 1) tabs.push(await site.tab());
  const writing = tabs.map((tab, at) => tab.writeMany(`tab${at}`, rows));
  const until = async (count) => {
    while (site.acked.size < count) await pause(5);
  };
  await until(rows);
  await tabs[0].close();
  await until(2 * rows);
  const next = await site.leader();
  await next.die();
  await until(3 * rows);
  const third = await site.leader();
  const goOn = await third.standStill();
  const finished = (await Promise.all(writing.filter((_, at) => tabs[at] !== third))).filter(Boolean).length;
  assert.equal(finished, 5, 'tabs that were neither closed, crashed nor frozen');
  await goOn();
  assert.ok(await writing[tabs.indexOf(third)]);
  await site.agree();

  // Once more, with what a user does: reload, and away and back.
  const again = site.tabs.map((tab, at) => tab.writeMany(`again${at}`, rows));
  await until(site.acked.size + rows);
  const fourth = await site.leader();
  await fourth.reload();
  const fifth = await site.leader();
  await fifth.leave();
  await pause(100);
  const prefix = `again${site.tabs.indexOf(fifth)}-`;
  if (await fifth.back()) {
    const made = [...site.acked].filter((id) => id.startsWith(prefix)).length;
    assert.equal(made, rows, 'a page that is back goes on where it stopped');
  }
  await Promise.all(again);
  await site.agree();
  await Promise.all(site.tabs.map((tab) => tab.reload()));
  await site.agree();
}

/** The same with the engine in a worker. */
async function others(site, rows, options) {
  const [one, two, three] = [await site.tab(options), await site.tab(options), await site.tab(options)];
  const writing = [one, two, three].map((tab, at) => tab.writeMany(`tab${at}`, at === 2 ? rows : 100_000));
  while (site.acked.size < rows / 2) await pause(5);
  assert.equal(await site.leader(), one);
  await one.die();
  while (site.acked.size < rows) await pause(5);
  await (await site.leader()).close();
  const [last] = site.tabs;
  if (last === three) assert.ok(await writing[2]);
  else await last.reload();
  await site.agree();
  await last.leave();
  await last.back();
  await last.write('back');
  await site.agree();
}
