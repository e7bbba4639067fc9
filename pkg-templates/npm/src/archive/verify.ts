/** Verifying archives, in levels. */

import { noteIfPossible } from '../audit.js';
import type { Engine } from '../engine.js';
import { invalid } from '../fault.js';
import { progressSink } from '../progress.js';
import { checkOptions, isAnything, isInteger, LONG_OPTIONS } from '../validate.js';
import { brokenLink } from './chain.js';
import { ArchiveInput } from './input.js';
import { lockOf } from './lock.js';
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
  options: VerifyOptions,
  about: (head: VerifyReport) => void,
) => Promise<{ reports: VerifyReport[]; restored: RestoredReport; ms: number }>;

/**
 * Verifies an archive, or with a list a chain of them: the report of the last. Levels up to 3 look at each by itself, and
 * whether it follows the one before; level 4 restores all of them together.
 *
 * @param about is called with what each archive says of itself, also where the rest of it is damaged.
 */
export async function verify(
  source: ArchiveSource | ArchiveSource[],
  options: VerifyOptions = {},
  restorer: Restorer,
  about: (head: VerifyReport) => void = () => undefined,
): Promise<VerifyReport> {
  checkOptions('verify', options, OPTIONS);
  const { level = 3 } = options;
  const sources = Array.isArray(source) ? source : [source];
  if (sources.length === 0) throw invalid('verify: hand over an archive');
  if (level === 4) return restored(sources, options, restorer, about);
  return (await looked(sources, level as 1 | 2 | 3, options, about)).at(-1) as VerifyReport;
}

/** Each by itself, and whether it follows the one before. */
async function looked(
  sources: ArchiveSource[],
  level: 1 | 2 | 3,
  { encrypt, onProgress, signal }: VerifyOptions,
  about: (head: VerifyReport) => void,
): Promise<VerifyReport[]> {
  const lock = lockOf('verify', encrypt);
  const progress = progressSink(onProgress);
  const reports: VerifyReport[] = [];
  for (const one of sources) {
    const input = new ArchiveInput(one);
    try {
      const { report } = await look(level, lock, input.total, () => input.next(), progress, signal);
      about(report);
      reports.push(report);
    } catch (error) {
      const head = signal?.aborted ? undefined : await input.again(lock).catch(() => undefined);
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

async function restored(
  sources: ArchiveSource[],
  options: VerifyOptions,
  restorer: Restorer,
  about: (head: VerifyReport) => void,
): Promise<VerifyReport> {
  // Of a stream, which comes once, restoring verifies all the same; only what it took is not told by level.
  const before = sources.every(isLasting) ? await looked(sources, 3, options, about) : undefined;
  const { reports, restored, ms } = await restorer(sources, options, about);
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
    const report = await verify(source, options, restorer, (head) => (archive = head.manifest?.archive));
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
