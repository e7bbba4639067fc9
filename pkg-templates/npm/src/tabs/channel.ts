/** A BroadcastChannel that may be closed at any time. */

import type { Port } from '../rpc.js';

export class Channel implements Port {
  onmessage: ((event: MessageEvent) => unknown) | null = null;
  readonly #channel: BroadcastChannel;
  #closed = false;

  constructor(name: string) {
    this.#channel = new BroadcastChannel(name);
    // Held here, so that what was under way when it was closed is not heard any more.
    this.#channel.onmessage = (event) => {
      if (!this.#closed) this.onmessage?.(event);
    };
  }

  /** Nothing can be moved over it, only copied. */
  postMessage(message: unknown): void {
    if (!this.#closed) this.#channel.postMessage(message);
  }

  close(): void {
    this.#closed = true;
    this.#channel.close();
  }
}
