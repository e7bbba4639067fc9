/** Pieces that no archive names go, and what is damaged is found. */

import { invalid } from '../../fault.js';
import type { ProgressSink } from '../../progress.js';
import { LodestoreError } from '../../errors.js';
import { toHex } from './hex.js';
import { Lease } from './lease.js';
import { type Listing, PIECES } from './listing.js';
import { readPiece, type ReadGround } from './reading.js';

/** What `collect` found, and deleted if it was not dry. */
export interface CollectReport {
  /** Pieces that are there, and how many of them some archive names. */
  pieces: number;
  named: number;
  /** Named by none, and so young that an upload that was cut off may need them when it is run again. */
  young: number;
  /** Deleted, or to be deleted by what was not dry; bytes as far as the store says lengths. */
  deleted: number;
  deletedBytes: number;
}

/** What `check` found. */
export interface RepositoryCheck {
  ok: boolean;
  archives: number;
  /** Pieces that some archive names, each counted once. */
  pieces: number;
  /** Archives of which something is missing or damaged, and what; those without a list of pieces, too. */
  broken: { archive: string; what: string }[];
  /** Damaged pieces that were deleted, so that the next backup that has their content sends it again. */
  deleted: number;
}

export interface CollectGround extends ReadGround {
  /** Every archive by its id, or what is wrong with it. */
  listings: (
    signal: AbortSignal | undefined,
  ) => AsyncGenerator<{ archive: string; listing: Listing | LodestoreError }>;
}

export interface CollectRun {
  dryRun: boolean;
  graceMs: number;
  signal: AbortSignal | undefined;
  progress: ProgressSink | undefined;
}

export async function collect(ground: CollectGround, run: CollectRun): Promise<CollectReport> {
  const { shelf } = ground;
  const { dryRun, graceMs, signal, progress } = run;
  const lease = dryRun ? undefined : await Lease.take(shelf, 'collect', signal);
  try {
    const named = new Set<string>();
    for await (const { archive, listing } of ground.listings(signal)) {
      // What cannot be read may name anything.
      if (listing instanceof LodestoreError) {
        const { code, message } = listing;
        throw new LodestoreError(code, `nothing was deleted: ${message}; remove('${archive}') gives it up`, {
          cause: listing,
        });
      }
      for (const { name } of listing.entries) if (name !== undefined) named.add(toHex(name));
      await lease?.hold(signal);
    }
    const there = await shelf.list(PIECES, signal);
    const now = (lease?.modified ?? new Date()).getTime();
    const report: CollectReport = { pieces: there.length, named: 0, young: 0, deleted: 0, deletedBytes: 0 };
    for (const [at, { key, size, modified }] of there.entries()) {
      if (named.has(key)) report.named += 1;
      else if (graceMs > 0 && modified !== undefined && now - modified.getTime() < graceMs) report.young += 1;
      else {
        await lease?.hold(signal);
        if (!dryRun) await shelf.delete(PIECES + key, signal);
        report.deleted += 1;
        report.deletedBytes += size ?? 0;
      }
      progress?.('collect', at + 1, there.length);
    }
    return report;
  } finally {
    await lease?.end();
  }
}

export interface CheckRun {
  repair: boolean;
  signal: AbortSignal | undefined;
  progress: ProgressSink | undefined;
}

/** Reads every piece of every archive, each once. */
export async function check(
  ground: CollectGround,
  { repair, signal, progress }: CheckRun,
): Promise<RepositoryCheck> {
  const report: RepositoryCheck = { ok: true, archives: 0, pieces: 0, broken: [], deleted: 0 };
  // By content: what is wrong with it, if something is.
  const seen = new Map<string, string | undefined>();
  for await (const { archive, listing } of ground.listings(signal)) {
    report.archives += 1;
    if (listing instanceof LodestoreError) {
      report.broken.push({ archive, what: listing.message });
      continue;
    }
    let wrong: string | undefined;
    for (const [at, { name, raw }] of listing.entries.entries()) {
      if (name !== undefined) {
        const digits = toHex(name);
        if (!seen.has(digits)) seen.set(digits, await wrongWith(ground, name, raw, repair, report, signal));
        wrong ??= seen.get(digits);
      }
      progress?.('check', at + 1, listing.entries.length);
    }
    if (wrong !== undefined) report.broken.push({ archive, what: wrong });
  }
  report.pieces = seen.size;
  report.ok = report.broken.length === 0;
  return report;
}

async function wrongWith(
  ground: CollectGround,
  name: Uint8Array<ArrayBuffer>,
  raw: number,
  repair: boolean,
  report: RepositoryCheck,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  try {
    const content = await readPiece(ground, name, signal);
    if (content.length === raw) return undefined;
    throw invalid('its list says another length');
  } catch (error) {
    if (!(error instanceof LodestoreError) || error.code === 'Unavailable') throw error;
    if (repair && error.code === 'Corrupt') {
      await ground.shelf.delete(PIECES + toHex(name), signal);
      report.deleted += 1;
    }
    return error.message;
  }
}
