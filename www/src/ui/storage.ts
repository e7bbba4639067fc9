/** What is stored on this device, to the byte. */

import type { Stats } from 'lodestore';
import type { App } from '../app.js';
import { byId, h } from '../dom.js';
import { messageOf } from '../errors.js';
import { bytes, count, ms, plural } from '../format.js';
import { offlineState } from '../offline.js';
import { Carry } from './carry.js';
import { notify } from './notices.js';

type Row = [name: string, value: string, hint?: string];

export class StorageView {
  readonly #app: App;
  readonly #tables = h('div', { id: 'figures-stored', className: 'tables' });

  constructor(app: App, carry: Carry) {
    this.#app = app;
    const checkpoint = h('button', { type: 'button', id: 'checkpoint', textContent: 'Checkpoint now' });
    checkpoint.onclick = () => void this.#run(checkpoint, async () => {
      await app.library.checkpoint();
      return 'Written to a new snapshot.';
    }); // prettier-ignore
    const check = h('button', { type: 'button', id: 'check', textContent: 'Check every byte' });
    check.onclick = () => void this.#run(check, async () => {
      const report = await app.library.check();
      const what = report.problems.map((problem) => `${problem.where}: ${problem.what}`).join('; ');
      if (!report.ok) throw new Error(what);
      return `All is well: ${plural(report.rows, 'row')}, ${plural(report.blocks, 'block')}, ${plural(report.frames, 'frame')} verified.`;
    }); // prettier-ignore
    byId('storage').append(
      h('h1', { id: 'storage-title', textContent: 'Storage' }),
      h('p', {
        className: 'lead',
        textContent: 'Everything lies in this browser. Take it with you as one file.',
      }),
      carry.element,
      this.#tables,
      h('div', { className: 'row' }, checkpoint, check),
    );
    app.onChange(() => {
      if (!byId('storage').hidden) void this.refresh();
    });
  }

  async refresh(): Promise<void> {
    try {
      const stats = await this.#app.library.stats();
      const offline = await offlineState();
      this.#tables.replaceChildren(
        this.#content(stats, offline),
        files(stats),
        snapshots(stats),
        this.#opening(),
      );
    } catch (error) {
      this.#tables.replaceChildren(h('p', { textContent: `No figures: ${messageOf(error)}` }));
    }
  }

  async #run(button: HTMLButtonElement, work: () => Promise<string>): Promise<void> {
    button.disabled = true;
    try {
      notify(await work());
    } catch (error) {
      notify(messageOf(error), { kind: 'error' });
    } finally {
      button.disabled = false;
      await this.refresh();
    }
  }

  #content(stats: Stats, offline: string): HTMLElement {
    const rows = stats.collections.map((info): Row => {
      const model = info.model === undefined ? '' : `, ${info.model.id} ${info.model.version}`;
      return [
        info.name,
        `${count(info.rows)} rows`,
        `${info.dimension} dimensions, ${info.metric}, ${info.index}${model}`,
      ];
    });
    rows.push(['Last write', `no. ${count(stats.seq)}`, `${stats.durability} durability, ${stats.storage}`]);
    rows.push(['Memory', bytes(stats.memoryBytes), 'WebAssembly, with all rows and vectors']);
    rows.push(['Offline', offline]);
    return table('Content', rows);
  }

  #opening(): HTMLElement {
    const { report, openMs } = this.#app.library;
    const rows: Row[] = report.phases.map((phase) => [phase.name, ms(phase.ms)]);
    rows.unshift(['In all', ms(openMs), 'with starting the worker']);
    rows.push(['Rows', count(report.rows)]);
    rows.push(['Snapshot', report.snapshot === null ? 'none' : `no. ${report.snapshot}`]);
    rows.push(['Replayed', plural(report.framesReplayed, 'frame')]);
    rows.push(['Dropped', bytes(report.bytesDropped), 'a write that was cut off before it was acknowledged']);
    return table('The last opening', rows);
  }
}

function files({ bytes: size, logBytes }: Stats): HTMLElement {
  const rows: Row[] = [
    ['Blocks', bytes(size.blocks), 'vectors and rows'],
    ['Snapshots', bytes(size.snapshots), 'which blocks belong together'],
    ['Log', bytes(size.log), `${bytes(logBytes)} to replay on opening`],
  ];
  if (size.other > 0) rows.push(['Other', bytes(size.other)]);
  rows.push(['Together', bytes(size.total)]);
  return table('Bytes by kind of file', rows);
}

function snapshots(stats: Stats): HTMLElement {
  const rows = stats.snapshots.map((snapshot): Row => [
    `No. ${snapshot.generation}`,
    bytes(snapshot.bytes),
    `write no. ${count(snapshot.seq)}, ${new Date(snapshot.timeMs).toLocaleString('en')}`,
  ]); // prettier-ignore
  return table('Snapshots', rows.length > 0 ? rows : [['None yet', '', 'all is in the log']]);
}

function table(title: string, rows: Row[]): HTMLElement {
  const body = h('tbody');
  for (const [name, value, hint] of rows) {
    const cell = h('td', {}, h('span', { textContent: value }));
    if (hint !== undefined) cell.append(h('small', { textContent: hint }));
    body.append(h('tr', {}, h('th', { scope: 'row', textContent: name }), cell));
  }
  return h('table', {}, h('caption', { textContent: title }), body);
}
