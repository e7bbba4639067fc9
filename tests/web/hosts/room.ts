/** Room that is asked for before something long begins, folders that vanish, disks that fill up. */

import { type Database, open } from 'lodestore';
import { assert, type Case, equal, freshName, rejects, same } from '../check.js';
import { bytesOf } from '../database/place.js';
import { columns } from '../database/rows.js';
import { ObjectStorage } from '../database/storage.js';

const DIMENSION = 64;

export function roomCases(): Case[] {
  return [
    { name: 'room: a checkpoint that would not fit is refused before it writes', run: checkpoint },
    { name: 'room: what it would remove in the end goes first, when that helps', run: givesWay },
    { name: 'room: an automatic checkpoint is put off, and not tried at every write', run: putOff },
    { name: 'room: an import that would not fit is refused before it writes', run: importing },
    { name: 'room: answers of wrong types, and none, leave it open', run: lies },
    { name: 'room: nothing is pruned for a snapshot that does not verify', run: unverified },
    { name: 'room: a database with a torn tail opens without room, and goes on with it', run: torn },
    {
      name: 'files: a folder that is emptied under a database is Evicted, and reads go on',
      run: () => vanished('files'),
    },
    { name: 'files: so is one that is removed', run: () => vanished('folder') },
    { name: 'files: the room is that of the disk', run: disk },
  ];
}

/** A storage that has so much room, and says so. */
class Bounded extends ObjectStorage {
  total = Infinity;
  asked = 0;
  answer: (() => unknown) | undefined;

  get used(): number {
    return [...this.files.values()].reduce((sum, { length }) => sum + length, 0);
  }

  /** From now on there are so many bytes left. */
  leave(bytes: number): void {
    this.total = this.used + bytes;
  }

  constructor(files?: Map<string, Uint8Array>) {
    super(files);
    this.before = (verb, _, bytes) => {
      const full = (verb === 'append' || verb === 'create') && this.used + bytes.length > this.total;
      if (full) throw Object.assign(new Error('no space left'), { code: 'ENOSPC' });
    };
  }

  async estimate(): Promise<{ free: number }> {
    this.asked += 1;
    return (this.answer === undefined ? { free: this.total - this.used } : this.answer()) as { free: number };
  }
}

async function filled(storage: ObjectStorage, options = {}): Promise<Database> {
  const db = await open('room', { storage, ...options });
  const rows = await db.collection('rows', { dimension: DIMENSION, index: 'flat', quantization: 'none' });
  await rows.upsert(columns(500, DIMENSION, 1));
  return db;
}

const BYTES = 500 * DIMENSION * 4;

async function checkpoint(): Promise<void> {
  const storage = new Bounded();
  const db = await filled(storage);
  storage.leave(BYTES - 1);
  const before = storage.calls.create;
  const failure = await rejects('Quota', db.checkpoint(), 'a checkpoint');
  // What the vectors take; codes and metadata come to that.
  equal(failure.expected, `${BYTES} bytes of room`, 'expected');
  equal(failure.got, String(BYTES - 1), 'got');
  equal(storage.calls.create, before, 'nothing was created');
  assert((await db.stats()).checkpointError?.includes('Quota') ?? false, 'stats say why');
  equal((await db.stats()).roomBytes, BYTES - 1, 'room in stats');
  storage.leave(2 * BYTES);
  await db.checkpoint();
  same((await db.check()).problems, [], 'problems');
  await db.close();
}

async function givesWay(): Promise<void> {
  const storage = new Bounded();
  const db = await filled(storage);
  await db.checkpoint();
  const rows = await db.collection('rows');
  await rows.upsert(columns(500, DIMENSION, 2));
  await db.checkpoint();
  await rows.upsert(columns(500, DIMENSION, 3));
  const [newest, older] = (await db.stats()).snapshots;
  assert(newest !== undefined && older !== undefined, 'two snapshots');
  storage.leave(1000);
  const { generation } = await db.checkpoint();
  same(
    (await db.stats()).snapshots.map((kept) => kept.generation),
    [generation, newest.generation],
    'the newest one stayed',
  );
  same((await db.check()).problems, [], 'problems');
  await db.close();
}

async function putOff(): Promise<void> {
  const storage = new Bounded();
  const db = await filled(storage, { checkpointLogBytes: 20_000 });
  await db.checkpoint();
  const rows = await db.collection('rows');
  storage.answer = () => ({ free: 0 });
  const before = storage.asked;
  for (let i = 0; i < 200; i += 1) await rows.upsert(columns(4, DIMENSION, i, 1000 + i * 4));
  const tries = storage.asked - before;
  // The log grows from one to ten times the bound, by a quarter between two tries.
  assert(tries >= 2 && tries <= 20, `${tries} tries for 200 writes`);
  storage.answer = undefined;
  await db.prune({ keep: 2 });
  await rows.upsert(columns(1, DIMENSION, 1, 5000));
  await db.check();
  equal((await db.stats()).checkpointError, undefined, 'made when there was room');
  equal(await rows.count(), 1301, 'rows');
  await db.close();
}

