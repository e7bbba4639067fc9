/**
 * Where this page keeps backups, so that they can be verified, drilled and restored again. It is the same browser that
 * keeps the database: who clears the one clears the other, which is why a backup can be saved as a file, too.
 */

import { openFiles } from './shelf-files.js';
import { openRecords } from './shelf-records.js';

/** A backup that is kept here. It says enough to be restored where the database, and with it the catalog, is gone. */
export interface KeptBackup {
  archive: string;
  type: 'full' | 'differential' | 'incremental';
  base?: string;
  fromSeq: number;
  toSeq: number;
  toMs: number;
  rows: number;
  bytes: number;
  /** Whether a passphrase opens it. */
  locked: boolean;
  /** What it is called as a file. */
  file: string;
  madeMs: number;
}

/** A backup that is being put down. It counts once `done` has resolved. */
export interface Incoming {
  write(piece: Uint8Array): Promise<void>;
  done(about: KeptBackup): Promise<void>;
  abort(): Promise<void>;
}

export interface Shelf {
  /** For a person: where that is. */
  readonly where: string;
  /** Oldest first. */
  list(): Promise<KeptBackup[]>;
  bytesOf(archive: string): Promise<Blob>;
  put(archive: string): Promise<Incoming>;
  remove(archive: string): Promise<void>;
}

/** Files where the browser lets a page have them, otherwise records: a private window may refuse the first. */
export async function openShelf(): Promise<Shelf> {
  return (await openFiles().catch(() => undefined)) ?? openRecords();
}
