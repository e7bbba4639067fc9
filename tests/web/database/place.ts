/** Where a database can be in each context, and a fresh one there for a case. */

import { type Database, deleteDatabase, open, type OpenOptions } from 'lodestore';
import { type Case, type Context, equal, freshName, same } from '../check.js';
import { ObjectStorage } from './storage.js';

/** One kind of storage, used from here or in a worker. */
export interface Place {
  label: string;
  /** Whether what was written is there when it is opened again. */
  keeps: boolean;
  /** Whether several contexts can have it open. */
  shares: boolean;
  open(name: string, extra?: OpenOptions): Promise<Database>;
  remove(name: string): Promise<void>;
}

function named(label: string, options: OpenOptions): Place {
  const { storage, directory } = options;
  return {
    label,
    keeps: storage !== 'memory',
    shares: storage === 'indexeddb' || storage === 'opfs',
    open: (name, extra) => open(name, { ...options, ...extra }),
    remove: (name) => deleteDatabase(name, directory === undefined ? { storage } : { storage, directory }),
  };
}

function object(): Place {
  const storages = new Map<string, ObjectStorage>();
  return {
    label: 'object',
    keeps: true,
    shares: false,
    open: (name, extra) => {
      const storage = storages.get(name) ?? new ObjectStorage();
      storages.set(name, storage);
      return open(name, { storage, ...extra });
    },
    remove: async (name) => {
      const storage = storages.get(name);
      if (storage === undefined) return;
      await deleteDatabase(name, { storage });
      equal(storage.files.size, 0, 'files that are left');
      storages.delete(name);
    },
  };
}

/** The directory that the driving process gives Node to play in. */
export const directory = (globalThis as { testDirectory?: string }).testDirectory;

/** Every place of a context. OPFS has its handles in workers only, so a window gets it through one. */
export function places(context: Context): Place[] {
  const memory = named('memory', { storage: 'memory' });
  const indexeddb = named('indexeddb', { storage: 'indexeddb' });
  switch (context) {
    case 'node':
      return [memory, object(), named('files', { storage: 'files', directory })];
    case 'edge':
      return [memory, object()];
    case 'window':
      return [
        memory,
        indexeddb,
        named('indexeddb in its worker', { storage: 'indexeddb', worker: true }),
        named('opfs in its worker', { storage: 'opfs', worker: true }),
      ];
    case 'worker':
      return [memory, indexeddb, named('opfs', { storage: 'opfs' })];
  }
}

/** A database of a case. */
export interface Session {
  name: string;
  place: Place;
  db: Database;
  /** Closes it and opens it again. */
  reopen(extra?: OpenOptions): Promise<Database>;
}

export type Body = (session: Session) => Promise<void>;

/** Runs `body` on a database that is new, and removes it. */
export async function fresh(place: Place, body: Body, extra?: OpenOptions): Promise<void> {
  const name = freshName('Database ä');
  const session: Session = {
    name,
    place,
    db: await place.open(name, extra),
    async reopen(other = extra) {
      await session.db.close();
      session.db = await place.open(name, other);
      return session.db;
    },
  };
  await body(session);
  await session.db.close();
  await place.remove(name);
}

/** A case that runs on a fresh database of each place. */
export function everywhere(on: Place[], name: string, body: Body, extra?: OpenOptions): Case[] {
  return on.map((place) => ({ name: `${place.label}: ${name}`, run: () => fresh(place, body, extra) }));
}

/** Everything that a database holds, as text. */
export async function contents(db: Database, seqs = true): Promise<string> {
  const all: unknown[] = [];
  for (const info of await db.collections()) {
    const rows: unknown[] = [];
    const collection = await db.collection(info.name);
    for await (const row of collection.listAll({ returnVectors: true, limit: 1000 })) {
      rows.push([row.id, row.metadata, Array.from(row.vector ?? []), seqs ? row.seq : 0]);
    }
    all.push([info, rows]);
  }
  return JSON.stringify(all);
}

/** Runs `body`; the database must hold afterwards what it held before, and have written nothing. */
export async function unchanged(db: Database, what: string, body: () => Promise<unknown>): Promise<void> {
  const before = [(await db.stats()).seq, await contents(db)];
  await body();
  same([(await db.stats()).seq, await contents(db)], before, `${what}: what is stored`);
}

/** All of a stream. By a reader, because a `Response` over a stream that fails hides why in browsers. */
export async function bytesOf(stream: ReadableStream<Uint8Array>): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  const reader = stream.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return new Uint8Array(await new Blob(chunks).arrayBuffer());
    chunks.push(value as Uint8Array<ArrayBuffer>);
  }
}
