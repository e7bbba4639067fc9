/**
 * Exclusive ownership. Locks are for good manners and clear messages: that two writers cannot damage a file is
 * ensured by compare-and-append. Cleaning up left-overs does rely on them.
 */

import { LodestoreError } from '../errors.js';
import type { StorageKind } from '../types.js';

/** Held until released; releasing twice does nothing. */
export interface Lock {
  release(): void | Promise<void>;
}

const claimed = new WeakSet<object>();

/** Takes `object` for one owner in this realm; `Conflict` when it has one. */
export function claim(object: object, label: string): Lock {
  if (claimed.has(object)) {
    throw new LodestoreError('Conflict', `${label} is open already; close it there first`);
  }
  claimed.add(object);
  let held = true;
  return {
    release() {
      // Once only: a second release must not free what somebody else claimed in between.
      if (held) claimed.delete(object);
      held = false;
    },
  };
}

/** The lock of a database: who has it may write to it. */
export function lockName(kind: StorageKind, name: string): string {
  return `lodestore:${kind}:${name}`;
}

/** Where somebody else has the lock already. */
export const HELD: Lock = { release: () => undefined };

/** Waits between attempts, ms. A page that reloads frees its locks up to 60 ms later, a busy one later still. */
const WAITS_MS = [0, 20, 50, 80, 100, 150, 200, 200, 200];

/**
 * Takes the Web Lock `name`. Every attempt is a new request, because a page in the back/forward cache gives its
 * lock up for a new request only, never for one that waits.
 */
export async function webLock(name: string, label: string): Promise<Lock> {
  const locks = globalThis.navigator?.locks;
  if (locks === undefined) {
    throw new LodestoreError(
      'Unavailable',
      `${label} cannot be opened: this page has no Web Locks; serve it from https or from localhost`,
    );
  }
  for (const wait of WAITS_MS) {
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    const lock = await request(locks, name);
    if (lock !== undefined) return lock;
  }
  throw new LodestoreError('Conflict', `${label} is open in another tab or worker; close it there first`);
}

function request(locks: LockManager, name: string): Promise<Lock | undefined> {
  return new Promise((resolve, reject) => {
    const over: Promise<unknown> = locks.request(name, { mode: 'exclusive', ifAvailable: true }, (lock) => {
      if (lock === null) return resolve(undefined);
      return new Promise<void>((end) => {
        // Done when the lock is really free, so that whoever awaits the release can take it at once.
        const release = (): Promise<void> => (end(), over.then(noop, noop));
        resolve({ release });
      });
    });
    over.catch(reject);
  });
}

const noop = (): void => undefined;

/**
 * Calls `hidden` when the page is left. It may go into the back/forward cache, where a lock it holds would shut
 * out every other tab; so the owner has to let go at once. Workers get no such event: whoever made the worker
 * closes the database or ends the worker. Returns what stops the watch.
 */
export function watchPageHide(hidden: () => void): () => void {
  if (typeof document === 'undefined') return () => undefined;
  globalThis.addEventListener('pagehide', hidden);
  return () => globalThis.removeEventListener('pagehide', hidden);
}

/** Why calls are refused after `watchPageHide` fired. */
export const PAGE_HIDDEN = 'the page was left or hidden in the back/forward cache; open it again';
