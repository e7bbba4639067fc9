/** The question, the filters, and the entries that answer it as it is typed. */

import type { App } from '../app.js';
import type { QueryExplain } from 'lodestore';
import { byId, debounce, h } from '../dom.js';
import { messageOf } from '../errors.js';
import { count, ms } from '../format.js';
import type { Scope } from '../library.js';
import { resultItem, walk } from './results.js';
import { goTo } from './tabs.js';

const SHOWN = 12;
const EXAMPLES = [
  'a small boat for one person',
  'feeling sad about the past',
  'thing to open wine bottles',
  'very light rain',
  'someone who writes music',
];
const SCOPES: { scope: Scope; label: string }[] = [
  { scope: 'all', label: 'Everything' },
  { scope: 'noun', label: 'Nouns' },
  { scope: 'verb', label: 'Verbs' },
  { scope: 'adjective', label: 'Adjectives' },
  { scope: 'adverb', label: 'Adverbs' },
  { scope: 'mine', label: 'My texts' },
];

export class SearchView {
  /** Where first-time set-up shows what it does. */
  readonly setup = h('div', { id: 'setup' });
  readonly #question = h('input', {
    id: 'question',
    type: 'search',
    placeholder: EXAMPLES[0] ?? '',
    autocomplete: 'off',
    spellcheck: true,
    enterKeyHint: 'search',
    maxLength: 500,
    attributes: { 'aria-label': 'What do you mean?', 'aria-describedby': 'keys', 'aria-controls': 'results' },
  });
  readonly #figures = h('p', { id: 'figures', attributes: { 'aria-live': 'polite' } });
  readonly #how = h('p', { id: 'how' });
  readonly #results = h('ol', { id: 'results', attributes: { role: 'list', 'aria-label': 'Entries' } });
  readonly #chips = new Map<Scope, HTMLButtonElement>();
  #app: App | undefined;
  #scope: Scope = 'all';
  #asked = 0;

  constructor() {
    this.#question.oninput = debounce(60, () => void this.#ask());
    byId('search').append(
      h('h1', { id: 'search-title', textContent: 'Say what you mean.' }),
      h('p', {
        className: 'lead',
        textContent: 'Describe it in your own words; the dictionary finds the word.',
      }),
      h('div', { className: 'question' }, this.#question, h('kbd', { textContent: '/', ariaHidden: 'true' })),
      this.#scopeChips(),
      this.#figures,
      this.#how,
      h('div', { className: 'answers' }, this.setup, this.#results),
      h('p', { id: 'keys', className: 'keys' }, ...keys()),
    );
    this.#showExamples();
    document.addEventListener('keydown', (event) => this.#onKey(event));
  }

  /** From here on questions can be answered. */
  connect(app: App): void {
    this.#app = app;
    app.onChange(() => void this.#ask());
    void this.#ask();
  }

  focus(): void {
    // On a phone the keyboard would hide half of the page.
    if (matchMedia('(pointer: fine)').matches) this.#question.focus();
  }

  #scopeChips(): HTMLElement {
    const chips = h('div', { className: 'chips', attributes: { role: 'group', 'aria-label': 'Filter' } });
    for (const { scope, label } of SCOPES) {
      const chip = h('button', { type: 'button', textContent: label, ariaPressed: String(scope === 'all') });
      chip.dataset['scope'] = scope;
      chip.onclick = () => {
        this.#scope = scope;
        for (const [other, button] of this.#chips) button.ariaPressed = String(other === scope);
        void this.#ask();
      };
      this.#chips.set(scope, chip);
      chips.append(chip);
    }
    return chips;
  }

  async #ask(): Promise<void> {
    this.#asked += 1;
    const turn = this.#asked;
    const text = this.#question.value.trim();
    if (text === '') {
      this.#showExamples();
      return;
    }
    const app = this.#app;
    if (app === undefined) {
      this.#say('One moment: the dictionary is being opened.');
      return;
    }
    try {
      const { vectors, ms: embedMs } = await app.embedder.one(text);
      // Somebody who types on asks something else by now.
      if (turn !== this.#asked) return;
      const { found, ms: searchMs, rows, how } = await app.library.search(vectors, this.#scope, SHOWN);
      if (turn !== this.#asked) return;
      this.#results.replaceChildren(...found.map(resultItem));
      this.#results.classList.remove('examples');
      const embedded = embedMs === 0 ? 'meaning remembered' : `meaning ${ms(embedMs)}`;
      this.#say(
        found.length === 0 ? this.#nothing() : `${embedded} · search ${ms(searchMs)} · ${count(rows)} rows`,
        how && explained(how),
      );
    } catch (error) {
      if (turn === this.#asked) this.#say(`The search failed: ${messageOf(error)}`);
    }
  }

  #nothing(): string {
    if (this.#app?.library.isEmpty) return 'There is nothing to search: the library is empty.';
    return this.#scope === 'mine' ? 'You have no texts of your own yet.' : 'Nothing found with this filter.';
  }

  /** The figures below the question, and how the search came to its answer. */
  #say(text: string, how = ''): void {
    this.#figures.textContent = text;
    this.#how.textContent = how;
  }

  #showExamples(): void {
    this.#say('Try one of these:');
    this.#results.classList.add('examples');
    this.#results.replaceChildren(
      ...EXAMPLES.map((example) => {
        const button = h('button', { type: 'button', textContent: example });
        button.onclick = () => {
          this.#question.value = example;
          this.#question.focus();
          void this.#ask();
        };
        return h('li', {}, button);
      }),
    );
  }

  #onKey(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector('dialog[open]') !== null)
      return;
    const typing = event.target instanceof HTMLTextAreaElement || event.target instanceof HTMLInputElement;
    if (event.key === '/' && !typing) {
      event.preventDefault();
      goTo('search');
      // The section is shown by the change of address, which comes a moment later.
      setTimeout(() => this.#question.select());
    } else if (byId('search').hidden) {
      return;
    } else if (event.key === 'Escape') {
      this.#question.value = '';
      this.#question.focus();
      void this.#ask();
    } else {
      walk(this.#results, this.#question, event);
    }
  }
}

const PLANS: Record<QueryExplain['plan'], string> = {
  exact: 'compared as floats',
  codes: 'compared by their codes',
  graph: 'met in the graph',
  'filtered-graph': 'met in the graph',
};

function explained(how: QueryExplain): string {
  const again = how.rescored > 0 ? `, ${count(how.rescored)} again as floats` : '';
  return `${count(how.compared)} of ${count(how.rows)} ${PLANS[how.plan]}${again}: ${how.reason}`;
}

function keys(): Node[] {
  const key = (name: string) => h('kbd', { textContent: name });
  const text = (value: string) => document.createTextNode(value);
  return [
    key('/'), text(' search  '), key('↑'), key('↓'), text(' walk  '), key('Enter'), text(' copy  '),
    key('Esc'), text(' clear'),
  ]; // prettier-ignore
}
