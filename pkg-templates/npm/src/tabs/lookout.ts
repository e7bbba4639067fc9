/** Looks whether the leader is alive, for as long as something waits for it; costs nothing otherwise. */

import type { Follower } from './follower.js';
import { PATIENCE_MS, SILENT_MS, TICK_COUNTS_MS, TICK_MS } from './protocol.js';

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
  #silentMs = 0;
  #alone = 0;

  constructor(watch: Watch) {
    this.#watch = watch;
  }

  get isSilent(): boolean {
    return this.#silentMs >= SILENT_MS;
  }

  start(): void {
    if (this.#timer !== undefined) return;
    this.#last = performance.now();
    this.#silentMs = 0;
    this.#alone = this.#last;
    const follower = this.#watch.follower();
    if (follower !== undefined) follower.silentMs = 0;
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
  }

  /** A leader was heard of that is no place yet. */
  heard(): void {
    this.#silentMs = 0;
    this.#alone = performance.now();
  }

  #tick(): void {
    if (!this.#watch.needed()) {
      clearInterval(this.#timer);
      this.#timer = undefined;
      return;
    }
    const now = performance.now();
    const passed = Math.min(now - this.#last, TICK_COUNTS_MS);
    this.#last = now;
    const follower = this.#watch.follower();
    if (follower === undefined) {
      this.#silentMs += passed;
      this.#watch.seek();
    } else {
      follower.silentMs = now < follower.excusedUntil ? 0 : follower.silentMs + passed;
      this.#silentMs = follower.silentMs;
      this.#alone = now;
      follower.probe();
    }
    if (this.isSilent) this.#watch.lost();
    if (now - this.#alone > PATIENCE_MS) {
      this.#alone = now;
      this.#watch.giveUp();
    }
  }
}
