/** Backups as the page shows them: what the catalog says of each, and what is kept here. */

import type { CatalogEntry, Database } from 'lodestore';
import type { KeptBackup, Shelf } from './shelf.js';

export interface Backup {
  archive: string;
  type: CatalogEntry['type'];
  /** All that restoring it takes, the full one first. */
  chain: string[];
  toSeq: number;
  /** Of the last write in it. */
  to: Date;
  rows: number;
  bytes: number;
  made: Date;
  verified: CatalogEntry['verified'];
  drilled: CatalogEntry['drilled'];
  kept: KeptBackup | undefined;
  /** Whether this database knows it; one of a database that is gone can be restored all the same. */
  known: boolean;
  /** How many of its chain are not kept here. */
  absent: number;
  locked: boolean;
  /** Other backups that go on from it. */
  neededBy: number;
}

/** Newest first. */
export async function backupsOf(db: Database, shelf: Shelf): Promise<Backup[]> {
  const [{ archives }, kept] = await Promise.all([db.catalog(), shelf.list()]);
  const here = new Map(kept.map((one) => [one.archive, one]));
  const all = archives.map((entry): Backup => {
    const { archive, type, chain, toSeq, to, rows, bytes, verified, drilled, time } = entry;
    const about = { archive, type, chain, toSeq, to, rows, bytes, verified, drilled, made: time };
    return { ...about, known: true, ...keeping(archive, chain, here), neededBy: entry.neededBy.length };
  });
  for (const one of kept) {
    if (all.some(({ archive }) => archive === one.archive)) continue;
    const { archive, type, toSeq, rows, bytes } = one;
    const chain = chainOf(one, here);
    const about = { archive, type, chain, toSeq, rows, bytes, verified: undefined, drilled: undefined };
    const times = { to: new Date(one.toMs), made: new Date(one.madeMs) };
    const neededBy = kept.filter(({ base }) => base === archive).length;
    all.push({ ...about, ...times, known: false, ...keeping(archive, chain, here), neededBy });
  }
  return all.sort((a, b) => b.made.getTime() - a.made.getTime());
}

function keeping(archive: string, chain: string[], here: ReadonlyMap<string, KeptBackup>) {
  return {
    kept: here.get(archive),
    absent: chain.filter((id) => !here.has(id)).length,
    locked: chain.some((id) => here.get(id)?.locked === true),
  };
}

function chainOf(one: KeptBackup, here: ReadonlyMap<string, KeptBackup>): string[] {
  const chain = [one.archive];
  for (let base = one.base; base !== undefined && !chain.includes(base); base = here.get(base)?.base) {
    chain.unshift(base);
  }
  return chain;
}

/** The archives of its chain, in their order, to be read. */
export async function sourcesOf(shelf: Shelf, { chain, absent }: Backup): Promise<Blob[]> {
  if (absent > 0) {
    throw new Error(
      `${absent} of the ${chain.length} archives that it takes are not kept here. Add their files first.`,
    );
  }
  return Promise.all(chain.map((archive) => shelf.bytesOf(archive)));
}
