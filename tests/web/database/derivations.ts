/** Keys from passphrases are derived once in an operation, and not where a page would stand still for it. */

import type { ArchiveSource, BackupOptions, Database } from 'lodestore';
import { assert, type Case, type Context, equal, rejects } from '../check.js';
import { fresh, type Place, type Session } from './place.js';
import { columns } from './rows.js';

const ENCRYPT = { passphrase: 'five words for one gate' };

/** Tells of every key that is derived by an instance of the module that is made from here on. */
const COUNTER = `
  const instantiate = WebAssembly.instantiate;
  WebAssembly.instantiate = async (...args) => {
    const made = await instantiate(...args);
    const { derive } = made.exports ?? {};
    if (typeof derive !== 'function') return made;
    const counted = (...asked) => (globalThis.derived(), derive(...asked));
    return { exports: { ...made.exports, derive: counted } };
  };`;

interface Counts {
  /** Derived in this context. */
  here: number;
  /** Derived in workers of this context. */
  inWorkers: number;
  /** Workers that were started. */
  started: number;
}

/** Runs `body` with every derivation counted, in workers that are started meanwhile as well. */
async function counting(body: (counts: Counts) => Promise<void>): Promise<void> {
  const counts: Counts = { here: 0, inWorkers: 0, started: 0 };
  const { instantiate } = WebAssembly;
  const wasWorker = globalThis.Worker;
  const scope = globalThis as { derived?: () => void };
  scope.derived = () => (counts.here += 1);
  new Function(COUNTER)();
  const script = (text: string) => URL.createObjectURL(new Blob([text], { type: 'text/javascript' }));
  if (typeof wasWorker === 'function') {
    // On the port of the worker itself, so that it is heard before the answer to what it was derived for.
    const counter = script(`globalThis.derived = () => postMessage({ counted: true });${COUNTER}`);
    globalThis.Worker = class extends wasWorker {
      constructor(url: string | URL, options?: WorkerOptions) {
        const imports = [counter, String(url)].map((one) => `import ${JSON.stringify(one)};`);
        super(script(imports.join('')), options);
        counts.started += 1;
        this.addEventListener('message', ({ data }) => {
          if ((data as { counted?: boolean }).counted) counts.inWorkers += 1;
        });
      }
    };
  }
  try {
    await body(counts);
  } finally {
    WebAssembly.instantiate = instantiate;
    globalThis.Worker = wasWorker;
    delete scope.derived;
  }
}

async function made(db: Database, options: BackupOptions) {
  const stream = await db.backup(options);
  const file = new Uint8Array(await new Response(stream).arrayBuffer());
  return { file, ...(await stream.done) };
}

async function once({ db }: Session, counts: Counts, context: Context): Promise<void> {
  const notes = await db.collection('notes', { dimension: 8 });
  await notes.upsert(columns(200, 8, 1, 0));
  const all = () => counts.here + counts.inWorkers;
  const takes = async <T>(what: string, salts: number, work: () => Promise<T>): Promise<T> => {
    const before = all();
    const result = await work();
    equal(all() - before, salts, `${what}: keys that were derived`);
    return result;
  };
  // One that is there already, for deflating, is used for this and has grown then: the next is counted.
  await made(db, { encrypt: ENCRYPT });
  const base = await takes('a backup', 1, () => made(db, { encrypt: ENCRYPT }));
  await notes.delete(['row-00003']);
  // That of the archive that it follows, and its own.
  const next = await takes('a backup after another', 2, () =>
    made(db, { type: 'incremental', since: base.file, encrypt: ENCRYPT }),
  );
  const chain: ArchiveSource[] = [base.file, new Blob([next.file])];
  for (const level of [1, 3, 4] as const) {
    const { rows } = await takes(`level ${level}`, 2, () => db.verify(chain, { level, encrypt: ENCRYPT }));
    equal(rows, 199, `rows at level ${level}`);
  }
  const damaged = base.file.slice();
  damaged[damaged.length - 400]! ^= 1;
  await takes('what is damaged', 1, () =>
    rejects('Corrupt', db.verify(damaged, { encrypt: ENCRYPT }), 'a flipped bit'),
  );
  const [failed] = (await db.audit({ kind: 'verify', last: 1 })).entries;
  equal(failed?.details['archive'], base.archive, 'which one it was is noted');
  // A key that was derived of one passphrase does not serve another one.
  const other = { passphrase: 'five words for no gate' };
  await takes('another passphrase', 1, () =>
    rejects('Mismatch', db.restore(chain, { encrypt: other }), 'another passphrase'),
  );
  await takes('a restore', 2, async () => {
    const restore = await db.restore(chain, { encrypt: ENCRYPT });
    await restore.stage();
    await restore.commit();
  });
  equal(await notes.count(), 199, 'restored');
  const drill = await takes('a drill', 2, () => db.drill({ backup: chain, encrypt: ENCRYPT }));
  assert(drill.ok, drill.problems.join());
  // Nothing is kept from one operation to the next.
  await takes('once more', 2, () => db.verify(chain, { level: 1, encrypt: ENCRYPT }));
  equal(counts.here, context === 'window' ? 0 : all(), 'keys that were derived in this context');
}

/** Where a page may start no workers, it waits. */
async function without(place: Place): Promise<void> {
  const refusals = [
    class {
      constructor() {
        throw new Error('refused by a policy');
      }
    } as unknown as typeof Worker,
    class extends Worker {
      constructor() {
        super('/nothing-is-here.js', { type: 'module' });
      }
    } as unknown as typeof Worker,
  ];
  for (const refusal of refusals)
    await counting((counts) =>
      fresh(place, async ({ db }) => {
        globalThis.Worker = refusal;
        await db.collection('notes', { dimension: 8 });
        const { file } = await made(db, { encrypt: ENCRYPT });
        equal((await db.verify(file, { encrypt: ENCRYPT })).version, 4, 'verified');
        equal(counts.here, 2, 'derived in the page');
      }),
    );
}

export function derivationCases(first: Place[], context: Context): Case[] {
  const cases = first.map((place) => ({
    name: `${place.label}: backups: a key is derived once in an operation, and never in a page`,
    run: () => counting((counts) => fresh(place, (session) => once(session, counts, context))),
  }));
  if (context !== 'window') return cases;
  const name = 'backups: a page without workers derives keys itself';
  return [...cases, ...first.slice(0, 1).map((place) => ({ name, run: () => without(place) }))];
}
