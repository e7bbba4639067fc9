/** Asks for the passphrase of a backup. It is kept in this page's memory until the page is left, and nowhere else. */

import { h } from '../dom.js';

export function passphraseAsked(): Promise<string> {
  const field = h('input', {
    type: 'password',
    className: 'field',
    required: true,
    autofocus: true,
    autocomplete: 'off',
    attributes: { 'aria-label': 'Passphrase' },
  });
  const cancel = h('button', { type: 'button', textContent: 'Cancel' });
  const dialog = h(
    'dialog',
    { attributes: { 'aria-labelledby': 'passphrase-title' } },
    h(
      'form',
      { method: 'dialog' },
      h('h2', { id: 'passphrase-title', textContent: 'Passphrase of this backup' }),
      field,
      h(
        'div',
        { className: 'row end' },
        cancel,
        h('button', { type: 'submit', value: 'yes', className: 'primary', textContent: 'Open' }),
      ),
    ),
  );
  cancel.onclick = () => dialog.close('no');
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve, reject) => {
    dialog.onclose = () => {
      dialog.remove();
      if (dialog.returnValue === 'yes') resolve(field.value);
      else reject(new DOMException('No passphrase was given.', 'AbortError'));
    };
  });
}
