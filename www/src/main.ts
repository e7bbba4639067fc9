/** Starts the page: opens the library and the model side by side, and joins the views to them. */

import { App } from './app.js';
import { BackupsView } from './backups/view.js';
import { h } from './dom.js';
import { Embedder } from './embedder.js';
import { messageOf } from './errors.js';
import { Library } from './library.js';
import { setUpOffline } from './offline.js';
import { setUpAbout } from './ui/about.js';
import { Carry } from './ui/carry.js';
import { notify } from './ui/notices.js';
import { OwnView } from './ui/own.js';
import { ProgressBar } from './ui/progress.js';
import { SearchView } from './ui/search.js';
import { Setup } from './ui/setup.js';
import { StorageView } from './ui/storage.js';
import { setUpTabs, type SectionId } from './ui/tabs.js';
import { setUpTheme } from './ui/theme.js';

async function start(): Promise<void> {
  setUpTheme();
  setUpAbout();
  const search = new SearchView();
  const shown = {
    section: 'search' as SectionId,
    storage: undefined as StorageView | undefined,
    backups: undefined as BackupsView | undefined,
  };
  setUpTabs((section) => {
    if (shown.section === 'backups' && section !== 'backups') void shown.backups?.leave();
    shown.section = section;
    if (section === 'backups') void shown.backups?.refresh();
    if (section === 'search') search.focus();
    if (section === 'storage') void shown.storage?.refresh();
  });
  const library = await openLibrary(search.setup);

  const modelPlace = h('div');
  const dictionaryPlace = h('div');
  search.setup.replaceChildren(dictionaryPlace, modelPlace);
  const app = new App(library, loadModel(modelPlace));
  const setup = new Setup(dictionaryPlace);
  const own = new OwnView(app);
  shown.storage = new StorageView(app, new Carry(app, () => setup.emptied(app)));
  shown.backups = new BackupsView(app);
  search.connect(app);
  await setup.start(app);
  await own.refresh();
  if (shown.section === 'storage') await shown.storage.refresh();
  if (shown.section === 'backups') await shown.backups.refresh();
  await app.embedder.ready.catch(() => undefined);
  document.documentElement.dataset['ready'] = 'yes';
  await setUpOffline();
}

/** Tries again for as long as the reader asks for it. */
async function openLibrary(place: HTMLElement): Promise<Library> {
  for (;;) {
    const bar = new ProgressBar('Opening');
    // A quick opening should not flash.
    const timer = setTimeout(() => place.replaceChildren(bar.element), 300);
    try {
      return await Library.open(({ done, total }) => bar.set(done, total));
    } catch (error) {
      clearTimeout(timer);
      await retryAsked(place, error);
    } finally {
      clearTimeout(timer);
    }
  }
}

function retryAsked(place: HTMLElement, error: unknown): Promise<void> {
  const text = `The dictionary could not be opened: ${messageOf(error)}`;
  const retry = h('button', { type: 'button', id: 'retry', className: 'primary', textContent: 'Try again' });
  place.replaceChildren(
    h('div', { className: 'empty', attributes: { role: 'alert' } }, h('p', { textContent: text }), retry),
  );
  return new Promise((resolve) => {
    retry.onclick = () => resolve();
  });
}

function loadModel(place: HTMLElement): Embedder {
  const bar = new ProgressBar('Loading the language model');
  const timer = setTimeout(() => place.replaceChildren(bar.element), 300);
  const embedder = new Embedder((done, total) => {
    bar.set(done, total, done === total ? 'starting' : undefined);
  });
  embedder.ready
    .catch((error: unknown) => {
      const action = { label: 'Reload', run: () => location.reload() };
      notify(`Searching does not work: ${messageOf(error)}`, { kind: 'error', action });
    })
    .finally(() => {
      clearTimeout(timer);
      place.replaceChildren();
    });
  return embedder;
}

start().catch((error: unknown) => notify(`The page could not start: ${messageOf(error)}`, { kind: 'error' }));
