/** A labelled progress bar, with a way out where there is one. */

import { h } from '../dom.js';
import { percent } from '../format.js';

export class ProgressBar {
  readonly element: HTMLElement;
  readonly #bar = h('progress', { max: 100, value: 0 });
  readonly #text = h('span', { className: 'numbers' });

  constructor(label: string, cancel?: AbortController) {
    const title = h('span', { textContent: label });
    const line = h(
      'label',
      { className: 'progress' },
      h('span', { className: 'row between' }, title, this.#text),
    );
    line.append(this.#bar);
    this.element = h('div', { className: 'progress-box' }, line);
    if (cancel !== undefined) {
      const button = h('button', { type: 'button', textContent: 'Cancel' });
      button.onclick = () => cancel.abort();
      this.element.append(button);
    }
  }

  set(done: number, total: number, detail = `${percent(done, total)} %`): void {
    this.#bar.value = percent(done, total);
    this.#text.textContent = detail;
  }
}
