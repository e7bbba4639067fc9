/** One of the reader's own texts in the list, to be changed or removed. */

import { h } from '../dom.js';
import type { OwnText } from '../library.js';

export interface OwnActions {
  change(id: string, text: string): Promise<void>;
  remove(id: string): void;
}

export function ownItem({ id, text }: OwnText, actions: OwnActions): HTMLLIElement {
  const button = (label: string, run: () => void) => {
    const made = h('button', { type: 'button', className: 'quiet', textContent: label });
    made.ariaLabel = `${label} “${text.slice(0, 60)}”`;
    made.onclick = run;
    return made;
  };
  const item = h('li', {}, h('span', { className: 'text', textContent: text }));
  const edit = button('Edit', () =>
    item.replaceChildren(editor(text, item, shown, (to) => actions.change(id, to))),
  );
  const shown = [...item.childNodes, edit, button('Remove', () => actions.remove(id))];
  item.append(...shown);
  return item;
}

function editor(
  text: string,
  item: HTMLElement,
  shown: Node[],
  change: (to: string) => Promise<void>,
): HTMLFormElement {
  const field = h('input', {
    className: 'field',
    value: text,
    required: true,
    maxLength: 2000,
    ariaLabel: 'Text',
  });
  const save = h('button', { type: 'submit', textContent: 'Save' });
  const cancel = h('button', { type: 'button', className: 'quiet', textContent: 'Cancel' });
  const back = () => item.replaceChildren(...shown);
  const form = h('form', { className: 'row edit' }, field, save, cancel);
  cancel.onclick = back;
  form.onkeydown = ({ key }) => {
    if (key === 'Escape') back();
  };
  form.onsubmit = (event) => {
    event.preventDefault();
    const to = field.value.trim();
    if (to === '' || to === text) return back();
    save.disabled = true;
    void change(to).finally(back);
  };
  queueMicrotask(() => field.focus());
  return form;
}
