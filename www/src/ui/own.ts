/** The reader's own texts: paste lines, and they are found by meaning beside the dictionary. */

import type { App } from '../app.js';
import { byId, h } from '../dom.js';
import { messageOf } from '../errors.js';
import { count, plural } from '../format.js';
import { confirmed } from './confirm.js';
import { notify } from './notices.js';
import { ownItem } from './own-item.js';
import { ProgressBar } from './progress.js';

const LISTED = 200;
const LONGEST_LINE = 2000;

export class OwnView {
  readonly #app: App;
  readonly #lines = h('textarea', {
    id: 'lines',
    rows: 7,
    placeholder: 'One text a line: notes, quotes, titles, names of things…',
    attributes: { 'aria-label': 'Texts to add, one a line' },
  });
  readonly #add = h('button', { id: 'add', type: 'submit', className: 'primary', textContent: 'Add' });
  readonly #work = h('div', { className: 'work' });
  readonly #list = h('ul', { id: 'own-texts', attributes: { role: 'list' } });
  readonly #summary = h('p', { id: 'own-summary' });
  readonly #removeAll = h('button', { type: 'button', id: 'remove-all', textContent: 'Remove all' });

  constructor(app: App) {
    this.#app = app;
    const form = h('form', {}, this.#lines, h('div', { className: 'row' }, this.#add), this.#work);
    form.onsubmit = (event) => {
      event.preventDefault();
      void this.#addLines();
    };
    this.#removeAll.onclick = () => void this.#clear();
    byId('mine').append(
      h('h1', { id: 'mine-title', textContent: 'My texts' }),
      h('p', {
        className: 'lead',
        textContent:
          'Paste your own lines. They are understood on this device, stay on it, and are searched too.',
      }),
      form,
      h('div', { className: 'row between' }, this.#summary, this.#removeAll),
      this.#list,
    );
    app.onChange(() => void this.refresh());
  }

  async refresh(): Promise<void> {
    const { library } = this.#app;
    const total = library.rows.mine;
    const texts = await library.ownTexts(LISTED);
    this.#summary.textContent =
      total === 0 ? 'Nothing of your own yet.' : `${plural(total, 'text')} of your own`;
    if (total > LISTED) this.#summary.textContent += `, ${count(LISTED)} shown`;
    this.#removeAll.hidden = total === 0;
    this.#list.replaceChildren(
      ...texts.map((text) =>
        ownItem(text, {
          change: (id, to) => this.#change(id, to),
          remove: (id) => void this.#remove([id]),
        }),
      ),
    );
  }

  async #addLines(): Promise<void> {
    const texts = this.#lines.value
      .split('\n')
      .map((line) => line.trim().slice(0, LONGEST_LINE))
      .filter((line) => line !== '');
    if (texts.length === 0) {
      this.#lines.focus();
      return;
    }
    const cancel = new AbortController();
    const bar = new ProgressBar(`Understanding ${plural(texts.length, 'text')}`, cancel);
    const start = performance.now();
    this.#work.replaceChildren(bar.element);
    this.#add.disabled = true;
    const embed = async (batch: string[]) => (await this.#app.embedder.many(batch)).vectors;
    const show = (done: number, total: number) => {
      const left =
        done === 0
          ? ''
          : `, ${Math.ceil((((total - done) / done) * (performance.now() - start)) / 1000)} s left`;
      bar.set(done, total, `${count(done)} of ${count(total)}${done < total ? left : ''}`);
    };
    try {
      const done = await this.#app.library.add(texts, embed, show, cancel.signal);
      // What was not reached stays in the box, ready to be added after all.
      this.#lines.value = texts.slice(done).join('\n');
      notify(
        done < texts.length ? `Cancelled: ${plural(done, 'text')} added.` : `${plural(done, 'text')} added.`,
      );
    } catch (error) {
      notify(`Not added: ${messageOf(error)}`, { kind: 'error' });
    } finally {
      this.#work.replaceChildren();
      this.#add.disabled = false;
      this.#app.changed();
    }
  }

  async #change(id: string, text: string): Promise<void> {
    try {
      const { vectors } = await this.#app.embedder.many([text]);
      await this.#app.library.changeOwn(id, text, vectors);
    } catch (error) {
      notify(`Not changed: ${messageOf(error)}`, { kind: 'error' });
    }
    this.#app.changed();
  }

  async #clear(): Promise<void> {
    const total = plural(this.#app.library.rows.mine, 'text');
    const question = { title: `Remove ${total}?`, text: 'The dictionary stays.', yes: 'Remove' };
    if (await confirmed(question)) await this.#remove('all');
  }

  async #remove(ids: string[] | 'all'): Promise<void> {
    try {
      await this.#app.library.removeOwn(ids);
    } catch (error) {
      notify(`Not removed: ${messageOf(error)}`, { kind: 'error' });
    }
    this.#app.changed();
  }
}
