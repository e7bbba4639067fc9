/** Which archives follow which: what a chain is checked for before anything of it is brought in. */

import type { LodestoreError } from '../errors.js';
import { invalid, mismatch } from '../fault.js';
import type { ArchiveManifest, VerifyReport } from './types.js';

/** Where archives do not make a chain. */
export interface BrokenLink {
  /** Which of the archives does not follow the one before. */
  at: number;
  /** The id of the archive that ought to stand before it, where one is missing. */
  missing: string | undefined;
  error: LodestoreError;
}

/** What an archive is, and up to which write it reaches. */
const named = (id: string, seq: number) => `archive ${id}, up to write ${seq}`;

/**
 * Looks for a gap, a wrong order and archives of another database. `whole`: the first one has to be full, as for restoring
 * them. Of an archive that was looked at without its key it is known of which database it is, and no more.
 */
export function brokenLink(reports: readonly VerifyReport[], whole: boolean): BrokenLink | undefined {
  for (const [at, { database, version, manifest }] of reports.entries()) {
    const last = reports[at - 1];
    const broken = (error: LodestoreError, missing?: string): BrokenLink => ({ at, missing, error });
    if (last !== undefined && last.database !== database)
      return broken(
        mismatch('these archives are of two databases: restore each by itself', last.database, database),
      );
    if (last !== undefined && (version < 4 || last.version < 4))
      return broken(invalid('an archive of an older version stands by itself: give only that one'));
    if (manifest === undefined) continue;
    const { base } = manifest;
    if (base === undefined) {
      if (last === undefined) continue;
      return broken(invalid('a full archive stands at the beginning: give one, and what follows it'));
    }
    const before: ArchiveManifest | undefined = last?.manifest;
    if (last === undefined ? !whole : before === undefined || follows(manifest, before)) continue;
    return broken(
      invalid(
        `before this ${manifest.type} archive another one is missing, which it follows`,
        named(base, manifest.fromSeq),
        before === undefined ? 'none' : named(before.archive, before.toSeq),
      ),
      base,
    );
  }
  return undefined;
}

function follows({ base, fromSeq }: ArchiveManifest, before: ArchiveManifest): boolean {
  return before.archive === base && before.toSeq === fromSeq;
}
