/** The list of entries that answer a question. */

import { h } from '../dom.js';
import type { Found } from '../library.js';
import { notify } from './notices.js';

export function resultItem(found: Found): HTMLLIElement {
  const word = textOf(found, found.own ? 'text' : 'word');
  const item = h(
    'li',
    { className: found.own ? 'entry own' : 'entry', tabIndex: -1 },
    h(
      'div',
      { className: 'headline' },
      h(
        'span',
        {},
        h('span', { className: 'word', textContent: word }),
        ' ',
        h('span', { className: 'pos', textContent: found.own ? 'my text' : kind(found) }),
      ),
      score(found.score),
    ),
    found.own ? undefined : h('p', { className: 'gloss', textContent: textOf(found, 'gloss') }),
    found.own ? undefined : detail(found),
  );
  item.dataset['id'] = found.id;
  item.onkeydown = (event) => {
    if (event.key === 'Enter') void copy(word);
  };
  item.ondblclick = () => void copy(word);
  return item;
}

/** Arrow keys walk through the list; up from the first entry leads back to the question. */
export function walk(list: HTMLElement, question: HTMLElement, event: KeyboardEvent): void {
  const items = Array.from(list.querySelectorAll<HTMLElement>('li.entry'));
  const at = items.indexOf(document.activeElement as HTMLElement);
  const steps: Record<string, number> = {
    ArrowDown: at + 1,
    ArrowUp: at - 1,
    Home: 0,
    End: items.length - 1,
  };
  const to = steps[event.key];
  const edits = document.activeElement === question && (event.key === 'Home' || event.key === 'End');
  if (to === undefined || edits || (at < 0 && event.key !== 'ArrowDown')) return;
  event.preventDefault();
  if (to < 0) question.focus();
  else items[Math.min(to, items.length - 1)]?.focus();
}

function kind(found: Found): string {
  const topic = textOf(found, 'topic');
  const pos = textOf(found, 'pos');
  // WordNet sorts adjectives and adverbs into no topics.
  return topic === '' || topic === 'all' ? pos : `${pos}, ${topic}`;
}

function detail(found: Found): HTMLElement | undefined {
  const words = found.metadata?.['words'];
  const others = Array.isArray(words) ? words.slice(1).map(String) : [];
  if (others.length === 0) return undefined;
  return h('p', { className: 'also', textContent: `also ${others.join(', ')}` });
}

function score(value: number): HTMLElement {
  const bar = h('span', { className: 'bar', attributes: { 'aria-hidden': 'true' } });
  bar.style.setProperty('--share', String(Math.max(0, Math.min(1, value))));
  const title = `Score ${value.toFixed(3)}: the cosine between your question and this entry`;
  return h('span', { className: 'score', title }, bar, h('span', { textContent: value.toFixed(2) }));
}

function textOf(found: Found, key: string): string {
  const value = found.metadata?.[key];
  return typeof value === 'string' ? value : '';
}

async function copy(word: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(word);
    notify(`Copied “${word}”.`);
  } catch {
    notify('The browser did not allow copying.');
  }
}
