// Rounds of a storage that is full: let the host write, take its room away, see what it says, and give room back.

import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Folder, SmallDisk } from './disk.mjs';
import { Launches } from './launch.mjs';
import { Model } from './model.mjs';
import { random, WRITERS } from './rows.mjs';

/**
 * KiB that all sites of Firefox have together: much more than the disk, or so much that a fifth, the quota, is met first. It
 * is several times what the database grows to by itself.
 */
const LIMIT = 'dom.quotaManager.temporaryStorage.fixedLimit';
const PREFS = { full: { [LIMIT]: 4 << 20 }, quota: { [LIMIT]: 240 << 10 } };
const CHECKPOINT_LOG_BYTES = 150_000;
const WRITING_MS = 600;
/** Before that in Chromium's IndexedDB: localStorage, which has to remember it, is on the disk 5 s after a change. */
const REMEMBERED_MS = 6000;
/** How long writers may take to be refused, and to be let in again: Chromium is left alone for a while. */
const REFUSED_MS = 60_000;
const RESUMED_MS = 90_000;
const LOOK_MS = 200;
/** What pruning has to free for a write to fit in for sure. */
const ENOUGH_BYTES = 500_000;

/** `setting`: host, storage, durability, and mode: `full`, a disk that is, or `quota`, that of the browser. */
export async function fullTrial(setting, { rounds, seed, scratch, say }) {
  const { host, storage, mode } = setting;
  const total = {
    rounds: 0,
    writes: 0,
    lost: 0,
    kept: 0,
    refused: {},
    pruned: 0,
    deleted: 0,
    failures: [],
  };
  const folder = join(scratch, `${host}-${storage}`);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  while (total.rounds < rounds && total.failures.length === 0) {
    const filling = new Fillings(setting, { folder, total, say });
    try {
      await filling.run(rounds, seed);
    } catch (error) {
      say(`in round ${total.rounds + 1}: ${error.stack}`);
      total.failures.push(`${host} ${storage} ${mode}, round ${total.rounds + 1}: ${error.message}`);
    }
  }
  return total;
}

/** Of one database, as long as the browser does not delete it. */
class Fillings {
  #model = new Model();
  #launches;
  #disk;
  #profile;
  /** Chromium tells a full disk in IndexedDB by closing it, and is then not to be asked until there is room. */
  #isCutOff;
  /** A writer does not know whether its write was made. */
  #isUnknown = false;

  constructor(setting, given) {
    Object.assign(this, { setting, ...given });
    const { host, storage, mode } = setting;
    this.#isCutOff = host === 'chromium' && storage === 'indexeddb' && mode === 'full';
  }

