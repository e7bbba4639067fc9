/** Asks before something is lost. */

import { h } from '../dom.js';

export interface Question {
  title: string;
  text: string;
  yes: string;
}

export function confirmed({ title, text, yes }: Question): Promise<boolean> {
  const accept = h('button', { type: 'submit', value: 'yes', className: 'danger', textContent: yes });
  const refuse = h('button', { type: 'submit', value: 'no', textContent: 'Cancel', autofocus: true });
  const dialog = h(
    'dialog',
    { attributes: { 'aria-labelledby': 'question-title' } },
    h(
      'form',
      { method: 'dialog' },
      h('h2', { id: 'question-title', textContent: title }),
      h('p', { textContent: text }),
      h('div', { className: 'row end' }, refuse, accept),
    ),
  );
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.onclose = () => {
      dialog.remove();
      resolve(dialog.returnValue === 'yes');
    };
  });
}
