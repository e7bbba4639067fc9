/** Which archives were made of a database: what its audit log says of them, and nothing else. */

import { note, readAudit } from './audit.js';
import type { Engine } from './engine.js';
import { invalid } from './fault.js';
import type { AuditEntry, AuditLog } from './reports.js';

/** An archive that was made and not forgotten. */
export interface CatalogEntry {
  /** Its id: 32 hexadecimal digits. */
  archive: string;
  type: 'full' | 'differential' | 'incremental';
  /** The archive that it goes on from. */
  base?: string;
  /** All that restoring it takes, the full one first and itself last. */
  chain: string[];
  /** Those of its chain that the catalog does not have (any more): without them it does not restore. */
  missing: string[];
  /** The archives that need it. */
  neededBy: string[];
  /** The writes in it. */
  fromSeq: number;
  toSeq: number;
  /** When these were made. */
  from: Date;
  to: Date;
  rows: number;
  bytes: number;
  /** Where the application put it, if it said so. */
  name?: string;
  /** When it was made. */
  time: Date;
  /** The last time that it was verified. */
  verified?: CatalogCheck;
  /** The last time that it was restored aside and compared. */
  drilled?: CatalogCheck;
}

/** How a verification or a drill went. */
export interface CatalogCheck {
  time: Date;
  ok: boolean;
  /** The level of a verification. */
  level?: number;
}

export interface Catalog {
  /** Oldest first. */
  archives: CatalogEntry[];
  /** What of the audit log is damaged: an archive may be missing here for it. */
  damage: AuditLog['damage'];
}

const KINDS = ['backup', 'verify', 'drill', 'forget'];
const TYPES: readonly unknown[] = ['full', 'differential', 'incremental'] satisfies CatalogEntry['type'][];

/** What `db.catalog()` does. */
export async function catalog(engine: Engine): Promise<Catalog> {
  const { entries, damage } = await readAudit(engine, undefined, KINDS);
  return { archives: archivesOf(entries), damage };
}

/** What `db.forget()` does. */
export async function forget(engine: Engine, archive: string): Promise<void> {
  const { archives } = await catalog(engine);
  if (!archives.some((one) => one.archive === archive)) {
    const known = archives.map((one) => one.archive).join(', ');
    throw invalid(
      'forget: there is no such archive in the catalog',
      known === '' ? 'there is none' : known,
      archive,
    );
  }
  await note(engine, 'forget', { archive, ok: true });
}

/** The catalog as entries of the audit log tell it, oldest first. */
export function archivesOf(entries: readonly AuditEntry[]): CatalogEntry[] {
  const known = new Map<string, CatalogEntry>();
  for (const { kind, time, details } of entries) {
    const { archive, ok } = details;
    if (typeof archive !== 'string') continue;
    const there = known.get(archive);
    if (kind === 'backup') {
      const made = ok === false ? undefined : archiveOf(archive, time, details);
      // The same one once more is where it was put last.
      known.delete(archive);
      if (made !== undefined) known.set(archive, made);
      else if (there !== undefined) known.set(archive, there);
    } else if (kind === 'forget') known.delete(archive);
    else if (there !== undefined) {
      const level = typeof details['level'] === 'number' ? { level: details['level'] } : {};
      there[kind === 'verify' ? 'verified' : 'drilled'] = { time, ok: ok === true, ...level };
    }
  }
  const archives = [...known.values()];
  for (const one of archives) link(one, known);
  return archives;
}

/** What a `backup` entry says; nothing where it does not say what an archive is. */
function archiveOf(archive: string, time: Date, details: Record<string, unknown>): CatalogEntry | undefined {
  const { type, base, name } = details;
  if (!TYPES.includes(type)) return undefined;
  const number = (field: string): number => {
    const value = details[field] as number;
    // Times go on as whole numbers, and later ones than this are no date.
    return Number.isSafeInteger(value) && value >= 0 && value <= 8.64e15 ? value : 0;
  };
  return {
    archive,
    type: type as CatalogEntry['type'],
    ...(typeof base === 'string' && { base }),
    chain: [],
    missing: [],
    neededBy: [],
    fromSeq: number('fromSeq'),
    toSeq: number('toSeq'),
    from: new Date(number('fromMs')),
    to: new Date(number('toMs')),
    rows: number('rows'),
    bytes: number('bytes'),
    ...(typeof name === 'string' && { name }),
    time,
  };
}

/** Follows the bases of an archive. What goes in circles, which only a wrong entry can, ends where it began. */
function link(one: CatalogEntry, known: ReadonlyMap<string, CatalogEntry>): void {
  const chain = [one.archive];
  let base = one.type === 'full' ? undefined : (one.base ?? 'not known');
  while (base !== undefined && !chain.includes(base)) {
    chain.unshift(base);
    const next = known.get(base);
    if (next === undefined) one.missing.push(base);
    else next.neededBy.push(one.archive);
    base = next === undefined || next.type === 'full' ? undefined : (next.base ?? 'not known');
  }
  one.chain = chain;
}
