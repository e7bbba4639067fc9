/** The database that a command is about: opened, handed over, and closed whatever happens. */

import { existsSync } from 'node:fs';
import { rmdir } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { type Database, deleteDatabase, LodestoreError, open, type Progress } from '../index.node.js';
import { directoryName } from '../storage/names.js';
import type { Call } from './command.js';
import { DamagedDatabase } from './damaged-database.js';

type OnProgress = (progress: Progress) => void;

export interface PlaceOptions {
  /** Make one that is not there. Otherwise that is an error: a name that was misspelt must not become a database. */
  make?: boolean;
  salvage?: boolean;
}

export function isThere(call: Call, name: string): boolean {
  return existsSync(folderOf(call, name));
}

/** Takes a database away that was made a moment ago and came to nothing, with its folder; others are left alone. */
export async function unmake(call: Call, name: string): Promise<void> {
  const directory = call.options.text('dir');
  // What went wrong before is what is told.
  await deleteDatabase(name, { storage: 'files', ...(directory !== undefined && { directory }) })
    // The directory of all databases, where this was the only one, and nobody named it.
    .then(() => (directory === undefined ? rmdir(dirname(folderOf(call, name))) : undefined))
    .catch(() => undefined);
}

function folderOf(call: Call, name: string): string {
  return resolve(call.options.text('dir') ?? '.lodestore', directoryName(name));
}

/** Runs `body` with the database `name` of the directory that the call names. */
export async function withDatabase<T>(
  call: Call,
  name: string,
  { make = false, salvage = false }: PlaceOptions,
  body: (db: Database) => Promise<T>,
): Promise<T> {
  const folder = folderOf(call, name);
  if (!make && !existsSync(folder)) {
    const expected = 'the name of a database, and --dir with the directory that holds it';
    throw new LodestoreError('Invalid', `there is no database "${name}"`, { expected, got: folder });
  }
  const directory = call.options.text('dir');
  const { signal } = call;
  const where = directory === undefined ? {} : { directory };
  const opening = (onProgress: OnProgress): Promise<Database> =>
    open(name, { storage: 'files', salvage, signal, onProgress, ...where }).catch((error: unknown) => {
      throw error instanceof LodestoreError && error.code === 'Corrupt'
        ? new DamagedDatabase(name, error)
        : error;
    });
  return closing(call, opening, body);
}

/** Runs `body` with an empty database in memory. */
export function inMemory<T>(call: Call, body: (db: Database) => Promise<T>): Promise<T> {
  return closing(
    call,
    (onProgress) => open('aside', { storage: 'memory', signal: call.signal, onProgress }),
    body,
  );
}

async function closing<T>(
  call: Call,
  opening: (onProgress: OnProgress) => Promise<Database>,
  body: (db: Database) => Promise<T>,
): Promise<T> {
  const bar = call.io.bar();
  const db = await opening(bar.on).finally(() => bar.end());
  let result: T;
  try {
    result = await body(db);
  } catch (error) {
    // What went wrong first is what is told.
    await db.close().catch(() => undefined);
    throw error;
  }
  await db.close();
  return result;
}
