/** Copies of vectors for as long as a write is under way. */

/** Longer ones are made anew: there it is the copying that takes time. */
const KEPT_LENGTH = 4096;
const KEPT = 64;

/** Arrays are used again, since making one takes longer than copying a vector into it. */
export class Copies {
  readonly #spare: Float32Array[] = [];

  take(vectors: Float32Array): Float32Array {
    if (this.#spare.at(-1)?.length !== vectors.length) return vectors.slice();
    const own = this.#spare.pop() as Float32Array;
    own.set(vectors);
    return own;
  }

  /** Nobody reads it any more. */
  giveBack(own: Float32Array): void {
    if (own.length <= KEPT_LENGTH && this.#spare.length < KEPT) this.#spare.push(own);
  }
}
