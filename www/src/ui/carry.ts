/** Carries the library away as one file, brings one in, and deletes everything. */

import type { App } from '../app.js';
import { byId, h } from '../dom.js';
import { importError, isAbort, messageOf } from '../errors.js';
import { bytes, plural } from '../format.js';
import { confirmed } from './confirm.js';
import { clearNotices, notify } from './notices.js';
import { ProgressBar } from './progress.js';
import { goTo } from './tabs.js';

export class Carry {
  readonly element: HTMLElement;
  readonly #app: App;
  readonly #work = h('div', { className: 'work' });
  readonly #file = h('input', { type: 'file', id: 'import-file', accept: '.lode', className: 'away' });
  readonly #onEmptied: () => void;
  #busy = false;

  constructor(app: App, onEmptied: () => void) {
    this.#app = app;
    this.#onEmptied = onEmptied;
    const button = (id: string, text: string, run: () => void, className = '') => {
      const made = h('button', { type: 'button', id, textContent: text, className });
      made.onclick = run;
      return made;
    };
    this.#file.tabIndex = -1;
    this.#file.ariaLabel = 'Archive to import';
    this.#file.onchange = () => {
      const file = this.#file.files?.[0];
      this.#file.value = '';
      if (file !== undefined) void this.bringIn(file);
    };
    this.element = h(
      'div',
      { className: 'carry' },
      h(
        'div',
        { className: 'row' },
        button('export', 'Export', () => void this.#export(), 'primary'),
        button('import', 'Import a file…', () => this.#file.click()),
        button('delete', 'Delete everything…', () => void this.#delete(), 'danger'),
        this.#file,
      ),
      h('p', { className: 'hint', textContent: 'You can also drop a .lode file anywhere on this page.' }),
      this.#work,
    );
    this.#acceptDrops();
  }

  async bringIn(file: Blob): Promise<void> {
    if (this.#busy) return;
    clearNotices();
    const { words, mine } = this.#app.library.rows;
    const question = {
      title: 'Replace what is stored?',
      text: `${plural(words + mine, 'row')} in this browser will be replaced, after the file has verified.`,
      yes: 'Replace',
    };
    if (!this.#app.library.isEmpty && !(await confirmed(question))) return;
    goTo('storage');
    const cancel = new AbortController();
    await this.#working(`Importing ${bytes(file.size)}`, cancel, async (bar) => {
      try {
        const onProgress = (step: { phase: string; done: number; total: number }) =>
          bar.set(step.done, step.total);
        const result = await this.#app.library.import(file, onProgress, cancel.signal);
        const { words: dictionary, mine: own } = this.#app.library.rows;
        const ours = dictionary + own > 0 ? '' : ' None of them is of this dictionary.';
        notify(`Imported ${plural(result.rows, 'row')}.${ours}`);
      } catch (error) {
        notify(importError(error), { kind: 'error' });
      }
    });
  }

  async #export(): Promise<void> {
    const cancel = new AbortController();
    await this.#working('Exporting', cancel, async (bar) => {
      try {
        const onProgress = (step: { done: number; total: number }) => bar.set(step.done, step.total);
        const stream = this.#app.library.export(onProgress, cancel.signal);
        const blob = await new Response(stream).blob();
        const day = new Date().toISOString().slice(0, 10);
        const link = h('a', { href: URL.createObjectURL(blob), download: `dictionary-${day}.lode` });
        link.click();
        // The browser reads the blob after the click returned.
        setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
        notify(`Exported ${bytes(blob.size)}.`);
      } catch (error) {
        if (isAbort(error) || cancel.signal.aborted) notify('Export cancelled.');
        else notify(`The export failed: ${messageOf(error)}`, { kind: 'error' });
      }
    });
  }

  async #delete(): Promise<void> {
    if (this.#busy) return;
    const question = {
      title: 'Delete everything?',
      text:
        'The dictionary and your own texts are removed from this browser, with their history. What is kept in the ' +
        'backups section stays there until you remove it. Export everything first if you want it back.',
      yes: 'Delete',
    };
    if (!(await confirmed(question))) return;
    try {
      this.#app.library = await this.#app.library.deleteEverything();
      this.#onEmptied();
      notify('Everything is deleted.');
    } catch (error) {
      // The library is closed by now, so the page has to begin anew.
      const action = { label: 'Reload', run: () => location.reload() };
      notify(`Not deleted: ${messageOf(error)}`, { kind: 'error', action });
    }
  }

  async #working(
    label: string,
    cancel: AbortController,
    work: (bar: ProgressBar) => Promise<void>,
  ): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    const bar = new ProgressBar(label, cancel);
    this.#work.replaceChildren(bar.element);
    try {
      await work(bar);
    } finally {
      this.#work.replaceChildren();
      this.#busy = false;
      this.#app.changed();
    }
  }

  #acceptDrops(): void {
    const cover = byId('drop');
    const carriesFile = (event: DragEvent) => event.dataTransfer?.types.includes('Files') === true;
    document.addEventListener('dragover', (event) => {
      if (!carriesFile(event)) return;
      event.preventDefault();
      cover.hidden = false;
    });
    document.addEventListener('dragleave', (event) => {
      if (event.relatedTarget === null) cover.hidden = true;
    });
    document.addEventListener('drop', (event) => {
      cover.hidden = true;
      if (!carriesFile(event)) return;
      event.preventDefault();
      const file = event.dataTransfer?.files[0];
      if (file !== undefined) void this.bringIn(file);
    });
  }
}
