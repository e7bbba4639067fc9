/** Whether the browser may remove what was stored: asked for once, never waited for, shown. */

import { deleteDatabase, open } from 'lodestore';
import { type Case, type Driver, equal, freshName } from '../check.js';

export function persistCases(driver: Driver): Case[] {
  return [
    { name: 'persist is asked for in a fresh page, not waited for, and shown', run: () => shown(driver) },
    {
      name: 'nothing is asked where there is nothing to keep, or with persist: false',
      run: () => unasked(driver),
    },
  ];
}

/** What a page of its own says in the end, in which `persist()` never answers. */
async function inPage(driver: Driver, body: string): Promise<string> {
  const { after } = (await driver('navigate', {
    before: `globalThis.asked = 0; navigator.storage.persist = () => (asked += 1, new Promise(() => {}));
      globalThis.run = import('/suites/hosts.js').then(async ({ open }) => { ${body} }); run`,
    after: 'globalThis.run === undefined ? "not kept" : run.then((text) => text)',
  })) as { after: string };
  return after;
}

async function shown(driver: Driver): Promise<void> {
  const name = JSON.stringify(freshName('persist'));
  const said = await inPage(
    driver,
    `const db = await open(${name}); const { persisted } = await db.stats(); await db.close();
     const other = await open(${name}, { storage: 'opfs' }); await other.close();
     return JSON.stringify([asked, persisted])`,
  );
  equal(said, '[1,false]', 'asked once, without an answer');
  await driver('persist', true);
  await navigator.storage.persist();
  const own = freshName('persist');
  const db = await open(own);
  equal((await db.stats()).persisted, true, 'granted');
  await db.close();
  await deleteDatabase(own);
  await driver('persist', false);
}

async function unasked(driver: Driver): Promise<void> {
  const name = JSON.stringify(freshName('persist'));
  const said = await inPage(
    driver,
    `const memory = await open('x', { storage: 'memory' }); const { persisted } = await memory.stats(); await memory.close();
     await (await open(${name}, { persist: false })).close();
     return JSON.stringify([asked, persisted])`,
  );
  equal(said, '[0,"unknown"]', 'not asked');
}
