/** Files damaged where they are stored: refused, salvaged, exported; and repaired where memory has what they lost. */

import { type Database, deleteDatabase, open, type OpenOptions, type StorageKind } from 'lodestore';
import { pickStorage } from '../../../pkg-templates/npm/src/storage/index.js';
import {
  assert,
  type Case,
  type Context,
  equal,
  freshName,
  pieces,
  rejects,
  same,
  sameBytes,
} from '../check.js';
import { bytesOf, contents, directory } from './place.js';
import { columns } from './rows.js';

const KINDS: Record<Context, StorageKind[]> = {
  node: ['files'],
  edge: [],
  window: ['indexeddb'],
  worker: ['indexeddb', 'opfs'],
};

export function salvageCases(context: Context): Case[] {
  const cases: [string, (kind: StorageKind) => Promise<void>][] = [
    ['a damaged frame is refused, then salvaged, and what is damaged exported', frame],
    ['a damaged row group is quarantined by id', group],
    ['what is damaged under an open database is found and repaired', repaired],
  ];
  return KINDS[context].flatMap((kind) =>
    cases.map(([name, run]) => ({ name: `${kind}: ${name}`, run: () => run(kind) })),
  );
}

/** Changes one byte of the newest file whose name begins so; gives its name and its bytes. */
async function damage(kind: StorageKind, name: string, prefix: string, at: (length: number) => number) {
  const storage = await pickStorage(kind, name, { durability: 'strict', directory, held: false });
  const generation = (file: string) => Number(file.slice(prefix.length));
  const names = (await storage.list()).map((file) => file.name).filter((file) => file.startsWith(prefix));
  const file = names.sort((a, b) => generation(b) - generation(a))[0];
  assert(file !== undefined, `there is a ${prefix}`);
  const length = (await storage.list()).find((one) => one.name === file)?.length ?? 0;
  const bytes = (await storage.read(file, 0, length)).slice();
  const place = at(length);
  bytes[place] = (bytes[place] ?? 0) ^ 0x55;
  await storage.remove(file);
  await storage.create(file, pieces(bytes));
  await storage.close?.();
  return { file, bytes };
}

async function with3000(kind: StorageKind, body: (name: string, options: OpenOptions) => Promise<void>) {
  const name = freshName('salvage');
  const options: OpenOptions = { storage: kind, directory };
  const db = await open(name, options);
  const notes = await db.collection('notes', { dimension: 8, metric: 'dot' });
  await notes.upsert(columns(2000, 8, 1));
  await db.checkpoint();
  await notes.upsert(columns(3, 8, 2, 5000));
  await notes.upsert(columns(2, 8, 3, 6000));
  await db.close();
  await body(name, options);
  await deleteDatabase(name, directory === undefined ? { storage: kind } : { storage: kind, directory });
}

/** The database opens as ever, and has nothing to complain of. */
async function wellAgain(name: string, options: OpenOptions, expected: string): Promise<Database> {
  const db = await open(name, options);
  equal(db.openReport.salvage, undefined, 'opened without salvage');
  equal(await contents(db), expected, 'contents when opened again');
  same((await db.check()).problems, [], 'problems');
  return db;
}

