/** Long work in progress, by the number that its caller was given. */

import { closed, invalid } from './fault.js';

/** What is running, by number; it lives in WebAssembly memory until it is ended. */
export class Handles<T extends { free(): void }> {
  readonly #running = new Map<number, T>();
  readonly #what: string;
  #last = 0;
  #over = false;

  constructor(what: string) {
    this.#what = what;
  }

  add(value: T): number {
    if (this.#over) {
      value.free();
      throw handleClosed();
    }
    this.#running.set(++this.#last, value);
    return this.#last;
  }

  get(handle: number): T {
    const value = this.#running.get(handle);
    if (value === undefined) throw invalid(`this ${this.#what} has ended; start another`);
    return value;
  }

  find(handle: number): T | undefined {
    return this.#running.get(handle);
  }

  all(): T[] {
    return [...this.#running.values()];
  }

  end(handle: number): void {
    const value = this.#running.get(handle);
    this.#running.delete(handle);
    value?.free();
  }

  endAll(): void {
    this.#over = true;
    for (const handle of [...this.#running.keys()]) this.end(handle);
  }
}

export function handleClosed() {
  return closed('the database was closed; open it again');
}
