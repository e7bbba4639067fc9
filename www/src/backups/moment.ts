/** Asks for a moment: a time of this device, or the number of a write. */

import type { Moment } from 'lodestore';
import { h } from '../dom.js';

export class MomentField {
  readonly element: HTMLElement;
  readonly #time: HTMLInputElement;
  readonly #seq: HTMLInputElement;

  constructor(id: string) {
    this.#time = h('input', { type: 'datetime-local', step: '1', id: `${id}-time`, className: 'field' });
    this.#seq = h('input', {
      type: 'number',
      min: '0',
      step: '1',
      id: `${id}-seq`,
      className: 'field',
      inputMode: 'numeric',
    });
    // The one says the other nothing.
    this.#time.oninput = () => (this.#seq.value = '');
    this.#seq.oninput = () => (this.#time.value = '');
    this.element = h(
      'div',
      { className: 'moment' },
      h('label', { className: 'labelled' }, 'As of', this.#time),
      h('label', { className: 'labelled' }, 'or write no.', this.#seq),
    );
  }

  set seq(seq: number | undefined) {
    this.#time.value = '';
    this.#seq.value = seq === undefined ? '' : String(seq);
  }

  /** Undefined where nothing was entered. A time covers the whole second that it names. */
  get moment(): Moment | undefined {
    if (this.#seq.value !== '') return Number(this.#seq.value);
    if (this.#time.value === '') return undefined;
    return new Date(new Date(this.#time.value).getTime() + 999);
  }
}
