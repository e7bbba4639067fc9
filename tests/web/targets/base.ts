/** A database to back up, stores that fail, and what the cases ask of both. */

import { type Database, open } from 'lodestore';
import {
  backupTo,
  type BackupTarget,
  type MemoryStore,
  memoryStore,
  type ObjectStore,
} from 'lodestore/targets';
import { columns } from '../database/rows.js';
import { bytesOf } from '../database/place.js';

/** Three row groups, and a little. */
export const ROWS = 3100;

/** Runs `body` on a database in memory with rows in it. */
export async function filled(body: (db: Database) => Promise<void>, rows = ROWS): Promise<void> {
  const db = await open('targets', { storage: 'memory' });
  try {
    const notes = await db.collection('notes', { dimension: 8, index: 'flat' });
    await notes.upsert(columns(rows, 8, 1));
    await body(db);
  } finally {
    await db.close();
  }
}

/** As it is, and kept aside to be compared with: what comes of a target is these bytes. */
export function recording(target: BackupTarget): BackupTarget & { bytes: () => Promise<Uint8Array> } {
  let pieces: Uint8Array<ArrayBuffer>[] = [];
  return {
    ...target,
    fetch: target.fetch,
    ...(target.packs !== undefined && { packs: target.packs }),
    bytes: async () => new Uint8Array(await new Blob(pieces).arrayBuffer()),
    begin: async (about) => {
      pieces = [];
      const sink = await target.begin(about);
      return {
        write: async (bytes) => {
          pieces.push(bytes.slice() as Uint8Array<ArrayBuffer>);
          await sink.write(bytes);
        },
        close: () => sink.close(),
        abort: () => sink.abort(),
      };
    },
  };
}

/** The bytes of whatever an archive comes in. */
export async function read(source: unknown): Promise<Uint8Array<ArrayBuffer>> {
  if (source instanceof Response) return new Uint8Array(await source.arrayBuffer());
  if (source instanceof Blob) return new Uint8Array(await source.arrayBuffer());
  return bytesOf(source as ReadableStream<Uint8Array>);
}

/** What a host without a connection says: asking again will not help. */
export class Cut extends Error {
  readonly status = 400;
}

/** A store over memory that can be told how to fail. */
export interface Faulty extends ObjectStore {
  readonly memory: MemoryStore;
  /** Every call, in order: `put leases/...`. */
  readonly calls: string[];
  /** Throws to make a call fail; its number counts from 1. */
  before: (call: string, number: number) => void | Promise<void>;
  count(below: string): number;
}

export function faulty(memory: MemoryStore = memoryStore()): Faulty {
  const told = async (verb: string, key: string): Promise<void> => {
    const call = `${verb} ${key}`;
    store.calls.push(call);
    await store.before(call, store.calls.length);
  };
  const store: Faulty = {
    memory,
    calls: [],
    before: () => undefined,
    count: (below) => [...memory.objects.keys()].filter((key) => key.startsWith(below)).length,
    put: async (key, bytes) => {
      await told('put', key);
      await memory.put(key, bytes);
    },
    get: async (key) => {
      await told('get', key);
      return memory.get(key);
    },
    list: async (prefix) => {
      await told('list', prefix);
      return memory.list(prefix) as Promise<[]>;
    },
    delete: async (key) => {
      await told('delete', key);
      await memory.delete(key);
    },
  };
  return store;
}

/** Backs up and says what was sent: without the list of pieces, which is always new. */
export async function pieces(
  db: Database,
  target: BackupTarget,
): Promise<{ archive: string; sent: number; skipped: number; bytes: number }> {
  const { archive, sent } = await backupTo(db, target);
  return { archive, sent: sent.pieces - 1, skipped: sent.skipped, bytes: sent.bytes };
}
