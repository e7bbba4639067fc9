/** Light, dark, or as the system says; remembered. */

import { byId } from '../dom.js';

const KEY = 'theme';
const THEMES = ['auto', 'light', 'dark'] as const;
type Theme = (typeof THEMES)[number];
const SIGNS: Record<Theme, string> = { auto: '◐', light: '☀', dark: '☾' };

export function setUpTheme(): void {
  const button = byId('theme');
  let theme = stored();
  const show = () => {
    if (theme === 'auto') delete document.documentElement.dataset['theme'];
    else document.documentElement.dataset['theme'] = theme;
    button.textContent = SIGNS[theme];
    button.title = `Colours: ${theme}`;
    button.setAttribute('aria-label', `Colours: ${theme}. Change`);
  };
  button.onclick = () => {
    theme = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length] ?? 'auto';
    localStorage.setItem(KEY, theme);
    show();
  };
  show();
}

function stored(): Theme {
  const value = localStorage.getItem(KEY);
  return THEMES.find((theme) => theme === value) ?? 'auto';
}
