/** One archive in one file: whole or not at all. */

import { backupTo, type BackupTarget, download, fromFile, toFile, toFolder } from 'lodestore/targets';
import { assert, type Case, type Context, equal, freshName, rejects, same, sameBytes } from '../check.js';
import { filled, read, recording } from './base.js';

interface Host {
  directory: string;
  fs: {
    mkdir(path: string, options: { recursive: true }): Promise<unknown>;
    readdir(path: string): Promise<string[]>;
    readFile(path: string): Promise<Uint8Array>;
    writeFile(path: string, text: string): Promise<void>;
  };
}
const host = (): Host => (globalThis as unknown as { testHost: Host }).testHost;

export function fileCases(context: Context): Case[] {
  const inAll = [{ name: 'files: what is no file is refused', run: () => refused(context) }];
  // Neither files nor handles to any.
  if (context === 'edge') return inAll;
  if (context === 'node') {
    return [
      ...inAll,
      { name: 'files: a path gets its name when everything is in it', run: paths },
      { name: 'files: a folder by its path', run: async () => folderOf(await folder()) },
      { name: 'files: a backup that breaks off leaves what was there, and nothing else', run: broken },
    ];
  }
  const handles = [
    { name: 'files: a file handle is written in one step', run: handle },
    { name: 'files: a folder by its handle', run: folderByHandle },
  ];
  const pages = { name: 'files: a download has every byte', run: downloaded };
  return context === 'window' ? [...inAll, ...handles, pages] : [...inAll, ...handles];
}

/** Fails when so many bytes have gone through. */
function breaking(target: BackupTarget, after: number, reason: Error): BackupTarget {
  return {
    fetch: target.fetch,
    begin: async (about) => {
      const sink = await target.begin(about);
      let bytes = 0;
      return {
        write: async (piece) => {
          bytes += piece.length;
          if (bytes > after) throw reason;
          await sink.write(piece);
        },
        close: () => sink.close(),
        abort: () => sink.abort(),
      };
    },
  };
}

async function folder(): Promise<string> {
  const path = `${host().directory}/${freshName('archives')}`;
  await host().fs.mkdir(path, { recursive: true });
  return path;
}

async function paths(): Promise<void> {
  const { readdir, readFile, writeFile } = host().fs;
  await filled(async (db) => {
    const at = await folder();
    const path = `${at}/notes.lode`;
    const recorded = recording(toFile(path));
    const seen: string[] = [];
    const done = await backupTo(db, {
      fetch: recorded.fetch,
      begin: async (about) => {
        const sink = await recorded.begin(about);
        return {
          ...sink,
          write: async (bytes) => {
            await sink.write(bytes);
            seen.push(...(await readdir(at)));
          },
        };
      },
    });
    assert(
      seen.length > 0 && seen.every((name) => name.endsWith('.part')),
      `while it was written: ${seen.join(' ')}`,
    );
    same(await readdir(at), ['notes.lode'], 'afterwards');
    sameBytes(new Uint8Array(await readFile(path)), await recorded.bytes(), 'bytes');
    same(
      [done.name, done.bytes, done.sent],
      [path, done.bytes, { pieces: 1, bytes: done.bytes, skipped: 0, skippedBytes: 0 }],
      'done',
    );
    equal((await db.verify(await fromFile(path))).rows, 3100, 'rows');
    equal((await db.drill({ backup: 'latest', fetch: toFile(path).fetch })).ok, true, 'drill');
    await rejects('Conflict', backupTo(db, toFile(path)), 'it is there');
    const again = await backupTo(db, toFile(path, { replace: true }), {
      compress: true,
      encrypt: { passphrase: 'x' },
    });
    equal((await readFile(path)).length, again.bytes, 'replaced');
    same(
      (await db.catalog()).archives.map(({ name }) => name),
      [path, path],
      'catalog',
    );
    // Somebody takes the name while it is written.
    const late = `${at}/late.lode`;
    const taken = backupTo(db, {
      fetch: recorded.fetch,
      begin: async (about) => {
        const sink = await toFile(late).begin(about);
        await writeFile(late, 'mine');
        return sink;
      },
    });
    await rejects('Conflict', taken, 'taken meanwhile');
    equal(new TextDecoder().decode(await readFile(late)), 'mine', 'theirs');
    same((await readdir(at)).sort(), ['late.lode', 'notes.lode'], 'no draft');
    await rejects('Invalid', fromFile(`${at}/none`), 'no such file');
    await rejects('Unavailable', backupTo(db, toFile(`${at}/none/notes.lode`)), 'no such folder');
  });
}

async function broken(): Promise<void> {
  const { readdir, readFile, writeFile } = host().fs;
  await filled(async (db) => {
    const at = await folder();
    const reason = new Error('enough');
    const failure = (work: Promise<unknown>) => work.catch((error: unknown) => error);
    for (const after of [0, 500, 50_000]) {
      equal(
        await failure(backupTo(db, breaking(toFile(`${at}/a.lode`), after, reason))),
        reason,
        `after ${after}`,
      );
      same(await readdir(at), [], `files after ${after}`);
    }
    await writeFile(`${at}/a.lode`, 'what was there');
    await failure(backupTo(db, breaking(toFile(`${at}/a.lode`, { replace: true }), 500, reason)));
    same(await readdir(at), ['a.lode'], 'files');
    equal(new TextDecoder().decode(await readFile(`${at}/a.lode`)), 'what was there', 'bytes');
    equal((await db.catalog()).archives.length, 0, 'the catalog');
  });
}