  async run(rounds, seed) {
    const { host, storage, mode } = this.setting;
    this.#disk = await (mode === 'full' ? SmallDisk : Folder).make(this.folder);
    this.#profile = join(this.#disk.folder, 'profile');
    const given = { ...this.setting, checkpointLogBytes: CHECKPOINT_LOG_BYTES, isPatient: true };
    this.#launches = new Launches(given, this.say);
    try {
      await this.#launches.listen();
      while (this.total.rounds < rounds) {
        const round = this.total.rounds;
        const began = performance.now();
        await this.#round(random(seed, host, storage, mode, round), `${seed}/${round}`);
        this.total.writes += this.#model.acked;
        this.total.rounds += 1;
        this.say(
          `round ${round + 1}: ${this.#model.acked} writes (${Math.round(performance.now() - began)} ms)`,
        );
      }
      await this.#launched(async (launch) => {
        this.#settle(await launch.survey());
        await launch.finish();
      });
    } catch (error) {
      // Only this one is known for it, and it has to be told.
      if (error.code !== 'Evicted' || !this.#isCutOff) throw error;
      this.#deleted(error);
    } finally {
      this.#launches.close();
      await this.#disk.close();
    }
  }

  async #round(next, seed) {
    // A disk that is full when the browser ends, and one that has room again while it runs.
    const isKilled = next() < 0.5;
    await this.#launched(async (launch) => {
      this.#settle(await launch.survey());
      await launch.write(this.#model, seed);
      await launch.goOn((this.#isCutOff ? REMEMBERED_MS : 0) + next() * WRITING_MS);
      await this.#fill(launch);
      if (this.#isUnknown) return;
      await this.#look(launch);
      await this.#prune(launch);
      if (!this.#isCutOff) {
        await this.#ordered(launch, 'reopen');
        await this.#look(launch);
      }
      if (!isKilled || this.setting.mode === 'quota') await this.#resume(launch);
    });
    if (this.setting.mode === 'quota') return;
    // Full when it is opened: what is there is to be read.
    if (isKilled && !this.#isCutOff)
      await this.#launched(async (launch) => this.#compared(await launch.survey(), 'opened on a full disk'));
    await this.#disk.free();
  }

  /** What `use` makes of one start of the host. */
  async #launched(use) {
    this.#isUnknown = false;
    const launch = await this.#launches.next(this.#profile, { prefs: PREFS[this.setting.mode] });
    launch.onRefusal = ({ w, what, code, message }) => {
      this.total.refused[code] = (this.total.refused[code] ?? 0) + 1;
      // Chromium does not always say what it was that failed; then it may have been written.
      if (code === 'Unavailable' && this.#isCutOff) this.#isUnknown ||= what === 'write';
      else if (code !== 'Quota')
        launch.fail(`writer ${w}: ${what} is refused with ${code}: ${message}`, code);
    };
    try {
      return await use(launch);
    } finally {
      await this.#launches.end(launch);
    }
  }

  /** Until all writers are refused. What the browser throws away meanwhile is filled up as well. */
  async #fill(launch) {
    const until = performance.now() + REFUSED_MS;
    do {
      if (this.setting.mode === 'full') await this.#disk.fill();
      else await this.#ordered(launch, 'fill');
      await launch.goOn(LOOK_MS);
      if (performance.now() > until) throw new Error('the storage is full and writers are not refused');
    } while (launch.refusals.size < WRITERS);
  }

  /** Reads go on, and show neither less than was acknowledged nor anything that was refused. */
  async #look(launch) {
    this.#compared(await this.#ordered(launch, 'look', { isCutOff: this.#isCutOff }), 'read while full');
  }

  async #prune(launch) {
    const { result, refused } = await launch.order('prune');
    if (refused !== undefined) {
      // Where deleting takes room: in IndexedDB.
      const isKnown = refused.code === 'Quota' && this.setting.storage === 'indexeddb';
      if (!isKnown) throw coded(`pruning is refused with ${refused.code}: ${refused.message}`, refused.code);
      return;
    }
    this.total.pruned += 1;
    this.say(`round ${this.total.rounds + 1}: pruned ${result.bytes} bytes`);
    // On a disk others may be quicker to take it.
    if (this.setting.mode !== 'quota' || result.bytes < ENOUGH_BYTES) return;
    const before = this.#model.acked;
    launch.resume();
    // Not before one of them had the chance: what fills the storage may be quicker than they are.
    while (this.#model.acked === before) {
      if (launch.refusals.size === WRITERS)
        throw new Error(`${result.bytes} bytes were pruned, and no write fits in`);
      await launch.goOn(LOOK_MS / 10);
    }
    await this.#fill(launch);
  }

  /** Room again: what was refused is written now, by all writers. */
  async #resume(launch) {
    if (this.setting.mode === 'full') await this.#disk.free();
    else await this.#ordered(launch, 'free');
    const wanted = this.#model.acked + 4 * WRITERS;
    const until = performance.now() + RESUMED_MS;
    while (this.#model.acked < wanted || launch.refusals.size > 0) {
      if (performance.now() > until) throw new Error('there is room and writers are still refused');
      launch.resume();
      await launch.goOn(LOOK_MS);
      if (this.#isUnknown) return;
    }
  }

  async #ordered(launch, what, given) {
    const { result, refused } = await launch.order(what, given);
    if (refused !== undefined) throw coded(`${what}: ${refused.code} ${refused.message}`, refused.code);
    return result;
  }

  #compared(survey, when) {
    const { wrong, lost, kept } = this.#model.compare(survey);
    if (lost > 0) wrong.push(`${lost} acknowledged writes are not there`);
    if (kept > 0) wrong.push(`${kept} writes are there that were refused`);
    if (wrong.length > 0) throw new Error(`${when}: ${wrong.join('; ')}`);
  }

  #settle(survey) {
    const { wrong, lost, kept } = this.#model.settle(survey);
    this.total.lost += lost;
    this.total.kept += kept;
    if (lost > 0) wrong.push(`${lost} acknowledged writes lost`);
    if (wrong.length > 0) throw new Error(`${wrong.join('; ')} (${JSON.stringify(survey.opened)})`);
  }

  /** The browser deleted it, and that was told. */
  #deleted(error) {
    this.say(`round ${this.total.rounds + 1}: deleted by the browser (${error.message.split('\n')[0]})`);
    this.total.deleted += 1;
    this.total.rounds += 1;
  }
}

const coded = (message, code) => Object.assign(new Error(message), { code });
