// Rounds of Chromium finding its own files of IndexedDB damaged: it deletes all that the site has stored there, and says
// so to whoever opens first. The database is to be missed then, by a context without any other memory of it.

import { open, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Folder } from './disk.mjs';
import { Launches } from './launch.mjs';
import { Model } from './model.mjs';

const WRITING_MS = 300;

export async function damageTrial(setting, { rounds, seed, scratch, say }) {
  const total = { rounds: 0, writes: 0, lost: 0, kept: 0, deleted: 0, failures: [] };
  const disk = await Folder.make(join(scratch, `${setting.host}-${setting.storage}`));
  const profile = join(disk.folder, 'profile');
  const launches = new Launches(setting, say);
  await launches.listen();
  const launched = async (options, use) => {
    const launch = await launches.next(profile, { options });
    try {
      return await use(launch);
    } finally {
      await launches.end(launch);
    }
  };
  /** Opened as an empty one, and written to. */
  const write = (seed) =>
    launched({ ifEvicted: 'create' }, async (launch) => {
      const model = new Model();
      const survey = await launch.survey();
      if (survey.rows.length > 0) throw new Error('the damaged database is there');
      model.settle(survey);
      await launch.write(model, seed);
      await launch.goOn(WRITING_MS);
      total.writes += model.acked;
    });
  try {
    for (; total.rounds < rounds; total.rounds += 1) {
      await write(`${seed}/${total.rounds}/told`);
      await damage(profile);
      const told = await launched({}, (launch) => launch.survey()).catch((error) => error);
      if (told.code !== 'Evicted')
        throw new Error(`what was deleted is not missed: ${told.message ?? 'it opened'}`);
      if (!told.message.includes('damaged')) throw new Error(`another reason is told: ${told.message}`);
      await write(`${seed}/${total.rounds}/created`);
      // Told to one that begins anew right away.
      await damage(profile);
      total.deleted += 2;
    }
    await write(`${seed}/end`);
  } catch (error) {
    say(error.stack);
    total.failures.push(`round ${total.rounds + 1}: ${error.message}`);
  } finally {
    launches.close();
    await disk.close();
  }
  return total;
}

/** Changes bytes in the middle of everything that IndexedDB keeps, and removes localStorage, which would remember. */
async function damage(profile) {
  await rm(join(profile, 'Default/Local Storage'), { recursive: true });
  const all = join(profile, 'Default/IndexedDB');
  for (const folder of await readdir(all))
    for (const name of folder.endsWith('.leveldb') ? await readdir(join(all, folder)) : [])
      if (/\.(log|ldb)$|^MANIFEST/.test(name)) await garble(join(all, folder, name));
}

async function garble(path) {
  const { size } = await stat(path);
  const file = await open(path, 'r+');
  await file.write(new Uint8Array(Math.min(64, size)).fill(0xa5), 0, undefined, Math.floor(size / 3));
  await file.close();
}
