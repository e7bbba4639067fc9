/** The time line: everything that can be gone back to, newest first. */

import type { History, RestorePoint } from 'lodestore';
import { h } from '../dom.js';
import { bytes, count } from '../format.js';
import type { Desk } from './desk.js';
import type { Backup } from './entries.js';
import { BackupItem } from './item.js';
import { failure, when } from './words.js';

export interface Actions {
  restore(backup: Backup): void;
  /** Back to a point of the history. */
  back(seq: number): void;
}

export class TimeLine {
  readonly element: HTMLElement;
  readonly #desk: Desk;
  readonly #actions: Actions;
  readonly #list = h('ol', { id: 'time-line', attributes: { role: 'list', 'aria-label': 'Restore points' } });
  readonly #items = new Map<string, BackupItem>();

  constructor(desk: Desk, actions: Actions) {
    this.#desk = desk;
    this.#actions = actions;
    this.element = h('section', {}, h('h2', { textContent: 'Restore points' }), this.#list);
    desk.onRefresh(() => void this.#refresh());
  }

  async #refresh(): Promise<void> {
    try {
      this.#show(await this.#desk.db.history());
    } catch (error) {
      this.#list.replaceChildren(h('li', {}, failure(error)));
    }
  }

  #show({ seq, points }: History): void {
    const dated: [time: number, element: HTMLElement][] = points.map((point) => [
      point.time.getTime(),
      this.#point(point),
    ]);
    const gone = new Set(this.#items.keys());
    for (const backup of this.#desk.backups) {
      gone.delete(backup.archive);
      const item = this.#items.get(backup.archive);
      if (item === undefined) {
        this.#items.set(
          backup.archive,
          new BackupItem(this.#desk, backup, (one) => this.#actions.restore(one)),
        );
      } else item.update(backup);
      const { element } = this.#items.get(backup.archive) as BackupItem;
      dated.push([backup.made.getTime(), element]);
    }
    for (const archive of gone) this.#items.delete(archive);
    dated.sort(([a], [b]) => b - a);
    const now = h(
      'li',
      { className: 'point now' },
      h('span', { className: 'what', textContent: 'Now' }),
      h('span', { className: 'facts', textContent: `write no. ${count(seq)}` }),
    );
    place(this.#list, [now, ...dated.map(([, element]) => element)]);
  }

  #point(point: RestorePoint): HTMLElement {
    const back = h('button', { type: 'button', className: 'quiet', textContent: 'Go back here…' });
    back.ariaLabel = `Go back to write no. ${point.seq}…`;
    back.onclick = () => this.#actions.back(point.seq);
    const isStart = point.seq === 0;
    const cost = point.bytes > 0 ? ` · ${bytes(point.bytes)} to read` : '';
    return h(
      'li',
      { className: 'point snapshot', attributes: { 'data-seq': String(point.seq) } },
      h('span', { className: 'what', textContent: isStart ? 'The beginning' : 'Snapshot' }),
      isStart ? h('span') : h('time', { textContent: when(point.time), dateTime: point.time.toISOString() }),
      h('span', {
        className: 'facts',
        textContent: `write no. ${count(point.seq)}${cost}, and every write since`,
      }),
      back,
    );
  }
}

/** Puts elements in order without taking those out that are in their place: what has the focus keeps it. */
function place(list: HTMLElement, elements: HTMLElement[]): void {
  for (const child of [...list.children]) if (!elements.includes(child as HTMLElement)) child.remove();
  elements.forEach((element, at) => {
    if (list.children[at] !== element) list.insertBefore(element, list.children[at] ?? null);
  });
}
