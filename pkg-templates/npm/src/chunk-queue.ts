/** Turns pushes into an AsyncIterable, one chunk at a time, so that a slow reader slows the writer down. */

interface Waiter<T> {
  resolve: (value: T) => void;
  reject: (reason: unknown) => void;
}

/**
 * A queue of at most one chunk between one pusher and one reader. A push resolves when the reader comes back
 * for more after its chunk, or is known to want one; memory use stays at one chunk.
 */
export class ChunkQueue implements AsyncIterable<Uint8Array>, AsyncIterator<Uint8Array> {
  #chunk: { bytes: Uint8Array; taken: Waiter<void> } | undefined;
  #reader: Waiter<IteratorResult<Uint8Array>> | undefined;
  #ended = false;
  #endTaken: Waiter<void> | undefined;
  #failure: { reason: unknown } | undefined;
  #left: { reason: unknown } | undefined;

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    return this;
  }

  /** Resolves when the reader took the chunk; rejects when it left. One push at a time. */
  push(bytes: Uint8Array): Promise<void> {
    if (this.#left !== undefined) return Promise.reject(this.#left.reason);
    if (this.#failure !== undefined) return Promise.reject(this.#failure.reason);
    if (this.#ended || this.#chunk !== undefined) {
      return Promise.reject(new Error('push while another push is pending, or after the end'));
    }
    if (this.#reader !== undefined) {
      this.#reader.resolve({ done: false, value: bytes });
      this.#reader = undefined;
      return Promise.resolve();
    }
    return new Promise((resolve, reject) => {
      this.#chunk = { bytes, taken: { resolve, reject } };
    });
  }

  /** No more chunks. Resolves when the reader knows; rejects when it left before. */
  end(): Promise<void> {
    if (this.#left !== undefined) return Promise.reject(this.#left.reason);
    this.#ended = true;
    if (this.#reader !== undefined) {
      this.#reader.resolve({ done: true, value: undefined });
      this.#reader = undefined;
      return Promise.resolve();
    }
    return new Promise((resolve, reject) => {
      this.#endTaken = { resolve, reject };
    });
  }

  /** Makes the reader's next step throw `reason`. */
  fail(reason: unknown): void {
    this.#failure = { reason };
    this.#chunk?.taken.reject(reason);
    this.#chunk = undefined;
    this.#reader?.reject(reason);
    this.#reader = undefined;
  }

  /** The reader will not come back: pushes pending and to come reject with `reason`. */
  consumerLeft(reason: unknown): void {
    this.#left ??= { reason };
    this.#chunk?.taken.reject(reason);
    this.#chunk = undefined;
    this.#endTaken?.reject(reason);
    this.#endTaken = undefined;
  }

  next(): Promise<IteratorResult<Uint8Array>> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure.reason);
    if (this.#chunk !== undefined) {
      const { bytes, taken } = this.#chunk;
      this.#chunk = undefined;
      taken.resolve();
      return Promise.resolve({ done: false, value: bytes });
    }
    if (this.#ended || this.#left !== undefined) {
      this.#endTaken?.resolve();
      this.#endTaken = undefined;
      return Promise.resolve({ done: true, value: undefined });
    }
    return new Promise((resolve, reject) => {
      this.#reader = { resolve, reject };
    });
  }

  /** Why the reader leaves, only the call that reads knows: whoever made that one says it by `consumerLeft`. */
  return(): Promise<IteratorResult<Uint8Array>> {
    return Promise.resolve({ done: true, value: undefined });
  }
}
