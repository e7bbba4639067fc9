/** Short messages in the corner. Errors stay until they are closed; the rest goes by itself. */

import { byId, h } from '../dom.js';

const SHOWN_MS = 5000;

export interface NoticeOptions {
  kind?: 'info' | 'error';
  action?: { label: string; run(): void };
}

export function notify(text: string, { kind = 'info', action }: NoticeOptions = {}): void {
  const close = h('button', { type: 'button', className: 'quiet', textContent: '×', ariaLabel: 'Dismiss' });
  const notice = h(
    'div',
    { className: `notice ${kind}`, attributes: kind === 'error' ? { role: 'alert' } : {} },
    h('p', { textContent: text }),
  );
  if (action !== undefined) {
    const button = h('button', { type: 'button', textContent: action.label });
    button.onclick = () => action.run();
    notice.append(button);
  }
  notice.append(close);
  close.onclick = () => notice.remove();
  // News replaces older news; what asks for something stays.
  byId('notices').querySelector('.notice.passing')?.remove();
  byId('notices').append(notice);
  if (kind !== 'info' || action !== undefined) return;
  notice.classList.add('passing');
  setTimeout(() => notice.remove(), SHOWN_MS);
}

export function clearNotices(): void {
  byId('notices').replaceChildren();
}
