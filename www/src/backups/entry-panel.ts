/** One entry as of a time beside how it is, before anything of it is restored. */

import type { Collection, Past, Row, RowChange } from 'lodestore';
import { DICTIONARY, OWN } from '../../shared/dictionary.js';
import { h } from '../dom.js';
import { plural } from '../format.js';
import { notify } from '../ui/notices.js';
import type { Desk } from './desk.js';
import { MomentField } from './moment.js';
import { failure, when } from './words.js';

/** Rows of then and of now that are looked through for a text. */
const LOOKED_AT = 5_000;
const SHOWN = 50;
const TITLES = { changed: 'Changed since', deleted: 'Deleted since', added: 'Added since' } as const;

export class EntryPanel {
  readonly element: HTMLElement;
  readonly #desk: Desk;
  readonly #moment = new MomentField('entry');
  readonly #where = h(
    'select',
    { id: 'entry-where', className: 'field', attributes: { 'aria-label': 'Collection' } },
    h('option', { value: OWN, textContent: 'My texts' }),
    h('option', { value: DICTIONARY, textContent: 'Dictionary' }),
  );
  readonly #what = h('input', { id: 'entry-what', className: 'field', autocomplete: 'off', maxLength: 500 });
  readonly #outcome = h('div', { id: 'entry-changes', className: 'outcome' });
  readonly #said = h('p', { attributes: { role: 'status' } });
  #past: Past | undefined;

  constructor(desk: Desk) {
    this.#desk = desk;
    const look = h('button', { type: 'submit', id: 'entry-look', textContent: 'Show what changed' });
    const hint = () => {
      const own = this.#where.value === OWN;
      this.#what.placeholder = own ? 'part of the text; empty for all' : 'a word, as it is written';
      this.#what.required = !own;
    };
    this.#where.onchange = hint;
    hint();
    const form = h(
      'form',
      {},
      h(
        'div',
        { className: 'moment' },
        h('label', { className: 'labelled' }, 'In', this.#where),
        h('label', { className: 'labelled' }, 'Entry', this.#what),
      ),
      this.#moment.element,
      h('div', { className: 'row' }, look),
    );
    form.onsubmit = (event) => {
      event.preventDefault();
      void this.#look();
    };
    this.element = h(
      'section',
      { id: 'entry' },
      h('h2', { textContent: 'One entry, as it was' }),
      form,
      this.#outcome,
    );
  }

  async #look(): Promise<void> {
    if (!this.#desk.isFree()) return;
    const moment = this.#moment.moment;
    if (moment === undefined) {
      this.#outcome.replaceChildren(failure(new Error('Say as of when: a time, or the number of a write.')));
      return;
    }
    await this.leave();
    await this.#desk.run(this.#outcome, 'Reading what it was', async () => {
      const past = (this.#past = await this.#desk.db.asOf(moment));
      const name = this.#where.value;
      const [then, now] = [await past.collection(name), await this.#desk.db.collection(name)];
      const ids = new Set([...(await this.#idsIn(then)), ...(await this.#idsIn(now))]);
      const changes = ids.size === 0 ? [] : await past.diff(name, [...ids]);
      this.#show(past, name, ids.size, changes);
    });
  }

  async #idsIn(collection: Collection): Promise<string[]> {
    const wanted = this.#what.value.trim();
    if (collection.name === DICTIONARY) {
      const { rows } = await collection.list({ filter: { word: wanted }, limit: 100 });
      return rows.map(({ id }) => id);
    }
    const { rows } = await collection.list({ limit: LOOKED_AT });
    const text = (row: Row) => String(row.metadata['text'] ?? '').toLowerCase();
    return rows.filter((row) => text(row).includes(wanted.toLowerCase())).map(({ id }) => id);
  }

  #show(past: Past, name: string, looked: number, changes: RowChange[]): void {
    const as = `as of write no. ${past.seq}, ${when(past.time)}`;
    const said =
      looked === 0
        ? `No such entry, neither then nor now (${as}).`
        : changes.length === 0
          ? `${plural(looked, 'entry').replace('entrys', 'entries')} looked at: all as they were ${as}.`
          : `${plural(changes.length, 'difference')} ${as}${changes.length > SHOWN ? `; ${SHOWN} are shown` : ''}:`;
    this.#said.textContent = said;
    this.#outcome.append(
      this.#said,
      ...changes.slice(0, SHOWN).map((change) => this.#change(past, name, change)),
    );
  }

  #change(past: Past, name: string, { id, change, then, now }: RowChange): HTMLElement {
    const back = h('button', {
      type: 'button',
      textContent: change === 'added' ? 'Delete it again' : 'Make it as it was',
    });
    back.ariaLabel = `${back.textContent}: ${titleOf(then ?? now)}`;
    const article = h(
      'article',
      { className: 'change', attributes: { 'data-change': change, 'data-id': id } },
      h('h3', { textContent: TITLES[change] }),
      h('div', { className: 'sides' }, side('Then', then, now), side('Now', now, then)),
      h('div', { className: 'row end' }, back),
    );
    back.onclick = async () => {
      const place = h('div');
      article.append(place);
      const went = await this.#desk.run(place, 'Writing it as it was', async () => {
        await past.restore(name, id);
        await this.#desk.app.library.reload();
        this.#desk.app.changed();
      });
      if (!went) return;
      article.remove();
      const rest = this.#outcome.querySelectorAll('.change').length;
      this.#said.textContent = rest === 0 ? 'All as it was.' : `${plural(rest, 'difference')} left:`;
      notify(change === 'added' ? 'Deleted again.' : 'It is as it was.');
    };
    return article;
  }

  /** A past is a copy in memory, which is given back when nobody looks at it. */
  async leave(): Promise<void> {
    const past = this.#past;
    this.#past = undefined;
    this.#outcome.replaceChildren();
    await past?.close().catch(() => undefined);
  }
}

function titleOf(row: Row | undefined): string {
  const { word, text } = row?.metadata ?? {};
  return String(word ?? text ?? row?.id ?? '').slice(0, 60);
}

/** A row on its side; what is other there than on the other side is marked. */
function side(title: string, row: Row | undefined, other: Row | undefined): HTMLElement {
  const lines = Object.entries(row?.metadata ?? {}).map(([key, value]) => {
    const same = JSON.stringify(value) === JSON.stringify(other?.metadata[key]);
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    const shown = h(same ? 'span' : 'mark', { textContent: text });
    return h('div', {}, h('dt', { textContent: key }), h('dd', {}, shown));
  });
  if (row?.vector !== undefined) {
    const same = row.vector.every((number, at) => Object.is(number, other?.vector?.[at]));
    const text = `${row.vector.length} numbers${other === undefined ? '' : same ? ', the same' : ', other ones'}`;
    const shown = h(same ? 'span' : 'mark', { textContent: text });
    lines.push(h('div', {}, h('dt', { textContent: 'meaning' }), h('dd', {}, shown)));
  }
  return h(
    'div',
    { className: 'side' },
    h('h4', { textContent: title }),
    row === undefined ? h('p', { className: 'hint', textContent: 'not there' }) : h('dl', {}, ...lines),
  );
}
