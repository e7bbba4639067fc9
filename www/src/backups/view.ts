/** The backups section: a time line, and what can be done with what is on it. */

import type { App } from '../app.js';
import { byId, h } from '../dom.js';
import { AddFile } from './add.js';
import { aside } from './aside.js';
import { AuditPanel } from './audit.js';
import { Desk } from './desk.js';
import { drillReport } from './reports.js';
import { EntryPanel } from './entry-panel.js';
import { MakePanel } from './make.js';
import { RestorePanel } from './restore.js';
import { RetentionPanel } from './retention.js';
import { openShelf } from './shelf.js';
import { TimeLine } from './timeline.js';
import { failure } from './words.js';

export class BackupsView {
  readonly #app: App;
  readonly #root = byId('backups');
  readonly #content = h('div');
  #desk: Promise<Desk> | undefined;
  #entry: EntryPanel | undefined;
  #retention: RetentionPanel | undefined;

  constructor(app: App) {
    this.#app = app;
    this.#root.append(
      h('h1', { id: 'backups-title', textContent: 'Backups' }),
      h('p', {
        className: 'lead',
        textContent:
          'A backup that nobody has restored is only a file. Here each can be tried before it is needed.',
      }),
      this.#content,
    );
    app.onChange(() => {
      if (!this.#root.hidden) void this.refresh();
    });
  }

  /** Nothing of it is read before the section is looked at. */
  async refresh(): Promise<void> {
    try {
      this.#desk ??= this.#setUp();
      await (await this.#desk).refresh();
    } catch (error) {
      this.#desk = undefined;
      this.#content.replaceChildren(failure(error));
    }
  }

  async leave(): Promise<void> {
    this.#retention?.leave();
    await this.#entry?.leave();
  }

  async #setUp(): Promise<Desk> {
    const shelf = await openShelf();
    const desk = new Desk(this.#app, shelf, this.#root);
    const restore = new RestorePanel(desk);
    const timeLine = new TimeLine(desk, {
      restore: (backup) => void restore.open(backup),
      back: (seq) => void restore.open('history', seq),
    });
    this.#entry = new EntryPanel(desk);
    this.#retention = new RetentionPanel(desk);
    const back = h('button', { type: 'button', id: 'go-back', textContent: 'Go back in time…' });
    back.onclick = () => void restore.open('history');
    const [drill, drilled] = drillAny(desk);
    const [add, added] = new AddFile(desk).elements;
    this.#content.replaceChildren(
      new MakePanel(desk).element,
      timeLine.element,
      h('div', { className: 'row' }, back, drill, add, drilled, added),
      h('p', {
        className: 'hint',
        textContent: `Backups are kept in ${shelf.where}, beside the database: enough to undo a mistake, not to outlive this browser. For that, save the file.`,
      }),
      restore.element,
      this.#entry.element,
      this.#retention.element,
      new AuditPanel(desk).element,
    );
    return desk;
  }
}

/** A drill of whichever backup chance picks: what one would do every month. */
function drillAny(desk: Desk): [button: HTMLElement, outcome: HTMLElement] {
  const outcome = h('div', { className: 'outcome wide' });
  const button = h('button', { type: 'button', id: 'drill-any', textContent: 'Drill one at random' });
  button.onclick = () =>
    void desk.run(
      outcome,
      'Drill: restoring one aside',
      async (work) => {
        // Those whose passphrase nobody is there to type are left to a drill of their own.
        const open = desk.backups.filter((one) => one.known && one.absent === 0 && !one.locked);
        const chosen = open[Math.floor(Math.random() * open.length)];
        if (chosen === undefined)
          throw new Error('There is no backup here that could be drilled without a passphrase.');
        const sources = await Promise.all(chosen.chain.map((archive) => desk.shelf.bytesOf(archive)));
        outcome.append(drillReport(await aside({ kind: 'drill', sources }, work)));
      },
      { stoppable: true },
    );
  return [button, outcome];
}
