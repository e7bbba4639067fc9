/** What was done to look after the database, newest first. */

import type { AuditEntry } from 'lodestore';
import { h } from '../dom.js';
import { bytes, count, ms } from '../format.js';
import type { Desk } from './desk.js';
import { failure, when } from './words.js';

const AT_FIRST = 12;
const AT_MOST = 1_000;

export class AuditPanel {
  readonly element: HTMLElement;
  readonly #desk: Desk;
  readonly #body = h('tbody');
  readonly #more = h('button', { type: 'button', id: 'audit-all', textContent: 'Show all' });
  readonly #said = h('div');
  #last = AT_FIRST;

  constructor(desk: Desk) {
    this.#desk = desk;
    this.#more.onclick = () => {
      this.#last = AT_MOST;
      void this.#refresh();
    };
    const head = ['When', 'What', 'How it went'].map((text) => h('th', { scope: 'col', textContent: text }));
    this.element = h(
      'section',
      { id: 'audit' },
      h('h2', { textContent: 'Audit log' }),
      h('table', { className: 'audit log' }, h('thead', {}, h('tr', {}, ...head)), this.#body),
      this.#said,
      this.#more,
    );
    desk.onRefresh(() => void this.#refresh());
  }

  async #refresh(): Promise<void> {
    try {
      const { entries, damage } = await this.#desk.db.audit({ last: this.#last + 1 });
      this.#more.hidden = entries.length <= this.#last;
      this.#body.replaceChildren(...entries.slice(-this.#last).reverse().map(line));
      this.#said.replaceChildren(
        ...(entries.length === 0
          ? [h('p', { className: 'hint', textContent: 'Nothing was noted yet.' })]
          : []),
        ...damage.map(({ file, what }) => h('p', { className: 'wrong', textContent: `${file}: ${what}` })),
      );
    } catch (error) {
      this.#said.replaceChildren(failure(error));
    }
  }
}

function line({ seq, time, kind, details }: AuditEntry): HTMLElement {
  const { ok, error, ...rest } = details;
  const cell = h(
    'td',
    {},
    h('span', { className: ok === false ? 'bad' : '', textContent: ok === false ? 'failed' : 'well' }),
  );
  const said = error === undefined ? facts(rest) : [facts(rest), String(error)].filter(Boolean).join(' · ');
  cell.append(h('small', { textContent: said }));
  return h(
    'tr',
    { attributes: { 'data-kind': kind, 'data-ok': String(ok !== false), 'data-entry': String(seq) } },
    h('td', {}, h('time', { textContent: when(time), dateTime: time.toISOString() })),
    h('th', { scope: 'row', textContent: kind }),
    cell,
  );
}

const HIDDEN = new Set(['sha256', 'fromMs', 'toMs', 'fromSeq', 'base', 'name', 'problems']);

function facts(details: Record<string, unknown>): string {
  return Object.entries(details)
    .filter(
      ([key, value]) =>
        !HIDDEN.has(key) && value !== undefined && value !== null && typeof value !== 'object',
    )
    .map(([key, value]) => fact(key, value))
    .join(' · ');
}

function fact(key: string, value: unknown): string {
  if (key === 'archive') return `id ${String(value).slice(0, 8)}`;
  if (key === 'type' || key === 'by' || key === 'what') {
    // Ids of archives are long, and their beginning is enough.
    return String(value).replace(/\b([0-9a-f]{8})[0-9a-f]{24}\b/g, '$1');
  }
  if (typeof value !== 'number') return `${key} ${String(value)}`;
  if (key === 'bytes') return bytes(value);
  if (key === 'ms') return ms(value);
  if (key === 'seq' || key === 'toSeq') return `write no. ${count(value)}`;
  if (key === 'level' || key === 'recall') return `${key} ${Math.round(value * 1000) / 1000}`;
  return `${count(Math.round(value * 1000) / 1000)} ${key}`;
}
