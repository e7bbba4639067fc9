/** “Back up now”: full, or what changed since, onto the shelf and into a file. */

import type { BackupOptions, BackupType } from 'lodestore';
import { h } from '../dom.js';
import { bytes, ms, plural } from '../format.js';
import { notify } from '../ui/notices.js';
import type { Desk } from './desk.js';
import type { Backup } from './entries.js';
import { placeFor, save } from './save.js';
import type { KeptBackup } from './shelf.js';
import { TYPES, when } from './words.js';

const ORDER: BackupType[] = ['full', 'differential', 'incremental'];

export class MakePanel {
  readonly element: HTMLElement;
  readonly #desk: Desk;
  readonly #kinds = new Map<BackupType, { input: HTMLInputElement; hint: HTMLElement }>();
  readonly #compress = h('input', { type: 'checkbox', id: 'backup-compress', checked: true });
  readonly #save = h('input', { type: 'checkbox', id: 'backup-save', checked: true });
  readonly #passphrase = h('input', {
    type: 'password',
    id: 'backup-passphrase',
    className: 'field',
    autocomplete: 'new-password',
    placeholder: 'none: not encrypted',
  });
  readonly #work = h('div', { className: 'outcome' });

  constructor(desk: Desk) {
    this.#desk = desk;
    const submit = h('button', {
      type: 'submit',
      id: 'backup',
      className: 'primary',
      textContent: 'Back up now',
    });
    const form = h(
      'form',
      { className: 'make' },
      h(
        'fieldset',
        { className: 'kinds' },
        h('legend', { textContent: 'What' }),
        ...ORDER.map((type) => this.#kind(type)),
      ),
      h(
        'div',
        { className: 'how' },
        h(
          'div',
          { className: 'switches' },
          h('label', { className: 'check' }, this.#compress, 'Compress'),
          h('label', { className: 'check' }, this.#save, 'Save it as a file, too'),
        ),
        h('label', { className: 'labelled' }, 'Passphrase', this.#passphrase),
      ),
      h('div', { className: 'row' }, submit),
    );
    form.onsubmit = (event) => {
      event.preventDefault();
      void this.#make();
    };
    this.element = h('section', { id: 'make' }, h('h2', { textContent: 'Back up now' }), form, this.#work);
    desk.onRefresh(() => this.#refresh());
  }

  #kind(type: BackupType): HTMLElement {
    const input = h('input', { type: 'radio', name: 'backup-type', value: type, checked: type === 'full' });
    const hint = h('small', {});
    this.#kinds.set(type, { input, hint });
    return h('label', { className: 'check' }, input, h('span', {}, TYPES[type], hint));
  }

  /** What one of this type would go on from: the newest that is whole and kept here. */
  #base(type: BackupType): Backup | undefined {
    if (type === 'full') return undefined;
    return this.#desk.backups
      .filter((one) => one.known && one.absent === 0 && (type === 'incremental' || one.type === 'full'))
      .sort((a, b) => b.toSeq - a.toSeq || b.made.getTime() - a.made.getTime())[0];
  }

  #refresh(): void {
    for (const [type, { input, hint }] of this.#kinds) {
      const base = this.#base(type);
      input.disabled = type !== 'full' && base === undefined;
      if (input.disabled && input.checked)
        (this.#kinds.get('full') as { input: HTMLInputElement }).input.checked = true;
      if (type === 'full') hint.textContent = 'everything, by itself';
      else if (base === undefined) hint.textContent = 'needs a full one first';
      else {
        const what = type === 'differential' ? 'blocks that changed since' : 'writes since';
        hint.textContent = `${what} the ${base.type} one of ${when(base.made)}`;
      }
    }
  }

  async #make(): Promise<void> {
    const type = ORDER.find((one) => this.#kinds.get(one)?.input.checked) ?? 'full';
    const day = new Date().toISOString().slice(0, 16).replace('T', '-').replace(':', '');
    const file = `dictionary-${day}-${type}.lode`;
    await this.#desk.run(
      this.#work,
      'Backing up',
      async ({ signal, onProgress }) => {
        const place = this.#save.checked ? await placeFor(file) : undefined;
        const base = this.#base(type);
        // One passphrase opens a whole chain when it is restored, so what follows a locked one is locked by the same.
        const sinceKey = base === undefined ? {} : await this.#desk.keyOf(base);
        const typed =
          this.#passphrase.value === '' ? {} : { encrypt: { passphrase: this.#passphrase.value } };
        const { encrypt } = { ...typed, ...sinceKey };
        const options: BackupOptions = {
          type,
          compress: this.#compress.checked,
          name: file,
          signal,
          onProgress,
        };
        if (encrypt !== undefined) options.encrypt = encrypt;
        if (base !== undefined) options.since = await this.#desk.shelf.bytesOf(base.archive);
        const kept = await this.#put(options, file);
        if (encrypt !== undefined && 'passphrase' in encrypt)
          this.#desk.remember(kept.archive, encrypt.passphrase);
        this.#passphrase.value = '';
        if (place !== undefined) await save(this.#desk.shelf, kept.archive, file, place);
      },
      { stoppable: true },
    );
  }

  async #put(options: BackupOptions, file: string): Promise<KeptBackup> {
    const { shelf, db } = this.#desk;
    const stream = await db.backup(options);
    const { archive, type, base, fromSeq, toSeq, toMs, rows } = stream.manifest;
    const incoming = await shelf.put(archive);
    const reader = stream.getReader();
    try {
      for (let step = await reader.read(); !step.done; step = await reader.read()) {
        await incoming.write(step.value);
      }
      const done = await stream.done;
      const about = {
        archive,
        type,
        fromSeq,
        toSeq,
        toMs,
        rows,
        file,
        bytes: done.bytes,
        madeMs: Date.now(),
      };
      const kept = { ...about, locked: options.encrypt !== undefined, ...(base !== undefined && { base }) };
      await incoming.done(kept);
      notify(`Backed up ${plural(rows, 'row')}: ${bytes(done.bytes)} in ${ms(done.ms)}.`);
      return kept;
    } catch (error) {
      await incoming.abort();
      await reader.cancel(error).catch(() => undefined);
      throw error;
    }
  }
}
