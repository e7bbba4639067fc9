/**
 * Buffers that are used again. What is stored crosses in pieces of megabytes: a new buffer for each is a gigabyte in a
 * second, after which the collector of the engine runs beside everything else and takes a third of two cores.
 */

/** Smaller ones are not worth it. */
const SMALL_BYTES = 1 << 16;
/** As many as are under way at a time, about. */
const KEPT = 8;

const lent = new WeakMap<ArrayBufferLike, Spare>();

/** Those of one file that is being made: they go with it. */
export class Spare {
  #free: ArrayBuffer[] = [];

  /** A copy of these bytes, perhaps in a longer buffer that was given back. */
  copy(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
    if (bytes.length < SMALL_BYTES) return new Uint8Array(bytes);
    const fitting = this.#free.filter((buffer) => buffer.byteLength >= bytes.length);
    const [first] = fitting;
    let copy: Uint8Array<ArrayBuffer>;
    if (first === undefined) copy = new Uint8Array(bytes);
    else {
      const least = fitting.reduce((one, other) => (other.byteLength < one.byteLength ? other : one), first);
      this.#free.splice(this.#free.indexOf(least), 1);
      copy = new Uint8Array(least, 0, bytes.length);
      copy.set(bytes);
    }
    lent.set(copy.buffer, this);
    return copy;
  }

  take(buffer: ArrayBuffer): void {
    if (this.#free.length < KEPT) this.#free.push(buffer);
  }
}

/** Who had these bytes for itself is done with them. Those that come from elsewhere are left alone. */
export function giveBack(bytes: Uint8Array): void {
  const { buffer } = bytes;
  const owner = lent.get(buffer);
  // Once: it must never be two pieces at a time.
  lent.delete(buffer);
  owner?.take(buffer as ArrayBuffer);
}
