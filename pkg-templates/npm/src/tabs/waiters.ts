/** Calls that wait for a place, or for an answer. */

import type { LodestoreError } from '../errors.js';
import type { Place } from './place.js';

export class Waiters {
  #next:
    { promise: Promise<Place>; resolve: (place: Place) => void; reject: (why: unknown) => void } | undefined;
  #busy = 0;

  /** Whether anybody waits. */
  get any(): boolean {
    return this.#busy > 0 || this.#next !== undefined;
  }

  /** Counts one that waits for an answer, until the function that is returned was called. */
  enter(): () => void {
    this.#busy += 1;
    return () => void (this.#busy -= 1);
  }

  /** The next place. */
  place(): Promise<Place> {
    if (this.#next === undefined) {
      let resolve: (place: Place) => void = () => undefined;
      let reject: (why: unknown) => void = () => undefined;
      const promise = new Promise<Place>((yes, no) => ([resolve, reject] = [yes, no]));
      this.#next = { promise, resolve, reject };
    }
    return this.#next.promise;
  }

  found(place: Place): void {
    this.#next?.resolve(place);
    this.#next = undefined;
  }

  fail(why: LodestoreError): void {
    this.#next?.reject(why);
    this.#next = undefined;
  }
}
