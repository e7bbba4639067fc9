/** What a policy would keep and what it would let go: a dry run first, and then, if that is what is wanted, for real. */

import type { KeepCounts, PrunedArchive, PrunedSnapshot, PruneResult, RetentionPolicy } from 'lodestore';
import { h } from '../dom.js';
import { bytes, count, plural } from '../format.js';
import { confirmed } from '../ui/confirm.js';
import { notify } from '../ui/notices.js';
import type { Desk } from './desk.js';
import { failure, TYPES, when } from './words.js';

const COUNTS = ['last', 'daily', 'weekly', 'monthly'] as const;
type Counts = Record<(typeof COUNTS)[number], number>;
/** What is offered where nothing was said yet. */
const OFFERED: { snapshots: Counts; archives: Counts; days: number } = {
  snapshots: { last: 2, daily: 7, weekly: 0, monthly: 0 },
  archives: { last: 3, daily: 7, weekly: 4, monthly: 12 },
  days: 7,
};

export class RetentionPanel {
  readonly element: HTMLElement;
  readonly #desk: Desk;
  readonly #snapshots = new CountFields('snapshots', 'Snapshots');
  readonly #archives = new CountFields('archives', 'Backups');
  readonly #days = number('retain-days', OFFERED.days, 0);
  readonly #stored = h('p', { className: 'hint', id: 'retention-stored' });
  readonly #outcome = h('div', { id: 'retention-outcome', className: 'outcome' });

  constructor(desk: Desk) {
    this.#desk = desk;
    this.#snapshots.counts = OFFERED.snapshots;
    this.#archives.counts = OFFERED.archives;
    const form = h(
      'form',
      {},
      this.#archives.element,
      this.#snapshots.element,
      h('label', { className: 'labelled' }, 'Every write of so many days', this.#days),
      h('div', { className: 'row' }, h('button', { type: 'submit', id: 'dry-run', textContent: 'Dry run' })),
    );
    form.onsubmit = (event) => {
      event.preventDefault();
      void this.#dryRun();
    };
    this.element = h(
      'section',
      { id: 'retention' },
      h('h2', { textContent: 'What to keep' }),
      this.#stored,
      form,
      this.#outcome,
    );
    desk.onRefresh(() => void this.#sayStored());
  }

  get #policy(): RetentionPolicy {
    const days = Number(this.#days.value);
    return { snapshots: this.#snapshots.counts, archives: this.#archives.counts, history: { days } };
  }

  async #sayStored(): Promise<void> {
    try {
      const policy = await this.#desk.db.retention();
      this.#stored.textContent =
        policy === undefined
          ? 'No policy is stored: the newest two snapshots stay, and every write since the older one; backups all stay.'
          : `Stored: ${said(policy)}.`;
    } catch (error) {
      this.#stored.replaceChildren(failure(error));
    }
  }

  async #dryRun(): Promise<void> {
    const policy = this.#policy;
    await this.#desk.run(this.#outcome, 'Dry run', async () => {
      this.#show(policy, await this.#desk.db.prune({ policy, dryRun: true }));
    });
  }

  #show(policy: RetentionPolicy, result: PruneResult): void {
    const label = 'Keep to it, and prune now…';
    const apply = h('button', { type: 'button', id: 'apply-policy', textContent: label });
    apply.onclick = () => void this.#apply(policy);
    const going = goingOf(result);
    const lines = [...result.archives.map(archiveLine), ...result.points.map(pointLine)];
    this.#outcome.append(
      h('p', {
        textContent: going === undefined ? 'All of it would stay.' : `This would let go of ${going}.`,
      }),
      h('table', { className: 'audit' }, h('tbody', {}, ...lines)),
      h('div', { className: 'row' }, apply),
    );
  }

  async #apply(policy: RetentionPolicy): Promise<void> {
    await this.#desk.run(this.#outcome, 'Pruning', async () => {
      const { db, shelf } = this.#desk;
      // Asked anew: since the dry run, more may have come that goes.
      const going = goingOf(await db.prune({ policy, dryRun: true })) ?? 'nothing for now';
      const text = `From now on the database keeps to this. Goes from this browser: ${going}. Files that you saved stay.`;
      if (!(await confirmed({ title: 'Prune now?', text, yes: 'Prune' }))) {
        throw new DOMException('Not confirmed.', 'AbortError');
      }
      await db.setRetention(policy);
      await db.prune({ remove: ({ archive }) => shelf.remove(archive) });
      notify('Pruned, and from now on kept to.');
    });
  }

  /** What was said of a while ago need not hold when one comes back. */
  leave(): void {
    this.#outcome.replaceChildren();
  }
}

