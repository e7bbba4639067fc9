/** The first start: brings the dictionary into the browser, with something to look at meanwhile. */

import { ARCHIVE } from '../../shared/dictionary.js';
import type { App } from '../app.js';
import { h } from '../dom.js';
import { importError } from '../errors.js';
import { count } from '../format.js';
import { notify } from './notices.js';
import { ProgressBar } from './progress.js';

/** Set when the reader deleted everything: then a reload must not bring it back unasked. */
const EMPTIED = 'emptied';

export class Setup {
  readonly #place: HTMLElement;

  constructor(place: HTMLElement) {
    this.#place = place;
  }

  /** Fills an empty library, unless the reader wanted it empty. */
  async start(app: App): Promise<void> {
    if (!app.library.isEmpty) {
      localStorage.removeItem(EMPTIED);
    } else if (localStorage.getItem(EMPTIED) === null) {
      await this.#fill(app);
    } else {
      this.offer(app);
    }
    app.onChange(() => {
      if (!app.library.isEmpty) {
        localStorage.removeItem(EMPTIED);
        this.#hideOffer();
      }
    });
  }

  emptied(app: App): void {
    localStorage.setItem(EMPTIED, 'yes');
    this.offer(app);
  }

  offer(app: App): void {
    const fetchIt = h('button', {
      type: 'button',
      id: 'refill',
      className: 'primary',
      textContent: 'Fetch the dictionary',
    });
    fetchIt.onclick = () => void this.#fill(app);
    this.#place.replaceChildren(
      h(
        'div',
        { className: 'empty' },
        h('p', {
          textContent: 'Nothing is stored in this browser. Fetch the dictionary, or drop a .lode file here.',
        }),
        fetchIt,
      ),
    );
  }

  #hideOffer(): void {
    this.#place.querySelector('.empty')?.remove();
  }

  async #fill(app: App): Promise<void> {
    const bar = new ProgressBar('Bringing the dictionary into this browser');
    this.#place.replaceChildren(bar.element);
    try {
      const response = await fetch(new URL(ARCHIVE, document.baseURI));
      if (!response.ok || response.body === null) {
        throw new Error(`The dictionary could not be fetched (${response.status}).`);
      }
      const total = Number(response.headers.get('Content-Length') ?? 0);
      let read = 0;
      const counter = new TransformStream<Uint8Array, Uint8Array>({
        transform(chunk, controller) {
          read += chunk.length;
          // Reading is one half of the way, verifying and storing the other.
          bar.set(read, 2 * total);
          controller.enqueue(chunk);
        },
      });
      const result = await app.library.import(response.body.pipeThrough(counter), ({ done, total: all }) => {
        if (read >= total) bar.set(all + done, 2 * all);
      });
      this.#place.replaceChildren();
      notify(`${count(result.rows)} entries are now in this browser.`);
    } catch (error) {
      this.offer(app);
      notify(
        navigator.onLine ? importError(error) : 'The dictionary can only be fetched while you are online.',
        {
          kind: 'error',
        },
      );
    }
    app.changed();
  }
}
