/** What is done every few days: when it is due, once, in one place. */

import {
  backupTo,
  memoryStore,
  objectStore,
  runIfDue,
  scheduleBackup,
  scheduleDrill,
} from 'lodestore/targets';
import { assert, type Case, equal, rejects } from '../check.js';
import { filled } from './base.js';

export function scheduleCases(): Case[] {
  return [
    { name: 'schedule: a backup that is due is made once, and then not again', run: onceDue },
    { name: 'schedule: two schedules make one backup, and one that is stopped none', run: together },
    { name: 'schedule: what fails is told, and is still due', run: failing },
  ];
}

/** A part of a day that has always passed. */
const AT_ONCE = 1e-12;

/** A schedule keeps no process alive; whoever waits for one has to. */
async function awake<T>(work: Promise<T>): Promise<T> {
  const timer = setInterval(() => undefined, 1_000);
  return work.finally(() => clearInterval(timer));
}

async function onceDue(): Promise<void> {
  await filled(async (db) => {
    const target = objectStore(memoryStore());
    const run = () => backupTo(db, target);
    assert((await runIfDue(db, 'backup', { everyDays: 30, run })) !== undefined, 'there was none');
    equal(await runIfDue(db, 'backup', { everyDays: 30, run }), undefined, 'there is one');
    equal((await target.list()).length, 1, 'archives');
    assert(
      (await runIfDue(db, 'backup', { everyDays: AT_ONCE, run })) !== undefined,
      'it is older than that',
    );
    const drill = () => db.drill({ backup: 'latest', fetch: target.fetch });
    equal((await runIfDue(db, 'drill', { everyDays: 30, run: drill }))?.ok, true, 'a backup is no drill');
    equal(await runIfDue(db, 'drill', { everyDays: 30, run: drill }), undefined, 'drilled');
    await rejects('Invalid', runIfDue(db, 'backup', { everyDays: 1 } as never), 'nothing to run');
    for (const everyDays of [0, -1, Number.NaN, '1']) {
      await rejects(
        'Invalid',
        runIfDue(db, 'backup', { everyDays: everyDays as number, run }),
        String(everyDays),
      );
    }
  }, 50);
}

async function together(): Promise<void> {
  await filled(async (db) => {
    const target = objectStore(memoryStore());
    let runs = 0;
    let stopped = 0;
    const run = () => ((runs += 1), backupTo(db, target));
    scheduleBackup(db, { everyDays: 1, run: async () => void (stopped += 1) })();
    const done = new Promise<void>((resolve) => {
      const stop: () => void = scheduleBackup(db, { everyDays: 1, run, onDone: () => (stop(), resolve()) });
    });
    await awake(done);
    const second = scheduleBackup(db, { everyDays: 1, run });
    // A drill is due, and comes behind the look of the other one.
    const drilled = new Promise<void>((resolve) => {
      const stop: () => void = scheduleDrill(db, {
        everyDays: 1,
        run: () => db.drill({ backup: 'latest', fetch: target.fetch }),
        onDone: () => (stop(), resolve()),
      });
    });
    await awake(drilled);
    second();
    equal(runs, 1, 'backups');
    equal(stopped, 0, 'the one that was stopped');
  }, 50);
}

async function failing(): Promise<void> {
  await filled(async (db) => {
    const reason = new Error('no connection');
    const broken = {
      ...memoryStore(),
      put: async () => Promise.reject(Object.assign(reason, { status: 400 })),
    };
    const failed = await awake(
      new Promise((resolve) => {
        const stop: () => void = scheduleBackup(db, {
          everyDays: 1,
          run: () => backupTo(db, objectStore(broken)),
          onError: (error) => (stop(), resolve(error)),
        });
      }),
    );
    equal((failed as { code?: string }).code, 'Unavailable', 'told');
    const run = () => backupTo(db, objectStore(memoryStore()));
    assert((await runIfDue(db, 'backup', { everyDays: 1, run })) !== undefined, 'still due');
  }, 50);
}