/** What goes, in words; nothing where all stays. */
function goingOf({ archives, points, logs, bytes: freed }: PruneResult): string | undefined {
  const backups = archives.filter(({ keep }) => !keep);
  const snapshots = points.filter(({ keep }) => !keep).length;
  const parts: string[] = [];
  if (backups.length > 0) {
    const size = backups.reduce((sum, one) => sum + one.bytes, 0);
    parts.push(`${plural(backups.length, 'backup')} of ${bytes(size)}`);
  }
  if (snapshots > 0) parts.push(plural(snapshots, 'snapshot'));
  if (logs > 0) parts.push(plural(logs, 'log'));
  if (parts.length === 0) return undefined;
  return `${parts.join(', ')}${freed > 0 ? ` (${bytes(freed)} of the database)` : ''}`;
}

/** Last, daily, weekly and monthly, as one group. */
class CountFields {
  readonly element: HTMLElement;
  readonly #fields: Record<(typeof COUNTS)[number], HTMLInputElement>;

  constructor(id: string, title: string) {
    const field = (name: string) => number(`retain-${id}-${name}`, 0, name === 'last' ? 2 : 0);
    this.#fields = {
      last: field('last'),
      daily: field('daily'),
      weekly: field('weekly'),
      monthly: field('monthly'),
    };
    const labelled = COUNTS.map((name) =>
      h('label', { className: 'labelled small' }, name, this.#fields[name]),
    );
    this.element = h('fieldset', { className: 'counts' }, h('legend', { textContent: title }), ...labelled);
  }

  set counts(counts: Counts) {
    for (const name of COUNTS) this.#fields[name].value = String(counts[name]);
  }

  get counts(): Counts {
    const of = (name: (typeof COUNTS)[number]) => Number(this.#fields[name].value);
    return { last: of('last'), daily: of('daily'), weekly: of('weekly'), monthly: of('monthly') };
  }
}

function number(id: string, value: number, min: number): HTMLInputElement {
  const limits = { min: String(min), max: '1000', step: '1', required: true, inputMode: 'numeric' };
  return h('input', { type: 'number', id, className: 'field', value: String(value), ...limits });
}

function said({ snapshots, archives, history }: RetentionPolicy): string {
  const of = (counts: KeepCounts) =>
    COUNTS.filter((name) => (counts[name] ?? 0) > 0)
      .map((name) => `${name} ${counts[name]}`)
      .join(', ');
  const parts: string[] = [];
  if (archives !== undefined) parts.push(`backups ${of(archives)}`);
  if (snapshots !== undefined) parts.push(`snapshots ${of(snapshots)}`);
  if (history?.days !== undefined) parts.push(`every write of ${plural(history.days, 'day')}`);
  return parts.join('; ');
}

function line(name: string, hint: string, keep: boolean, why: readonly string[]): HTMLElement {
  const said = keep ? 'stays' : 'would go';
  const because = keep && why.length > 0 ? why.join(', ') : undefined;
  return h(
    'tr',
    { attributes: { 'data-keep': String(keep) } },
    h('th', { scope: 'row' }, name, h('small', { textContent: hint })),
    h(
      'td',
      {},
      h('span', { className: keep ? '' : 'bad', textContent: said }),
      because !== undefined && h('small', { textContent: because }),
    ),
  );
}

function archiveLine({ type, time, bytes: size, keep, why }: PrunedArchive): HTMLElement {
  return line(`${TYPES[type]} backup`, `${when(time)}, ${bytes(size)}`, keep, why);
}

function pointLine({ seq, time, keep, why }: PrunedSnapshot): HTMLElement {
  return line('Snapshot', `${when(time)}, write no. ${count(seq)}`, keep, why);
}