async function importing(): Promise<void> {
  const source = await filled(new ObjectStorage());
  const archive = await bytesOf(source.export());
  await source.close();
  const storage = new Bounded();
  const db = await open('room', { storage });
  storage.leave(archive.length - 1);
  const before = storage.calls.create;
  const failure = await rejects('Quota', db.import(archive), 'an import');
  equal(failure.expected, `${archive.length} bytes of room`, 'expected');
  equal(storage.calls.create, before, 'nothing was created');
  storage.leave(2 * archive.length);
  equal((await db.import(archive)).rows, 500, 'rows');
  await db.close();
}

async function lies(): Promise<void> {
  const answers: (() => unknown)[] = [
    () => undefined,
    () => null,
    () => 7,
    () => ({}),
    () => ({ free: 'much' }),
    () => ({ quota: 5 }),
    () => ({ free: NaN }),
    () => {
      throw new Error('no');
    },
  ];
  for (const answer of answers) {
    const storage = new Bounded();
    const db = await filled(storage);
    storage.answer = answer;
    await db.checkpoint();
    equal((await db.stats()).roomBytes, undefined, String(answer));
    await db.close();
  }
}

async function unverified(): Promise<void> {
  const storage = new Bounded();
  const db = await filled(storage);
  await db.checkpoint();
  const rows = await db.collection('rows');
  await rows.upsert(columns(500, DIMENSION, 2));
  const { generation } = await db.checkpoint();
  const blocks = storage.files.get(`blocks-${generation}`) as Uint8Array;
  blocks[5000] = (blocks[5000] as number) ^ 1;
  const stored = (): string[] => [...storage.files.keys()].filter((file) => !file.startsWith('audit-'));
  const before = stored();
  await rejects('Corrupt', db.prune(), 'prune');
  same(stored(), before, 'files');
  for (const keep of [0, 3, 1.5]) await rejects('Invalid', db.prune({ keep: keep as 1 }), `keep ${keep}`);
  blocks[5000] = (blocks[5000] as number) ^ 1;
  equal((await db.prune()).snapshots, 1, 'when it verifies');
  same((await db.check()).problems, [], 'problems');
  const { snapshots, logs, bytes } = await db.prune();
  same([snapshots, logs, bytes], [0, 0, 0], 'a second time');
  await db.close();
}

async function torn(): Promise<void> {
  const storage = new Bounded();
  const db = await filled(storage);
  await db.close();
  const [log] = [...storage.files.keys()].filter((name) => name.startsWith('log-'));
  storage.files.set(log as string, (storage.files.get(log as string) as Uint8Array).slice(0, -7));
  storage.leave(0);
  const again = await open('room', { storage });
  assert(again.openReport.bytesDropped > 0, 'a torn tail');
  const rows = await again.collection('rows');
  equal(await rows.count(), 0, 'rows');
  await rejects('Quota', rows.upsert(columns(1, DIMENSION, 2)), 'a write');
  storage.leave(1 << 20);
  await rows.upsert(columns(3, DIMENSION, 2));
  same((await again.check()).problems, [], 'problems');
  await again.close();
  const last = await open('room', { storage });
  equal(await (await last.collection('rows')).count(), 3, 'rows after reopening');
  await last.close();
}

interface Host {
  directory: string;
  fs: {
    readdir(path: string): Promise<string[]>;
    rm(path: string, options: { recursive: true }): Promise<void>;
    statfs(path: string): Promise<{ bavail: number; bsize: number }>;
  };
}

const host = (): Host => (globalThis as unknown as { testHost: Host }).testHost;

async function vanished(what: 'files' | 'folder'): Promise<void> {
  const name = freshName('vanished');
  const { directory, fs } = host();
  const db = await open(name, { directory });
  const rows = await db.collection('rows', { dimension: 4 });
  await rows.upsert(columns(10, 4, 1));
  const folder = `${directory}/${name}`;
  const files = await fs.readdir(folder);
  if (what === 'folder') await fs.rm(folder, { recursive: true });
  // The lock stays: it is not of the database.
  else
    for (const file of files.filter((file) => !file.startsWith('_')))
      await fs.rm(`${folder}/${file}`, { recursive: true });
  // Of appends that follow closely only the first looks at its file.
  await new Promise((resolve) => setTimeout(resolve, 150));
  for (let i = 0; i < 2; i += 1) {
    await rejects('Evicted', rows.upsert(columns(1, 4, 2, 20)), 'a write');
    equal(await rows.count(), 10, 'reads go on');
  }
  await rejects('Evicted', db.checkpoint(), 'a checkpoint');
  await db.close();
}

async function disk(): Promise<void> {
  const { directory, fs } = host();
  const db = await open(freshName('disk'), { directory });
  const { roomBytes = 0, persisted } = await db.stats();
  const { bavail, bsize } = await fs.statfs(directory);
  // Others write to the same disk.
  assert(Math.abs(roomBytes / (bavail * bsize) - 1) < 0.5, `${roomBytes} bytes`);
  equal(persisted, 'unknown', 'persisted');
  await db.close();
}
