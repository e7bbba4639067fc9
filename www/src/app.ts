/** What the parts of the page share: the library, the model, and word of when the content changed. */

import type { Embedder } from './embedder.js';
import type { Library } from './library.js';

export class App {
  readonly embedder: Embedder;
  #library: Library;
  #listeners: (() => void)[] = [];

  constructor(library: Library, embedder: Embedder) {
    this.#library = library;
    this.embedder = embedder;
  }

  get library(): Library {
    return this.#library;
  }

  /** After deleting everything there is another, empty one. */
  set library(library: Library) {
    this.#library = library;
    this.changed();
  }

  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  changed(): void {
    for (const listener of this.#listeners) listener();
  }
}