async function handle(): Promise<void> {
  await filled(async (db) => {
    const root = await navigator.storage.getDirectory();
    const name = freshName('notes.lode');
    const file = await root.getFileHandle(name, { create: true });
    // What the browser cannot write to, older engines have.
    if (typeof file.createWritable !== 'function') {
      await rejects('Unavailable', backupTo(db, toFile(file)), 'no createWritable');
      return root.removeEntry(name);
    }
    const recorded = recording(toFile(file));
    const done = await backupTo(db, recorded);
    sameBytes(await read(await fromFile(file)), await recorded.bytes(), 'bytes');
    equal(done.name, name, 'name');
    equal((await db.drill({ backup: 'random', fetch: toFile(file).fetch })).ok, true, 'drill');
    const reason = new Error('enough');
    const failed = await backupTo(db, breaking(toFile(file), 500, reason)).catch((error: unknown) => error);
    equal(failed, reason, 'broken off');
    sameBytes(await read(await fromFile(file)), await recorded.bytes(), 'what was there stays');
    await root.removeEntry(name);
    await rejects('Invalid', fromFile(file), 'a file that is gone');
  });
}

async function folderByHandle(): Promise<void> {
  const root = await navigator.storage.getDirectory();
  const name = freshName('archives');
  const place = await root.getDirectoryHandle(name, { create: true });
  if ('createWritable' in FileSystemFileHandle.prototype) await folderOf(place);
  await root.removeEntry(name, { recursive: true });
}

/** Many archives, each of which is found again, drilled and pruned. */
async function folderOf(place: string | FileSystemDirectoryHandle): Promise<void> {
  const list = async (): Promise<string[]> => {
    if (typeof place === 'string') return host().fs.readdir(place);
    const names: string[] = [];
    for await (const name of (place as unknown as { keys(): AsyncIterable<string> }).keys()) names.push(name);
    return names;
  };
  await filled(async (db) => {
    const target = toFolder(place);
    const recorded = recording(target);
    const first = await backupTo(db, recorded);
    sameBytes(await read(await target.fetch(first)), await recorded.bytes(), 'bytes');
    const second = await backupTo(db, target, { type: 'incremental', since: first });
    const { archives } = await db.catalog();
    for (const entry of archives)
      assert(entry.name?.endsWith(`-${entry.type}-${entry.archive}.lode`) === true, `${entry.name}`);
    equal((await db.drill({ backup: second.archive, fetch: target.fetch })).ok, true, 'drill');
    const reason = new Error('enough');
    const failed = await backupTo(db, breaking(target, 500, reason)).catch((error: unknown) => error);
    equal(failed, reason, 'broken off');
    equal((await list()).length, 2, 'files');
    await backupTo(db, target);
    await backupTo(db, target);
    await db.prune({ policy: { archives: { last: 2 } }, remove: target.remove });
    equal((await list()).length, 2, 'files, pruned');
    await target.remove(first);
    await rejects('Invalid', target.fetch(first), 'what is gone');
    await rejects('Invalid', target.fetch({ archive: 'a', name: '../../b' }), 'what is not in the folder');
  }, 50);
}

async function downloaded(): Promise<void> {
  await filled(async (db) => {
    const { click } = HTMLAnchorElement.prototype;
    let offered: { name: string; bytes: Promise<Uint8Array> } | undefined;
    HTMLAnchorElement.prototype.click = function (this: HTMLAnchorElement): void {
      offered = {
        name: this.download,
        bytes: fetch(this.href).then(async (response) => new Uint8Array(await response.arrayBuffer())),
      };
    };
    try {
      const recorded = recording(download('notes.lode'));
      const { name, bytes } = await backupTo(db, recorded);
      same([name, offered?.name], ['notes.lode', 'notes.lode'], 'name');
      const got = await offered?.bytes;
      equal(got?.length, bytes, 'length');
      sameBytes(got as Uint8Array, await recorded.bytes(), 'bytes');
    } finally {
      HTMLAnchorElement.prototype.click = click;
    }
    await rejects('Invalid', db.drill({ fetch: download('notes.lode').fetch }), 'where it is, nobody knows');
  });
}

async function refused(context: Context): Promise<void> {
  const refuses = (place: unknown) =>
    rejects('Invalid', (async () => toFile(place as never))(), JSON.stringify(place));
  for (const place of [undefined, 7, '', {}, { kind: 'directory' }]) await refuses(place);
  await rejects('Invalid', (async () => toFolder({ kind: 'file' } as never))(), 'a folder that is a file');
  await rejects('Invalid', (async () => download(''))(), 'a download without a name');
  if (context !== 'node') await rejects('Unavailable', fromFile('notes.lode'), 'a path, in a browser');
  if (context !== 'window') {
    await filled(
      (db) => rejects('Unavailable', backupTo(db, download('x')), 'no page').then(() => undefined),
      3,
    );
  }
}
