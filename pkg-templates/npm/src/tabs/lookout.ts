/** Looks whether the leader is alive, for as long as something waits for it; costs nothing otherwise. */

import type { Follower } from './follower.js';
import { PATIENCE_MS, SILENT_TICKS, TICK_MS } from './protocol.js';

export interface Watch {
  /** Whether anything waits, and this context does not lead itself. */
  needed(): boolean;
  /** The place that was found, if any. */
  follower(): Follower | undefined;
  /** Asks who leads. */
  seek(): void;
  /** Nobody answered for too long. */
  lost(): void;
  /** There was no leader for longer than calls may wait. */
  giveUp(): void;
}

export class Lookout {
  readonly #watch: Watch;
  #timer: ReturnType<typeof setInterval> | undefined;
  #last = 0;
  #silent = 0;
  #alone = 0;

  constructor(watch: Watch) {
    this.#watch = watch;
  }

  get isSilent(): boolean {
    return this.#silent >= SILENT_TICKS;
  }

  start(): void {
    if (this.#timer !== undefined) return;
    this.#last = performance.now();
    this.#silent = 0;
    this.#alone = this.#last;
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
  }

  /** A leader was heard of that is no place yet. */
  heard(): void {
    this.#silent = 0;
    this.#alone = performance.now();
  }

  #tick(): void {
    if (!this.#watch.needed()) {
      clearInterval(this.#timer);
      this.#timer = undefined;
      return;
    }
    const now = performance.now();
    const late = now - this.#last > 3 * TICK_MS;
    this.#last = now;
    const follower = this.#watch.follower();
    if (follower !== undefined) {
      // It was this context that stood still: the answers may be waiting behind this very tick.
      if (late) follower.silent = 0;
      follower.probe();
      this.#silent = Math.max(follower.silent - 1, 0);
      this.#alone = now;
    } else {
      this.#silent = late ? 0 : this.#silent + 1;
      this.#watch.seek();
    }
    if (this.isSilent) this.#watch.lost();
    if (now - this.#alone > PATIENCE_MS) {
      this.#alone = now;
      this.#watch.giveUp();
    }
  }
}
