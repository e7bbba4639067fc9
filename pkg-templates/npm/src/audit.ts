/** The audit log of a database. */

import type { Engine } from './engine.js';
import { LodestoreError } from './errors.js';
import type { AuditEntry, AuditLog, AuditOptions } from './reports.js';
import { checkOptions, isInteger, isString } from './validate.js';

/** As many as an answer can have. */
const ENTRIES_MAX = 100_000;

type Stored = Omit<AuditEntry, 'time'> & { timeMs: number };

/** Entries of some kinds, of all where none is named. */
export async function readAudit(
  engine: Engine,
  last: number | undefined,
  kinds: readonly string[],
): Promise<AuditLog> {
  const json = (await engine.upkeep('audit', JSON.stringify({ last, kinds }))) as string;
  const { entries, damage } = JSON.parse(json) as { entries: Stored[]; damage: AuditLog['damage'] };
  return { entries: entries.map(({ timeMs, ...rest }) => ({ ...rest, time: new Date(timeMs) })), damage };
}

/** What `db.audit()` does. */
export async function audit(engine: Engine, options: AuditOptions): Promise<AuditLog> {
  checkOptions('audit', options, { last: isInteger(1, ENTRIES_MAX), kind: isString });
  const { last = 100, kind } = options;
  return readAudit(engine, last, kind === undefined ? [] : [kind]);
}

/** Notes that something was done. */
export async function note(engine: Engine, kind: string, details: Record<string, unknown>): Promise<void> {
  await engine.upkeep('note', kind, JSON.stringify(details));
}

/** As `note`, of what was done whether or not it can be noted: a full disk must not make a failure of it. */
export async function noteIfPossible(
  engine: Engine,
  kind: string,
  details: Record<string, unknown>,
): Promise<void> {
  await note(engine, kind, details).catch(() => undefined);
}

/** Notes that something ended in damage. What was given up, or met no room, is no news about what is stored. */
export async function noteRefused(engine: Engine, kind: string, what: string, error: unknown): Promise<void> {
  if (!(error instanceof LodestoreError) || !['Corrupt', 'Version'].includes(error.code)) return;
  const message = error.message.slice(0, 300);
  await noteIfPossible(engine, kind, { what, ok: false, error: error.code, message });
}
