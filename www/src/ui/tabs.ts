/**
 * The sections of the page; which one is shown is in the address, so that going back works. With a slash, so
 * that the browser finds no element of that name to scroll to.
 */

import { byId, h } from '../dom.js';

const SECTIONS = [
  { id: 'search', label: 'Search' },
  { id: 'mine', label: 'My texts' },
  { id: 'backups', label: 'Backups' },
  { id: 'storage', label: 'Storage' },
  { id: 'about', label: 'About' },
] as const;

export type SectionId = (typeof SECTIONS)[number]['id'];

export function setUpTabs(onShow: (section: SectionId) => void): void {
  const links = SECTIONS.map(({ id, label }) => h('a', { href: `#/${id}`, textContent: label }));
  byId('tabs').append(...links);
  const show = () => {
    const shown = SECTIONS.find(({ id }) => `#/${id}` === location.hash)?.id ?? 'search';
    SECTIONS.forEach(({ id }, index) => {
      byId(id).hidden = id !== shown;
      if (id === shown) links[index]?.setAttribute('aria-current', 'page');
      else links[index]?.removeAttribute('aria-current');
    });
    window.scrollTo(0, 0);
    onShow(shown);
  };
  window.addEventListener('hashchange', show);
  show();
}

export function goTo(section: SectionId): void {
  location.hash = `/${section}`;
}
