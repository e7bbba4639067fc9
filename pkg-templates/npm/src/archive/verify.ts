/** Verifying archives, in levels. */

import { noteIfPossible } from '../audit.js';
import type { Engine } from '../engine.js';
import { invalid } from '../fault.js';
import { progressSink } from '../progress.js';
import { checkOptions, isAnything, isInteger, LONG_OPTIONS } from '../validate.js';
import type { LookCalls } from './calls.js';
import { brokenLink } from './chain.js';
import { ArchiveInput } from './input.js';
import { type Keyring, lockOf } from './lock.js';
import { look } from './look.js';
import type { ArchiveSource, RestoredReport, VerifyLevel, VerifyOptions, VerifyReport } from './types.js';

const OPTIONS = {
  level: isInteger(1, 4),
  encrypt: isAnything,
  queries: isInteger(0, 10_000),
  ...LONG_OPTIONS,
};

/** Restores archives into memory and asks them: what level 4 is. */
export type Restorer = (
  archives: ArchiveSource[],
  options: Omit<VerifyOptions, 'encrypt'>,
  keys: Keyring,
  about: (head: VerifyReport) => void,
) => Promise<{ reports: VerifyReport[]; restored: RestoredReport; ms: number }>;

/**
 * Verifies an archive, or with a list a chain of them: the report of the last. Levels up to 3 look at each by itself, and
 * whether it follows the one before; level 4 restores all of them together.
 *
 * @param about is called with what each archive says of itself, also where the rest of it is damaged.
 */
export async function verify(
  archives: LookCalls,
  source: ArchiveSource | ArchiveSource[],
  options: VerifyOptions = {},
  restorer: Restorer,
  about: (head: VerifyReport) => void = () => undefined,
): Promise<VerifyReport> {
  checkOptions('verify', options, OPTIONS);
  const { level = 3 } = options;
  const sources = Array.isArray(source) ? source : [source];
  if (sources.length === 0) throw invalid('verify: hand over an archive');
  const keys = lockOf('verify', options.encrypt);
  const verification: Verification = { archives, sources, options, keys, about };
  try {
    if (level === 4) return await restored(verification, restorer);
    return (await looked(verification, level as 1 | 2 | 3)).at(-1) as VerifyReport;
  } finally {
    keys.end();
  }
}

/** One that is under way. */
interface Verification {
  archives: LookCalls;
  sources: ArchiveSource[];
  options: VerifyOptions;
  keys: Keyring;
  about: (head: VerifyReport) => void;
}

/** Each by itself, and whether it follows the one before. */
async function looked(
  { archives, sources, options, keys, about }: Verification,
  level: 1 | 2 | 3,
): Promise<VerifyReport[]> {
  const { onProgress, signal } = options;
  const progress = progressSink(onProgress);
  const reports: VerifyReport[] = [];
  for (const one of sources) {
    const input = new ArchiveInput(one);
    try {
      const next = () => input.next();
      const { report } = await look(archives, level, keys, input.total, next, progress, signal);
      about(report);
      reports.push(report);
    } catch (error) {
      const head = signal?.aborted ? undefined : await input.again(archives, keys).catch(() => undefined);
      if (head !== undefined) about(head.report);
      throw error;
    } finally {
      input.cancel();
    }
    const broken = brokenLink(reports, false);
    if (broken !== undefined) throw broken.error;
  }
  return reports;
}

/** Whether it can be read more than once. */
function isLasting(source: ArchiveSource): boolean {
  return source instanceof Blob || source instanceof Uint8Array || source instanceof ArrayBuffer;
}

async function restored(verification: Verification, restorer: Restorer): Promise<VerifyReport> {
  const { sources, options, keys, about } = verification;
  // Of a stream, which comes once, restoring verifies all the same; only what it took is not told by level.
  const before = sources.every(isLasting) ? await looked(verification, 3) : undefined;
  const { reports, restored, ms } = await restorer(sources, options, keys, about);
  const report = (before ?? reports).at(-1) as VerifyReport;
  return { ...report, levels: [...report.levels, { level: 4, ms }], restored };
}

/** As `verify`, noted in the audit log of a database: how it went, whether it went well or not. */
export async function verifyNoted(
  engine: Engine,
  source: ArchiveSource | ArchiveSource[],
  options: VerifyOptions = {},
  restorer: Restorer,
): Promise<VerifyReport> {
  const level: VerifyLevel = options.level ?? 3;
  let archive: string | undefined;
  try {
    const report = await verify(
      engine.archives,
      source,
      options,
      restorer,
      (head) => (archive = head.manifest?.archive),
    );
    const { rows, bytes, sha256, restored } = report;
    await noteIfPossible(engine, 'verify', {
      archive,
      level,
      ok: true,
      rows,
      bytes,
      sha256,
      recall: restored?.recall,
    });
    return report;
  } catch (error) {
    if (!options.signal?.aborted) {
      await noteIfPossible(engine, 'verify', { archive, level, ok: false, error: String(error) });
    }
    throw error;
  }
}
