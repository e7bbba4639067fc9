/** Files that the compiled module makes, piece by piece. */

import { ChunkQueue } from './chunk-queue.js';
import { unavailable } from './fault.js';
import type { Draft } from './storage/shell.js';

/** A file being made: of an adapter of ours, or by `create` of somebody's object. */
export interface Creation {
  push(chunk: Uint8Array): Promise<void>;
  end(): Promise<void>;
  abort(): Promise<void>;
}

/** By an adapter of ours, which takes the bytes out of the module's memory at once. */
export class Drafting implements Creation {
  readonly #begun: Promise<Draft>;
  #draft: Draft | undefined;

  constructor(begun: Promise<Draft>) {
    this.#begun = begun;
    begun.then(
      (draft) => (this.#draft = draft),
      // Whoever pushes or ends is told.
      () => undefined,
    );
  }

  push(chunk: Uint8Array): Promise<void> {
    return this.#draft?.write(chunk) ?? this.#first(chunk.slice());
  }

  async #first(chunk: Uint8Array): Promise<void> {
    await (await this.#begun).write(chunk);
  }

  async end(): Promise<void> {
    const draft = await this.#begun;
    try {
      await draft.commit();
    } catch (error) {
      await draft.discard();
      throw error;
    }
  }

  async abort(): Promise<void> {
    // One that did not begin left nothing.
    await this.#begun.then((draft) => draft.discard()).catch(() => undefined);
  }
}

/** By somebody's object, which reads the chunks as it likes. */
export class Feeding implements Creation {
  readonly #queue = new ChunkQueue();
  /** Settles as the storage's own `create` does. */
  readonly #finished: Promise<void>;

  constructor(create: (chunks: ChunkQueue) => Promise<void>) {
    this.#finished = create(this.#queue);
    this.#finished.then(
      () =>
        this.#queue.consumerLeft(unavailable('the storage object: create() resolved before its last chunk')),
      (error) => this.#queue.consumerLeft(error),
    );
  }

  push(chunk: Uint8Array): Promise<void> {
    return this.#queue.push(chunk.slice());
  }

  async end(): Promise<void> {
    await this.#queue.end();
    await this.#finished;
  }

  async abort(): Promise<void> {
    this.#queue.fail(unavailable('the writer gave this file up'));
    // That `create` rejects is what was asked for.
    await this.#finished.catch(() => undefined);
  }
}
