/** Files of Node: processes killed in the middle, locks of the dead and of the living, left-overs, errors of the host. */

import { LodestoreError, toLodestoreError } from '../../../pkg-templates/npm/src/errors.js';
import { deleteStorage, pickStorage } from '../../../pkg-templates/npm/src/storage/index.js';
import { directoryName } from '../../../pkg-templates/npm/src/storage/names.js';
import {
  assert,
  type Case,
  equal,
  freshName,
  pattern,
  pieces,
  rejects,
  same,
  sameBytes,
  type Suite,
} from '../check.js';

const ROUNDS = 10;
const RECORD = 700;

/** What the cases need of the process that drives them. */
interface Host {
  directory: string;
  fs: {
    readdir(path: string): Promise<string[]>;
    readlink(path: string): Promise<string>;
    readFile(path: string, encoding: 'utf8'): Promise<string>;
    writeFile(path: string, text: string): Promise<void>;
    mkdir(path: string, options: { recursive: true }): Promise<unknown>;
    open(path: string, flags: string): Promise<{ close(): Promise<void> }>;
  };
  pid: number;
  /** Runs `kill` of this suite in a process, ends it with SIGKILL after so many lines; returns its lines. */
  killAfter(script: string, lines: number): Promise<string[]>;
}

const host = (): Host => (globalThis as unknown as { testHost: Host }).testHost;
const options = () => ({ directory: host().directory });
const folderOf = (name: string): string => `${host().directory}/${directoryName(name)}`;

const suite: Suite = {
  contexts: ['node'],
  cases(): Case[] {
    return [
      {
        name: 'files: ten processes killed while they append: all that was acknowledged is there',
        run: killed,
      },
      { name: 'files: a process killed in the middle of a create leaves no file', run: killedCreating },
      { name: 'files: the lock of a dead process is taken over, that of a live one is not', run: locks },
      { name: 'files: of twenty that open at once one wins', run: together },
      { name: 'files: left-over drafts are swept, foreign files stay', run: leftOvers },
      { name: 'files: two ways to the same folder are one database', run: samePlace },
      { name: 'files: names of databases become safe and different folders', run: names },
      { name: 'files: relaxed syncs what was appended before it makes the next file', run: relaxed },
      { name: 'errors: what hosts throw becomes the right code', run: errors },
    ];
  },
};
export default suite;

/** Appends records for ever and says each that is acknowledged. Runs in a process of its own. */
export async function appendForEver(name: string, directory: string): Promise<void> {
  const s = await pickStorage('files', name, { directory });
  const length = (await s.list())[0]?.length;
  if (length === undefined) await s.create('log', pieces());
  for (let at = length ?? 0; ; at += RECORD) {
    // After a kill the tail may be torn: the record that it belongs to is completed.
    const rest = at % RECORD;
    await s.append('log', at, pattern(RECORD, (at - rest) / RECORD).slice(rest));
    at -= rest;
    console.log(String(at + RECORD));
  }
}

/** Creates a file that never ends. */
export async function createForEver(name: string, directory: string): Promise<void> {
  const s = await pickStorage('files', name, { directory });
  await s.create(
    'big',
    (async function* () {
      for (let i = 0; ; i += 1) {
        yield pattern(10_000, i);
        console.log(String(i));
      }
    })(),
  );
}

const script = (verb: string, name: string): string =>
  `m.${verb}(${JSON.stringify(name)}, ${JSON.stringify(host().directory)})`;

/** Says how an attempt to open ends, then waits. */
export async function tryToOpen(name: string, directory: string): Promise<void> {
  setInterval(() => undefined, 1000);
  const end = await pickStorage('files', name, { directory }).then(
    () => 'opened',
    (error: { code: string }) => error.code,
  );
  console.log(end);
}

async function killed(): Promise<void> {
  const name = freshName('kill');
  for (let round = 1; round <= ROUNDS; round += 1) {
    const lines = await host().killAfter(script('appendForEver', name), 3 + round * 7);
    const acknowledged = Number(lines.at(-1));
    const s = await pickStorage('files', name, options());
    const length = (await s.list())[0]?.length ?? 0;
    assert(
      length >= acknowledged,
      `round ${round}: ${acknowledged} bytes were acknowledged, ${length} are there`,
    );
    const bytes = await s.read('log', 0, length);
    for (let at = 0; at < length; at += RECORD) {
      const part = bytes.slice(at, at + RECORD);
      sameBytes(part, pattern(RECORD, at / RECORD).slice(0, part.length), `round ${round}, at ${at}`);
    }
    await s.close();
  }
  await deleteStorage('files', name, options());
}

