/**
 * Keeps uploads and `collect` apart, who may be anywhere: a store has no locks. Each puts an object that says so, and then
 * looks for one of the other kind: of two that begin at once at least one sees the other. One that was not renewed for a
 * quarter of an hour counts no more: whoever put it is gone.
 */

import { LodestoreError } from '../../errors.js';
import type { ObjectInfo } from '../stores/object-store.js';
import type { Shelf } from '../stores/shelf.js';
import { toHex } from './hex.js';

export const LEASES = 'leases/';
const LEASE_MS = 15 * 60_000;
const RENEW_MS = 3 * 60_000;

export type Work = 'upload' | 'collect';

/** Of which kind none may be under way. */
const APART: Record<Work, readonly Work[]> = { upload: ['collect'], collect: ['upload', 'collect'] };

export class Lease {
  readonly #shelf: Shelf;
  readonly #who: string;
  #at: number;
  /** When it was put, by the clock of the store. */
  modified: Date | undefined;

  private constructor(shelf: Shelf, who: string, at: number) {
    this.#shelf = shelf;
    this.#who = who;
    this.#at = at;
  }

  /** `Conflict` where what may not go on beside it is under way. */
  static async take(shelf: Shelf, work: Work, signal: AbortSignal | undefined): Promise<Lease> {
    const who = `${work}-${toHex(crypto.getRandomValues(new Uint8Array(8)))}`;
    const lease = new Lease(shelf, who, Date.now());
    try {
      await shelf.put(lease.#key, new Uint8Array(0), signal);
      const all = await shelf.list(LEASES, signal);
      const own = all.find(({ key }) => LEASES + key === lease.#key);
      lease.modified = own?.modified;
      const others = all.filter(({ key }) => key.split('-')[1] !== who.split('-')[1]);
      const other = others.find(
        (one) => APART[work].some((kind) => one.key.startsWith(`${kind}-`)) && lease.#isAlive(one),
      );
      if (other !== undefined) throw beside(work, other.key.split('-')[0] as Work);
      return lease;
    } catch (error) {
      await lease.end();
      throw error;
    }
  }

  get #key(): string {
    return `${LEASES}${this.#who}-${this.#at}`;
  }

  #isAlive({ key, modified }: ObjectInfo): boolean {
    // Both times by the clock of the store, if it says any: others' clocks may be wrong.
    const age =
      modified !== undefined && this.modified !== undefined
        ? this.modified.getTime() - modified.getTime()
        : this.#at - Number(key.split('-')[2]);
    return age < LEASE_MS;
  }

  /** Before anything that needs it. `Conflict` when it ran out: then nobody waits for it any more. */
  async hold(signal: AbortSignal | undefined): Promise<void> {
    const now = Date.now();
    if (now - this.#at >= LEASE_MS) {
      throw new LodestoreError(
        'Conflict',
        'this stood still for a quarter of an hour, and others may have gone on: run it again',
      );
    }
    if (now - this.#at < RENEW_MS) return;
    const old = this.#key;
    this.#at = now;
    await this.#shelf.put(this.#key, new Uint8Array(0), signal);
    await this.#shelf.delete(old, signal);
  }

  /** A lease that cannot be removed runs out. */
  async end(): Promise<void> {
    await this.#shelf.delete(this.#key).catch(() => undefined);
  }
}

function beside(work: Work, other: Work): LodestoreError {
  const said =
    other === 'collect'
      ? 'pieces are being collected'
      : 'an upload is under way, or was cut off in the last quarter of an hour';
  const then = work === 'upload' ? 'back up' : 'collect';
  return new LodestoreError('Conflict', `${said} in this repository: ${then} when that is over`);
}
