/** A restore, step by step: the plan, both phases with what is left of each, what was found, and then the switch or nothing. */

import type { Progress, Restore, RestoreOptions, RestoreValidation } from 'lodestore';
import { h } from '../dom.js';
import { plural } from '../format.js';
import { confirmed } from '../ui/confirm.js';
import { notify } from '../ui/notices.js';
import type { Desk, Work } from './desk.js';
import { type Backup, sourcesOf } from './entries.js';
import { changesTable, Phases, planTable, validationTable } from './restore-tables.js';
import { MomentField } from './moment.js';
import { failure, TYPES, when } from './words.js';

export class RestorePanel {
  readonly element: HTMLElement;
  readonly #desk: Desk;
  readonly #title = h('h2', { id: 'restore-title', tabIndex: -1 });
  readonly #moment = new MomentField('restore');
  readonly #form: HTMLFormElement;
  readonly #work = h('div', { className: 'outcome' });
  readonly #steps = h('div', { id: 'restore-steps' });
  #source: Backup | 'history' = 'history';
  #restore: Restore | undefined;

  constructor(desk: Desk) {
    this.#desk = desk;
    const plan = h('button', {
      type: 'submit',
      id: 'plan',
      className: 'primary',
      textContent: 'Make a plan',
    });
    const close = h('button', { type: 'button', textContent: 'Close' });
    close.onclick = () => void this.#close();
    this.#form = h('form', {}, this.#moment.element, h('div', { className: 'row' }, plan, close));
    this.#form.onsubmit = (event) => {
      event.preventDefault();
      void this.#plan();
    };
    this.element = h(
      'section',
      { id: 'restore', className: 'panel', hidden: true, attributes: { 'aria-labelledby': 'restore-title' } },
      this.#title,
      h('p', {
        className: 'hint',
        textContent:
          'It is made ready beside what is there now, which stays as it is, and in use, until you switch over. ' +
          'Leave both fields empty for all that the backup has.',
      }),
      this.#form,
      this.#steps,
      this.#work,
    );
  }

  /** Begins with a backup, or with the history up to a write. */
  async open(source: Backup | 'history', seq?: number): Promise<void> {
    if (!(await this.#giveUp())) return;
    this.#source = source;
    this.#moment.seq = seq;
    const from =
      source === 'history'
        ? 'Go back in time'
        : `Restore the ${TYPES[source.type].toLowerCase()} backup of ${when(source.made)}`;
    this.#title.textContent = from;
    this.#steps.replaceChildren();
    this.#work.replaceChildren();
    this.#form.hidden = false;
    this.element.hidden = false;
    this.element.scrollIntoView({ block: 'nearest' });
    this.#title.focus();
  }

  async #plan(): Promise<void> {
    if (!(await this.#giveUp())) return;
    const { db, shelf } = this.#desk;
    const to = this.#moment.moment;
    const options: RestoreOptions = to === undefined ? {} : { to };
    const source = this.#source;
    await this.#desk.run(this.#work, 'Reading what it says of itself', async () => {
      if (source === 'history') this.#restore = await db.restore('history', options);
      else {
        const archives = await sourcesOf(shelf, source);
        this.#restore = await this.#desk.unlocked(source, (key) =>
          db.restore(archives, { ...options, ...key }),
        );
      }
    });
    if (this.#restore !== undefined) this.#showPlan(this.#restore);
  }

  #showPlan(restore: Restore): void {
    const stage = button('stage', 'Make it ready', 'primary', () => void this.#stage(restore));
    const warnings = restore.plan.warnings.map((text) =>
      h('p', { className: 'hint', textContent: `Note: ${text}.` }),
    );
    this.#steps.replaceChildren(
      planTable(restore.plan),
      ...warnings,
      h(
        'div',
        { className: 'row' },
        stage,
        button('give-up', 'Give up', '', () => void this.#giveUp()),
      ),
    );
    stage.focus();
  }

  async #stage(restore: Restore): Promise<void> {
    const phases = new Phases(restore.plan);
    let found: RestoreValidation | undefined;
    const staging = async ({ signal, onProgress }: Work) => {
      this.#steps.append(phases.element);
      const tell = (progress: Progress) => {
        if (!phases.set(progress)) onProgress(progress);
      };
      found = await restore.stage({ signal, onProgress: tell });
    };
    if (!this.#desk.isFree()) return;
    const went = await this.#desk.run(this.#work, 'Making it ready', staging, { stoppable: true });
    if (went && found !== undefined) this.#showReady(restore, phases, found);
    else {
      // Nothing is left of a restore that failed.
      this.#restore = undefined;
      this.#steps.replaceChildren();
    }
  }

  #showReady(restore: Restore, phases: Phases, found: RestoreValidation): void {
    phases.finish(found);
    const changes = h('div');
    const commit = button('commit', 'Switch over', 'primary', () => void this.#commit(restore, found));
    this.#steps.replaceChildren(
      phases.element,
      validationTable(found),
      changes,
      h(
        'div',
        { className: 'row' },
        commit,
        button('what-changes', 'What would change?', '', () => void this.#showChanges(restore, changes)),
        button('give-up', 'Give up', '', () => void this.#giveUp()),
      ),
    );
    commit.focus();
  }

  async #showChanges(restore: Restore, place: HTMLElement): Promise<void> {
    await this.#desk.run(this.#work, 'Comparing', async () => {
      place.replaceChildren(await changesTable(restore, this.#desk.db));
    });
  }

  async #commit(restore: Restore, found: RestoreValidation): Promise<void> {
    const question = {
      title: 'Switch over?',
      text: `${plural(found.rows, 'row')} as of ${when(found.time)} take the place of what is there now, which stays as a point to go back to.`,
      yes: 'Switch over',
    };
    if (!(await confirmed(question)) || !this.#desk.isFree()) return;
    // Whether it goes well or not, there is nothing to be given up any more.
    this.#restore = undefined;
    this.#steps.replaceChildren();
    await this.#desk.run(this.#work, 'Switching over', async ({ onProgress }) => {
      await restore.commit({ onProgress });
      this.element.hidden = true;
      await this.#desk.app.library.reload();
      this.#desk.app.changed();
      notify(`Restored: ${plural(found.rows, 'row')}, as of write no. ${found.seq}.`);
    });
  }

  /** Leaves no trace. False where that did not go. */
  async #giveUp(): Promise<boolean> {
    if (!this.#desk.isFree()) return false;
    const restore = this.#restore;
    this.#restore = undefined;
    this.#steps.replaceChildren();
    if (restore === undefined) return true;
    try {
      await restore.abort();
      return true;
    } catch (error) {
      this.#work.replaceChildren(failure(error));
      return false;
    }
  }

  async #close(): Promise<void> {
    if (await this.#giveUp()) this.element.hidden = true;
  }
}

function button(id: string, text: string, className: string, run: () => void): HTMLButtonElement {
  const made = h('button', { type: 'button', id, textContent: text, className });
  made.onclick = run;
  return made;
}
