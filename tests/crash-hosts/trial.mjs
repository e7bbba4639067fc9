// Rounds of one setting: start the host, see that everything acknowledged is there, let it write, kill it.

import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Disk, Folder } from './disk.mjs';
import { Launches } from './launch.mjs';
import { Model } from './model.mjs';
import { random } from './rows.mjs';

/** So many crashes hit one database, then there is a new one in a new profile. */
const CHAIN = 10;
/** A checkpoint every few dozen writes, so that crashes hit those too. */
const CHECKPOINT_LOG_BYTES = 150_000;
/** How long opening, and writing, go on before the crash, at most. */
const OPENING_MS = 400;
const WRITING_MS = 1500;

/**
 * `setting`: host, storage, mode (`kill` or `power`), durability, and `start`: `synced` where the new database is on
 * the disk before it is written to. With `isKnown` losses are counted and are no failure: the platform is known for it.
 */
export async function trial(setting, { rounds, seed, scratch, say }) {
  const { host, storage, isKnown } = setting;
  const total = {
    rounds: 0,
    writes: 0,
    lost: 0,
    kept: 0,
    early: 0,
    torn: 0,
    lossy: 0,
    deleted: 0,
    failures: [],
  };
  const folder = join(scratch, `${host}-${storage}`);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  // A loss that is expected leaves nothing to go on with.
  const chain = isKnown ? 1 : CHAIN;
  while (total.rounds < rounds) {
    const from = total.rounds;
    const crashes = new Crashes(setting, { scratch, folder, total, say, from });
    await crashes.run(Math.min(chain, rounds - from), seed);
    // What fails before anything was killed fails again.
    if (total.rounds === from) break;
  }
  return total;
}

/** Crashes of one database. */
class Crashes {
  #model = new Model();
  #isSynced = false;
  /** The browser says that it found its own files damaged, after a power cut, and began anew. */
  #isDeleted = false;

  constructor(setting, given) {
    Object.assign(this, { setting, ...given });
  }

  async run(count, seed) {
    const { host, storage, mode } = this.setting;
    const disk = await (mode === 'power' ? Disk : Folder).make(this.folder);
    const given = { ...this.setting, checkpointLogBytes: CHECKPOINT_LOG_BYTES };
    const launches = new Launches(given, (note) => {
      this.say(note);
      this.#isDeleted = mode === 'power';
    });
    await launches.listen();
    try {
      for (let crash = 0; crash < count; crash += 1) {
        const round = this.from + crash;
        const next = random(seed, host, storage, mode, round);
        const began = performance.now();
        const launch = await launches.next(join(disk.folder, 'profile'));
        let isEarly;
        try {
          // One in seven hits a database that is just being opened: made, or recovered from the crash before.
          isEarly = next() < 0.15 && !this.setting.isKnown;
          if (isEarly) await this.#early(launch, next);
          else await this.#write(launch, next, { disk, seed: `${seed}/${round}` });
        } finally {
          await launches.end(launch);
        }
        await disk.cut();
        this.total.rounds += 1;
        const took = Math.round(performance.now() - began);
        const before = isEarly ? 'while it opened' : `after ${this.#model.acked} acknowledged writes`;
        this.say(`round ${round + 1}: ${mode} ${before} (${took} ms)`);
      }
      const launch = await launches.next(join(disk.folder, 'profile'));
      try {
        this.#settle(await launch.survey());
        await launch.finish();
      } finally {
        await launches.end(launch);
      }
    } catch (error) {
      await this.#failed(error, disk);
    } finally {
      launches.close();
      await disk.close();
    }
  }

  async #early(launch, next) {
    await launch.opening();
    await launch.goOn(next() * OPENING_MS);
    this.total.early += 1;
  }

  async #write(launch, next, { disk, seed }) {
    this.#settle(await launch.survey());
    if (!this.#isSynced && this.setting.start === 'synced') await disk.sync();
    this.#isSynced = true;
    await launch.write(this.#model, seed);
    await launch.goOn(next() * WRITING_MS);
  }

  /** Compares what was found with what was acknowledged. */
  #settle(survey) {
    const { opened, pool } = survey;
    const { acked } = this.#model;
    this.total.writes += acked;
    if (this.#isDeleted) throw new Error('deleted by the browser');
    const { wrong, lost, kept } = this.#model.settle(survey);
    this.total.lost += lost;
    this.total.kept += kept;
    this.total.lossy += lost > 0;
    this.total.torn += opened.bytesDropped > 0;
    if (lost > 0)
      this.say(`lost ${lost} of ${acked} acknowledged writes (${JSON.stringify({ ...opened, pool })})`);
    if (wrong.length === 0) return;
    const error = new Error(`${wrong.join('; ')} (${JSON.stringify(opened)})`);
    throw Object.assign(error, { isCounted: true });
  }

  async #failed(error, disk) {
    const { isKnown, host, storage, mode } = this.setting;
    this.say(`after round ${this.total.rounds}: ${error.stack}`);
    if (this.#isDeleted) return void (this.total.deleted += 1);
    if (isKnown) {
      if (error.isCounted) return;
      // Some files were there and others not, and it did not open: nothing of it is there.
      this.total.lost += this.#model.acked;
      this.total.writes += this.#model.acked;
      this.total.lossy += 1;
      return;
    }
    this.total.failures.push(
      `${host} ${storage} ${mode}, after round ${this.total.rounds}: ${error.message}`,
    );
    const kept = join(this.scratch, `failed-${host}-${storage}-${mode}-${this.total.rounds}`);
    await rm(kept, { recursive: true, force: true });
    await disk.keep(kept);
    this.say(`what was found is kept in ${kept}`);
  }
}
