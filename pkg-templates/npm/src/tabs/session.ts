/** One follower, as its leader sees it. */

import { wipeLocks } from '../archive/lock.js';
import { ALL_METHODS } from '../engine.js';
import { LodestoreError } from '../errors.js';
import { invalid } from '../fault.js';
import { serve } from '../rpc.js';
import { Channel } from './channel.js';
import { HANDLE_ENDS, HANDLE_STARTS, handleOf } from './handles.js';
import { isOvertaken, type Place } from './place.js';

const ALLOWED: ReadonlySet<string> = new Set([...ALL_METHODS].filter((method) => method !== 'close'));

/** The lock that a follower holds for as long as it lives. */
export function aliveLock(base: string, session: string): string {
  return `${base}:alive:${session.split('.')[0]}`;
}

export function sessionChannel(base: string, session: string): string {
  return `${base}:session:${session}`;
}

export class Session {
  readonly #channel: Channel;
  readonly #place: Place;
  readonly #ended: () => void;
  readonly #watch = new AbortController();
  /** Exports, imports and rebuilds that the follower began: the method that ends each, by its handle. */
  readonly #running = new Map<string, { end: string; handle: number }>();
  #over = false;

  constructor(base: string, session: string, place: Place, ended: () => void) {
    this.#place = place;
    this.#ended = ended;
    this.#channel = new Channel(sessionChannel(base, session));
    serve(this.#channel, async (method, args, progress) => {
      if (method === 'ping') return undefined;
      if (!ALLOWED.has(method)) throw invalid(`the leader knows no method "${method}"`);
      try {
        const result = await place.run(method, args, progress);
        this.#note(method, args, result);
        return result;
      } catch (error) {
        const closed = error instanceof LodestoreError && error.code === 'Closed';
        // Not an answer: the next leader has one.
        if (place.over || closed || isOvertaken(method, args, error))
          return await new Promise(() => undefined);
        throw error;
      } finally {
        wipeLocks(args);
      }
    });
    // Granted when the follower is gone, however it went.
    const { signal } = this.#watch;
    navigator.locks.request(aliveLock(base, session), { signal }, () => this.end()).catch(() => undefined);
  }

  /** The follower is gone: what it began is ended, or an import would keep everybody waiting for ever. */
  end(): void {
    if (this.#over) return;
    this.mute();
    this.#ended();
    for (const { end, handle } of this.#running.values()) {
      this.#place.run(end, [handle], undefined).catch(() => undefined);
    }
  }

  /** Answers no more. */
  mute(): void {
    this.#over = true;
    this.#watch.abort();
    this.#channel.close();
  }

  #note(method: string, args: unknown[], result: unknown): void {
    const asked = method === 'named' ? String(args[1]) : method;
    const end = HANDLE_STARTS.get(asked);
    if (end !== undefined) {
      const handle = handleOf(result);
      if (handle === undefined) return;
      this.#running.set(`${end} ${handle}`, { end, handle });
      if (this.#over) this.#place.run(end, [handle], undefined).catch(() => undefined);
    } else if (HANDLE_ENDS.has(asked)) {
      this.#running.delete(`${asked} ${String(args[0])}`);
    }
  }
}
