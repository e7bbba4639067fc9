/** Exports, imports, backups, restores, verifications and rebuilds that run at some place; elsewhere their handles mean nothing. */

import type { Place } from './place.js';

/** Methods that begin one, with the method that gives it up. */
export const HANDLE_STARTS: ReadonlyMap<string, string> = new Map([
  ['pastStart', 'pastClose'],
  ['exportStart', 'exportClose'],
  ['importStart', 'importAbort'],
  ['backupStart', 'backupClose'],
  ['lookStart', 'lookClose'],
  ['stageStart', 'stageAbort'],
  ['stagePast', 'stageAbort'],
  ['rebuildStart', 'rebuildAbort'],
]);

export const HANDLE_ENDS: ReadonlySet<string> = new Set(HANDLE_STARTS.values());

const HANDLE_USES: ReadonlySet<string> = new Set([
  ...HANDLE_ENDS,
  'pastRead',
  'pastRestore',
  'exportNext',
  'importWrite',
  'backupNext',
  'lookWrite',
  'lookFinish',
  'stageAdd',
  'stageWrite',
  'stageAdded',
  'stageFinish',
  'stageIndex',
  'stageRead',
  'stageCommit',
  'importFinish',
  'rebuildNext',
  'rebuildPut',
  'rebuildProgress',
  'rebuildCommit',
]);

/** The handle in the answer to a method that begins something. */
export function handleOf(result: unknown): number | undefined {
  return (typeof result === 'object' ? (result as { handle?: number } | null)?.handle : result) as
    number | undefined;
}

/** Handles of this context's own, each for one of some place. */
export class Handles {
  readonly #known = new Map<number, { place: Place; handle: number }>();
  #last = 0;

  uses(method: string): boolean {
    return HANDLE_USES.has(method);
  }

  /** The answer of `place` with a handle of our own in it. */
  enter(place: Place, method: string, result: unknown): unknown {
    const handle = HANDLE_STARTS.has(method) ? handleOf(result) : undefined;
    if (handle === undefined) return result;
    this.#known.set(++this.#last, { place, handle });
    return typeof result === 'object' ? { ...result, handle: this.#last } : this.#last;
  }

  /** Where a handle of our own belongs. */
  find(own: unknown): { place: Place; handle: number } | undefined {
    return this.#known.get(own as number);
  }

  forget(own: unknown): void {
    this.#known.delete(own as number);
  }
}
