/** How this view says things: times, phases, and what went wrong. */

import { LodestoreError } from 'lodestore';
import { h } from '../dom.js';
import { messageOf } from '../errors.js';
import { ms } from '../format.js';

const TIME = new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeStyle: 'medium' });

export function when(time: Date): string {
  return TIME.format(time);
}

export const TYPES = { full: 'Full', differential: 'Differential', incremental: 'Incremental' } as const;

const PHASES: Record<string, string> = {
  archive: 'Writing the archive',
  verify: 'Reading the archive',
  content: 'Content',
  index: 'Index',
  compare: 'Comparing with the live database',
  checkpoint: 'Keeping what is there now',
  restore: 'Switching over',
};

export function phaseName(phase: string): string {
  return PHASES[phase] ?? `${phase.slice(0, 1).toUpperCase()}${phase.slice(1)}`;
}

export function left(etaMs: number | undefined): string {
  if (etaMs === undefined) return '';
  return etaMs < 1000 ? 'less than 1 s left' : `about ${ms(Math.round(etaMs / 1000) * 1000)} left`;
}

/** An error as it says itself: its code, its sentence, and what was expected and found. */
export function failure(error: unknown): HTMLElement {
  const said = h('p', { className: 'wrong', attributes: { role: 'alert' } });
  if (error instanceof LodestoreError) {
    said.append(h('b', { textContent: error.code }), ` ${error.message}`);
    const { expected, got } = error;
    if (expected !== undefined) said.append(h('small', { textContent: `Expected: ${expected}` }));
    if (got !== undefined) said.append(h('small', { textContent: `Found: ${got}` }));
  } else {
    said.append(messageOf(error));
  }
  return said;
}

export type Figure = [name: string, value: string, hint?: string];

/** Names and values, as in the storage section. */
export function figures(title: string, rows: Figure[]): HTMLTableElement {
  const body = h('tbody');
  for (const [name, value, hint] of rows) {
    const cell = h('td', {}, h('span', { textContent: value }));
    if (hint !== undefined) cell.append(h('small', { textContent: hint }));
    body.append(h('tr', {}, h('th', { scope: 'row', textContent: name }), cell));
  }
  return h('table', {}, h('caption', { textContent: title }), body);
}