async function frame(kind: StorageKind): Promise<void> {
  await with3000(kind, async (name, options) => {
    // The first of two frames behind the header of the log.
    const { file, bytes } = await damage(kind, name, 'log-', () => 80 + 32 + 20);
    const refused = await rejects('Corrupt', open(name, options), 'a damaged frame');
    assert(refused.message.includes('{ salvage: true }'), refused.message);
    const db = await open(name, { ...options, salvage: true });
    const { salvage, rowsQuarantined } = db.openReport;
    same([rowsQuarantined, salvage?.groups, salvage?.lost.length], [0, [], 1], 'the report');
    const lost = salvage?.lost[0];
    same([lost?.fromSeq, lost?.toSeq], [3, 3], 'the write that is missing');
    equal(await (await db.collection('notes')).count(), 2002, 'rows');
    const kept = await db.quarantine();
    same(
      [...kept].map((one) => one.name),
      salvage?.files.map((one) => one.name).sort(),
      'what is kept aside',
    );
    const copy = kept.find((one) => one.name.endsWith(`-${file}`));
    assert(copy !== undefined, JSON.stringify(kept));
    sameBytes(await bytesOf(db.exportQuarantined(copy.name)), bytes, 'the damaged file');
    const report = kept.find((one) => one.name.endsWith('-report'))?.name ?? '';
    const text = new TextDecoder().decode(await bytesOf(db.exportQuarantined(report)));
    same(JSON.parse(text).lost, salvage?.lost, 'the report that is kept');
    await rejects('Invalid', bytesOf(db.exportQuarantined('log-1')), 'what is not kept aside');
    const now = await contents(db);
    await db.close();
    const again = await wellAgain(name, options, now);
    await again.dropQuarantined(copy.name);
    equal((await again.quarantine()).length, 1, 'one is left');
    await again.dropQuarantined();
    same(await again.quarantine(), [], 'none is left');
    await again.close();
  });
}

async function group(kind: StorageKind): Promise<void> {
  await with3000(kind, async (name, options) => {
    // Within the vectors of the first row group.
    await damage(kind, name, 'blocks-', () => 80 + 32 + 1000);
    await rejects('Corrupt', open(name, options), 'a damaged block');
    const db = await open(name, { ...options, salvage: true });
    const { salvage, rowsQuarantined } = db.openReport;
    equal(rowsQuarantined, 1024, 'rows that are gone');
    const gone = salvage?.groups[0];
    same(
      [salvage?.groups.length, gone?.collection, gone?.group, gone?.rows],
      [1, 'notes', 0, 1024],
      'the group',
    );
    const notes = await db.collection('notes');
    const ids = gone?.ids ?? [];
    same([ids.length, await notes.count()], [1024, 2005 - 1024], 'ids and rows');
    assert(
      (await notes.get(ids)).every((row) => row === undefined),
      'none of these is there',
    );
    await notes.upsert(columns(2000, 8, 1));
    const now = await contents(db);
    await db.close();
    await (await wellAgain(name, options, now)).close();
  });
}

async function repaired(kind: StorageKind): Promise<void> {
  // An object of its own, whose files can be damaged while it is open.
  const storage = await pickStorage(kind, freshName('repair'), {
    durability: 'strict',
    directory,
    held: false,
  });
  const db = await open('repair', { storage });
  const notes = await db.collection('notes', { dimension: 8, metric: 'dot' });
  await notes.upsert(columns(1500, 8, 1));
  await db.checkpoint();
  const before = await contents(db);
  const file = (await storage.list()).find((one) => one.name.startsWith('blocks-'));
  assert(file !== undefined, 'there are blocks');
  const bytes = (await storage.read(file.name, 0, file.length)).slice();
  bytes[500] = (bytes[500] ?? 0) ^ 1;
  await storage.remove(file.name);
  await storage.create(file.name, pieces(bytes));
  const found = await db.check();
  same(
    [found.ok, found.problems.map((one) => [one.code, one.file, one.collection, one.group, one.repaired])],
    [false, [['block', file.name, 'notes', 0, undefined]]],
    'what is found',
  );
  const aborted = new AbortController();
  aborted.abort(new Error('enough'));
  const message = await db
    .check({ repair: true, signal: aborted.signal })
    .catch((error: Error) => error.message);
  equal(message, 'enough', 'a check that is aborted');
  const phases = new Set<string>();
  const report = await db.check({ repair: true, onProgress: ({ phase }) => phases.add(phase) });
  same(
    [report.ok, report.problems[0]?.repaired !== undefined, phases.has('check')],
    [true, true, true],
    'repaired',
  );
  const kept = report.files[0]?.name ?? '';
  sameBytes(await bytesOf(db.exportQuarantined(kept)), bytes, 'the damaged file');
  same((await db.check()).problems, [], 'problems afterwards');
  equal(await contents(db), before, 'contents');
  await db.close();
}
