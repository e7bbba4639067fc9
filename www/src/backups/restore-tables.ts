/** What a restore says: before it begins, while it goes on, and when it is ready. */

import type { Database, Progress, Restore, RestorePlan, RestoreValidation } from 'lodestore';
import { h } from '../dom.js';
import { bytes, count, ms, percent, plural } from '../format.js';
import { ProgressBar } from '../ui/progress.js';
import { type Figure, figures, left, TYPES, when } from './words.js';

export function planTable({
  archives,
  collections,
  rows,
  bytes: size,
  rowsToIndex,
  etaMs,
}: RestorePlan): HTMLElement {
  const list: Figure[] = archives.map((one, at): Figure => {
    if (one === undefined) return [`Archive ${at + 1}`, 'of an older format'];
    return [
      `Archive ${at + 1}`,
      TYPES[one.type],
      `writes ${count(one.fromSeq)} to ${count(one.toSeq)}, ${when(new Date(one.toMs))}`,
    ];
  });
  list.push(['Rows', count(rows), collections.map((one) => `${one.name} ${count(one.rows)}`).join(', ')]);
  if (size !== undefined) list.push(['To read', bytes(size)]);
  list.push(['To index', plural(rowsToIndex, 'row')]);
  list.push([
    'Content',
    etaMs.content === undefined ? 'not known yet' : `about ${ms(etaMs.content)}`,
    'on this machine',
  ]);
  const index: Figure = ['Index', `about ${ms(etaMs.index)}`, 'on this machine'];
  list.push(
    rowsToIndex === 0
      ? ['Index', 'nothing to build', 'it comes along, or rows are few enough to be scanned']
      : index,
  );
  const table = figures('The plan', list);
  table.id = 'plan-table';
  return table;
}

export function validationTable(found: RestoreValidation): HTMLElement {
  const table = figures('Ready: what was found', [
    ['As of', when(found.time), `write no. ${count(found.seq)}`],
    ['Rows', count(found.rows), plural(found.collections, 'collection')],
    ['Questions', `${found.found} of ${found.queries}`, 'rows that were found by their own vectors'],
    ['Content', ms(found.ms.content)],
    ['Index', ms(found.ms.index), `announced: ${ms(found.indexEtaMs)}`],
  ]);
  table.id = 'validation';
  return table;
}

/** Counts, because a whole dictionary may be other than it is. */
export async function changesTable({ past }: Restore, db: Database): Promise<HTMLElement> {
  const now = new Map((await db.collections()).map((one) => [one.name, one.rows]));
  const rows: Figure[] = [];
  for (const { name, rows: then } of await past.collections()) {
    const live = now.get(name);
    now.delete(name);
    if (live === undefined)
      rows.push([name, `${plural(then, 'row')} come back`, 'the collection is not there now']);
    else {
      const changes = await past.diff(name);
      const deleted = changes.filter(({ change }) => change === 'deleted').length;
      // What `diff` tells of are the rows of then; those that came since are the rest.
      const added = live - (then - deleted);
      const words = [
        `${count(changes.length - deleted)} changed back`,
        `${count(deleted)} come back`,
        `${count(added)} go`,
      ];
      rows.push([name, words.join(', ')]);
    }
  }
  for (const [name, live] of now)
    rows.push([name, `${plural(live, 'row')} go`, 'the collection was not there then']);
  const table = figures('What would change', rows);
  table.id = 'changes';
  return table;
}

/** Both phases, from the beginning: one sees what is still to come. */
export class Phases {
  readonly element = h('div', { className: 'bars', id: 'phases' });
  readonly #bars: Record<string, ProgressBar> = {
    content: new ProgressBar('Content'),
    index: new ProgressBar('Index'),
  };

  constructor({ etaMs, rowsToIndex }: RestorePlan) {
    for (const [phase, bar] of Object.entries(this.#bars)) {
      bar.element.dataset['phase'] = phase;
      const eta = etaMs[phase as 'content' | 'index'];
      const none = phase === 'index' && rowsToIndex === 0;
      bar.set(0, 1, none ? 'nothing to build' : eta === undefined ? 'waiting' : `about ${ms(eta)}`);
      this.element.append(bar.element);
    }
  }

  /** False where it is of neither phase. */
  set({ phase, done, total, etaMs }: Progress): boolean {
    const bar = this.#bars[phase];
    if (bar === undefined) return false;
    const rest = left(etaMs);
    bar.set(done, total, `${percent(done, total)} %${done < total && rest !== '' ? `, ${rest}` : ''}`);
    return true;
  }

  finish({ ms: took }: RestoreValidation): void {
    this.#bars['content']?.set(1, 1, `done in ${ms(took.content)}`);
    this.#bars['index']?.set(1, 1, `done in ${ms(took.index)}`);
  }
}