async function killedCreating(): Promise<void> {
  const name = freshName('kill');
  await host().killAfter(script('createForEver', name), 20);
  const left = (await host().fs.readdir(folderOf(name))).filter((file) => file.startsWith('_draft_'));
  equal(left.length, 1, 'there is a left-over to sweep');
  const s = await pickStorage('files', name, options());
  same(await s.list(), [], 'list');
  equal(
    (await host().fs.readdir(folderOf(name))).filter((file) => file.startsWith('_draft_')).length,
    0,
    'swept',
  );
  await s.create('big', pieces(pattern(10, 1)));
  await s.close();
  await deleteStorage('files', name, options());
}

async function locks(): Promise<void> {
  const name = freshName('lock');
  await host().killAfter(script('tryToOpen', name), 1);
  const held = (await host().fs.readdir(folderOf(name))).filter((file) => file.startsWith('_lock_'));
  equal(held.length, 1, 'the dead process left its lock');
  const s = await pickStorage('files', name, options());
  same(
    await host().killAfter(script('tryToOpen', name), 1),
    ['Conflict'],
    'another process, while it is open here',
  );
  await s.close();
  same(await host().killAfter(script('tryToOpen', name), 1), ['opened'], 'another process, after close');
  await (await pickStorage('files', name, options())).close();
  const left = await host().fs.readdir(folderOf(name));
  same(left, [], 'no lock is left');
  // A live process, whose start is not known, counts as an owner.
  await host().fs.writeFile(`${folderOf(name)}/_lock_${host().pid}_0_abc`, '');
  const failure = await rejects('Conflict', pickStorage('files', name, options()), 'open');
  assert(failure.message.includes('_lock_'), 'the lock file is named');
  await rejects('Conflict', deleteStorage('files', name, options()), 'delete');
}

async function together(): Promise<void> {
  const name = freshName('together');
  const ends = await Promise.allSettled(
    Array.from({ length: 20 }, () => pickStorage('files', name, options())),
  );
  const winners = ends.flatMap((end) => (end.status === 'fulfilled' ? [end.value] : []));
  equal(winners.length, 1, 'winners');
  for (const end of ends) if (end.status === 'rejected') equal(end.reason.code, 'Conflict', 'losers');
  await winners[0]?.close();
  await deleteStorage('files', name, options());
}

async function leftOvers(): Promise<void> {
  const name = freshName('left');
  await host().fs.mkdir(folderOf(name), { recursive: true });
  await host().fs.writeFile(`${folderOf(name)}/_draft_1_log`, 'half');
  await host().fs.writeFile(`${folderOf(name)}/NOTES.txt`, 'mine');
  const s = await pickStorage('files', name, options());
  same(await s.list(), [], 'list');
  await s.create('log', pieces(pattern(10, 1)));
  await s.close();
  same((await host().fs.readdir(folderOf(name))).sort(), ['NOTES.txt', 'log'], 'files');
  await deleteStorage('files', name, options());
  same(await host().fs.readdir(folderOf(name)), ['NOTES.txt'], 'after delete');
  await deleteStorage('files', freshName('absent'), options());
}

async function samePlace(): Promise<void> {
  const name = freshName('same');
  const s = await pickStorage('auto', name, options());
  equal(s.kind, 'files', "'auto' in Node");
  const other = { directory: `${host().directory}/../${host().directory.split('/').at(-1)}/.` };
  await rejects('Conflict', pickStorage('files', name, other), 'another path');
  await s.close();
  await deleteStorage('files', name, other);
  await rejects('Invalid', pickStorage('indexeddb', name), 'IndexedDB in Node');
  await rejects('Invalid', pickStorage('opfs', name), 'OPFS in Node');
}

