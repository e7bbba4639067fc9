/** One backup in the time line: what it is, and what can be done with it. */

import type { VerifyLevel } from 'lodestore';
import { h } from '../dom.js';
import { bytes, plural } from '../format.js';
import { confirmed } from '../ui/confirm.js';
import { isAbort } from '../errors.js';
import { aside } from './aside.js';
import type { Desk } from './desk.js';
import { type Backup, sourcesOf } from './entries.js';
import { drillReport, verifyReport } from './reports.js';
import { placeFor, save } from './save.js';
import { failure, TYPES, when } from './words.js';

const LEVELS: [VerifyLevel, string][] = [
  [1, '1: header'],
  [2, '2: checksums'],
  [3, '3: contents'],
  [4, '4: restore it'],
];

export class BackupItem {
  readonly element: HTMLElement;
  readonly #desk: Desk;
  readonly #title = h('span', { className: 'what' });
  readonly #time = h('time', {});
  readonly #facts = h('span', { className: 'facts' });
  readonly #about = h('p', { className: 'hint' });
  readonly #actions: HTMLElement;
  readonly #outcome = h('div', { className: 'outcome' });
  readonly #level = h('select', { className: 'field', attributes: { 'aria-label': 'Level' } });
  #backup: Backup;

  constructor(desk: Desk, backup: Backup, restore: (backup: Backup) => void) {
    this.#desk = desk;
    this.#backup = backup;
    for (const [level, text] of LEVELS) {
      this.#level.append(h('option', { value: String(level), textContent: text, selected: level === 3 }));
    }
    this.#actions = h(
      'div',
      { className: 'row' },
      h(
        'span',
        { className: 'joined' },
        this.#level,
        this.#button('verify', 'Verify', () => this.#verify()),
      ),
      this.#button('drill', 'Drill', () => this.#drill()),
      this.#button('restore', 'Restore…', () => restore(this.#backup)),
      this.#button('save', 'Save as a file', () => this.#save()),
    );
    const summary = h('summary', {}, this.#title, this.#time, this.#facts);
    const remove = this.#button('remove', 'Remove…', () => this.#remove());
    remove.className = 'danger';
    this.#actions.append(remove);
    this.element = h(
      'li',
      { className: 'point backup', attributes: { 'data-archive': backup.archive, 'data-type': backup.type } },
      h('details', {}, summary, this.#about, this.#actions, this.#outcome),
    );
    this.update(backup);
  }

  update(backup: Backup): void {
    this.#backup = backup;
    const { type, made, rows, verified, drilled, kept, absent, chain, known, locked } = backup;
    this.#title.textContent = `${TYPES[type]} backup`;
    this.#time.textContent = when(made);
    this.#time.dateTime = made.toISOString();
    const facts = [bytes(backup.bytes), plural(rows, 'row')];
    if (locked) facts.push('locked');
    if (verified !== undefined)
      facts.push(verified.ok ? `verified (${verified.level ?? 3})` : 'does not verify');
    if (drilled !== undefined) facts.push(drilled.ok ? 'drilled' : 'failed its drill');
    if (kept === undefined) facts.push('not kept here');
    if (!known) facts.push('of a database that was here before');
    this.#facts.textContent = facts.join(' · ');
    const needs = chain.length > 1 ? `Restores with ${plural(chain.length - 1, 'archive')} before it. ` : '';
    const misses = absent > 0 ? `${absent} of its files not kept here: add them to work with it. ` : '';
    const name = kept === undefined ? '' : `File ${kept.file}, id ${backup.archive.slice(0, 8)}.`;
    this.#about.textContent = `Up to ${when(backup.to)}, write no. ${backup.toSeq}. ${needs}${misses}${name}`;
    for (const button of this.#actions.querySelectorAll('button')) {
      const act = button.dataset['act'];
      button.disabled = act === 'save' ? kept === undefined : act !== 'remove' && absent > 0;
    }
  }

  #button(act: string, text: string, run: () => unknown): HTMLButtonElement {
    const button = h('button', { type: 'button', textContent: text, attributes: { 'data-act': act } });
    button.onclick = () => void run();
    return button;
  }

  async #verify(): Promise<void> {
    const level = Number(this.#level.value) as VerifyLevel;
    await this.#desk.run(
      this.#outcome,
      `Verifying, level ${level}`,
      async (work) => {
        const sources = await sourcesOf(this.#desk.shelf, this.#backup);
        const report = await this.#desk.unlocked(this.#backup, (key) =>
          aside({ kind: 'verify', level, sources, ...key }, work),
        );
        this.#outcome.append(verifyReport(report));
      },
      { stoppable: true },
    );
  }

  async #drill(): Promise<void> {
    await this.#desk.run(
      this.#outcome,
      'Drill: restoring it aside',
      async (work) => {
        const sources = await sourcesOf(this.#desk.shelf, this.#backup);
        const report = await this.#desk.unlocked(this.#backup, (key) =>
          aside({ kind: 'drill', sources, ...key }, work),
        );
        this.#outcome.append(drillReport(report));
      },
      { stoppable: true },
    );
  }

  async #save(): Promise<void> {
    const { archive, kept } = this.#backup;
    if (kept === undefined) return;
    try {
      await save(this.#desk.shelf, archive, kept.file, await placeFor(kept.file));
    } catch (error) {
      if (!isAbort(error)) this.#outcome.replaceChildren(failure(error));
    }
  }

  async #remove(): Promise<void> {
    const { archive, neededBy, known } = this.#backup;
    const needed =
      neededBy > 0
        ? ` ${plural(neededBy, 'backup')} that ${neededBy === 1 ? 'goes' : 'go'} on from it will not restore without it.`
        : '';
    const question = {
      title: 'Remove this backup?',
      text: `It goes from this browser and from the catalog. A file that you saved stays.${needed}`,
      yes: 'Remove',
    };
    if (!(await confirmed(question))) return;
    await this.#desk.run(this.#outcome, 'Removing', async () => {
      await this.#desk.shelf.remove(archive);
      if (known) await this.#desk.db.forget(archive);
    });
  }
}
