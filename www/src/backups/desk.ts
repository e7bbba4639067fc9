/** What the panels of this view share: the database, the shelf, and that one thing is done at a time. */

import type { Database, Encryption, Progress } from 'lodestore';
import type { App } from '../app.js';
import { h } from '../dom.js';
import { isAbort } from '../errors.js';
import { percent } from '../format.js';
import { notify } from '../ui/notices.js';
import { ProgressBar } from '../ui/progress.js';
import { backupsOf, type Backup } from './entries.js';
import { passphraseAsked } from './passphrase.js';
import type { Shelf } from './shelf.js';
import { failure, left, phaseName } from './words.js';

/** Handed to work that is under way. */
export interface Work {
  signal: AbortSignal;
  onProgress: (progress: Progress) => void;
}

export class Desk {
  readonly app: App;
  readonly shelf: Shelf;
  readonly root: HTMLElement;
  readonly #passphrases = new Map<string, string>();
  #backups: Backup[] = [];
  #listeners: (() => void)[] = [];
  #doing: string | undefined;

  constructor(app: App, shelf: Shelf, root: HTMLElement) {
    this.app = app;
    this.shelf = shelf;
    this.root = root;
  }

  get db(): Database {
    return this.app.library.database;
  }

  /** As of the last refresh, newest first. */
  get backups(): readonly Backup[] {
    return this.#backups;
  }

  onRefresh(listener: () => void): void {
    this.#listeners.push(listener);
  }

  async refresh(): Promise<void> {
    this.#backups = await backupsOf(this.db, this.shelf);
    for (const listener of this.#listeners) listener();
  }

  /** Does one thing, with its progress in `place`, where an error is left, too. Resolves to whether it went well. */
  async run(
    place: HTMLElement,
    doing: string,
    work: (work: Work) => Promise<void>,
    { stoppable = false } = {},
  ): Promise<boolean> {
    if (!this.isFree()) return false;
    this.#doing = doing;
    this.root.dataset['busy'] = 'yes';
    const stop = new AbortController();
    const bars = new Bars(doing, stoppable ? stop : undefined);
    place.replaceChildren(bars.element);
    try {
      await work({ signal: stop.signal, onProgress: (progress) => bars.set(progress) });
      bars.element.remove();
      return true;
    } catch (error) {
      place.replaceChildren(
        isAbort(error) ? h('p', { className: 'hint', textContent: 'Cancelled.' }) : failure(error),
      );
      return false;
    } finally {
      this.#doing = undefined;
      delete this.root.dataset['busy'];
      await this.refresh().catch((error: unknown) => place.append(failure(error)));
    }
  }

  /** Whether something can be begun; says what is in the way otherwise. */
  isFree(): boolean {
    if (this.#doing === undefined) return true;
    notify(`One thing at a time. Still going on: ${this.#doing}.`);
    return false;
  }

  /** What opens a backup: nothing for an open one. Asked once; a wrong one is asked again. */
  async keyOf(backup: Pick<Backup, 'archive' | 'locked'>): Promise<{ encrypt?: Encryption }> {
    if (!backup.locked) return {};
    const known = this.#passphrases.get(backup.archive);
    const passphrase = known ?? (await passphraseAsked());
    this.#passphrases.set(backup.archive, passphrase);
    return { encrypt: { passphrase } };
  }

  /** A passphrase that was typed when it was made need not be asked for. */
  remember(archive: string, passphrase: string): void {
    this.#passphrases.set(archive, passphrase);
  }

  /** As `keyOf`, for work that shows whether the passphrase was the right one. */
  async unlocked<T>(backup: Backup, work: (key: { encrypt?: Encryption }) => Promise<T>): Promise<T> {
    const key = await this.keyOf(backup);
    try {
      return await work(key);
    } catch (error) {
      if ((error as { code?: unknown }).code === 'Mismatch') this.#passphrases.delete(backup.archive);
      throw error;
    }
  }
}

/** A bar for each phase, in the order in which they begin. */
class Bars {
  readonly element = h('div', { className: 'bars' });
  readonly #bars = new Map<string, ProgressBar>();
  readonly #first: ProgressBar;

  constructor(doing: string, stop: AbortController | undefined) {
    this.#first = new ProgressBar(doing, stop);
    // Until something is known of how far it is, it only moves.
    this.#first.element.querySelector('progress')?.removeAttribute('value');
    this.element.append(this.#first.element);
  }

  set({ phase, done, total, etaMs }: Progress): void {
    let bar = this.#bars.get(phase);
    if (bar === undefined) {
      bar = this.#bars.size === 0 ? this.#first : new ProgressBar(phaseName(phase));
      if (bar !== this.#first) this.element.append(bar.element);
      this.#bars.set(phase, bar);
    }
    const rest = done < total ? left(etaMs) : '';
    bar.set(done, total, `${percent(done, total)} %${rest === '' ? '' : `, ${rest}`}`);
  }
}