async function names(): Promise<void> {
  const all = [
    'a',
    'A',
    'ä',
    '..',
    '.',
    'a/b',
    'a\\b',
    'a.',
    'con',
    'CON',
    '%61',
    '~a',
    'é',
    'e\u0301',
    'ü'.repeat(64),
    'ö'.repeat(64),
  ];
  const folders = all.map((name) => directoryName(name).toLowerCase());
  equal(new Set(folders).size, all.length, 'different folders');
  for (const folder of folders)
    assert(/^[a-z0-9_%~-]{1,255}$/.test(folder) && folder !== 'con', `safe: ${folder}`);
  equal(directoryName('my-app_2'), 'my-app_2', 'a plain name stays as it is');
}

async function errors(): Promise<void> {
  const code = (error: unknown): string => toLodestoreError(error).code;
  const dom: [string, string][] = [
    ['QuotaExceededError', 'Quota'],
    ['NoModificationAllowedError', 'Conflict'],
    ['InvalidStateError', 'Unavailable'],
    ['UnknownError', 'Unavailable'],
    ['AbortError', 'Unavailable'],
    ['VersionError', 'Version'],
  ];
  for (const [name, expected] of dom) equal(code(new DOMException('', name)), expected, name);
  const errno: [string, string][] = [
    ['ENOSPC', 'Quota'],
    ['EDQUOT', 'Quota'],
    ['EEXIST', 'Conflict'],
    ['EIO', 'Unavailable'],
    ['toString', 'Unavailable'],
  ];
  for (const [name, expected] of errno)
    equal(code(Object.assign(new Error('x'), { code: name })), expected, name);
  for (const odd of [undefined, null, 'text', 7, {}, Object.create(null)])
    equal(code(odd), 'Unavailable', typeof odd);
  const own = new LodestoreError('Corrupt', 'It is damaged', { expected: '1', got: '2' });
  equal(toLodestoreError(own), own, 'an error of ours stays as it is');
  const foreign = toLodestoreError({ code: 'Conflict', message: 'taken', got: 5 }, 'create');
  same([foreign.code, foreign.message, foreign.got], ['Conflict', 'create: taken', '5'], 'a code of ours');
  const cause = new DOMException('', 'QuotaExceededError');
  equal(toLodestoreError(cause).cause, cause, 'the cause is kept');
}

/** Of Linux, which alone has /proc. */
const O_DSYNC = 0o10000;

/** Whether this process has the file open with that flag. */
async function isOpenWith(flag: number, path: string): Promise<boolean> {
  const { readdir, readlink, readFile } = host().fs;
  for (const fd of await readdir('/proc/self/fd').catch(() => [])) {
    if ((await readlink(`/proc/self/fd/${fd}`).catch(() => '')) !== path) continue;
    const [, flags = '0'] = /flags:\s*([0-7]+)/.exec(await readFile(`/proc/self/fdinfo/${fd}`, 'utf8')) ?? [];
    if ((Number.parseInt(flags, 8) & flag) !== 0) return true;
  }
  return false;
}

/** A snapshot names the log before it with its length: it may not be on the disk before that is. */
async function relaxed(): Promise<void> {
  type Sync = Record<'sync' | 'datasync', () => Promise<void>>;
  await host().fs.mkdir(host().directory, { recursive: true });
  const any = await host().fs.open(`${host().directory}/any`, 'w');
  const prototype = Object.getPrototypeOf(any) as Sync;
  await any.close();
  const { sync, datasync } = prototype;
  for (const durability of ['strict', 'relaxed'] as const) {
    const name = freshName('relaxed');
    const s = await pickStorage('files', name, { ...options(), durability });
    await s.create('log', pieces());
    const synced: string[] = [];
    prototype.sync = function (this: Sync) {
      synced.push('made');
      return sync.call(this);
    };
    prototype.datasync = function (this: Sync) {
      synced.push('appended');
      return datasync.call(this);
    };
    try {
      await s.append('log', 0, pattern(10, 1));
      await s.create('snapshot', pieces(pattern(10, 2)));
    } finally {
      Object.assign(prototype, { sync, datasync });
    }
    // On Linux a strict append is synced by the write itself, if the file was opened so.
    const byItself = durability === 'strict' && (await isOpenWith(O_DSYNC, `${folderOf(name)}/log`));
    const expected = byItself ? ['made', 'made'] : ['appended', 'made', 'made'];
    same(synced, expected, `${durability}: the append, the file, its folder`);
    await s.close();
    await deleteStorage('files', name, options());
  }
}
