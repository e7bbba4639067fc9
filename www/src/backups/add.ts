/** Takes a backup that was saved as a file back onto the shelf, so that it can be verified and restored. */

import type { Encryption, Restore } from 'lodestore';
import { h } from '../dom.js';
import { notify } from '../ui/notices.js';
import type { Desk, Work } from './desk.js';
import { passphraseAsked } from './passphrase.js';

export class AddFile {
  readonly elements: [button: HTMLElement, outcome: HTMLElement];
  readonly #desk: Desk;
  readonly #outcome = h('div', { className: 'outcome wide' });

  constructor(desk: Desk) {
    this.#desk = desk;
    const input = h('input', {
      type: 'file',
      id: 'add-backup',
      accept: '.lode',
      multiple: true,
      className: 'away',
      tabIndex: -1,
      ariaLabel: 'Backup to add',
    });
    input.onchange = async () => {
      const files = [...(input.files ?? [])];
      input.value = '';
      await desk.run(
        this.#outcome,
        'Adding',
        async (work) => {
          for (const file of files) await this.#add(file, work);
        },
        { stoppable: true },
      );
    };
    const button = h('button', { type: 'button', textContent: 'Add a saved file…' });
    button.onclick = () => input.click();
    this.elements = [h('span', {}, button, input), this.#outcome];
  }

  async #add(file: File, { signal, onProgress }: Work): Promise<void> {
    const { report, locked } = await this.#head(file);
    if (report === undefined) {
      throw new Error(
        `${file.name} is an archive of an older format, which “Import a file…” in the storage section takes in.`,
      );
    }
    const { archive, type, base, fromSeq, toSeq, toMs, rows } = report;
    const incoming = await this.#desk.shelf.put(archive);
    try {
      let done = 0;
      const reader = file.stream().getReader();
      for (let step = await reader.read(); !step.done; step = await reader.read()) {
        signal.throwIfAborted();
        await incoming.write(step.value);
        done += step.value.length;
        onProgress({ phase: 'read', done, total: file.size });
      }
      const about = { archive, type, fromSeq, toSeq, toMs, rows, bytes: file.size, locked, file: file.name };
      await incoming.done({ ...about, madeMs: file.lastModified, ...(base !== undefined && { base }) });
      notify(`${file.name} is kept here now.`);
    } catch (error) {
      await incoming.abort();
      throw error;
    }
  }

  /** What it says of itself, which of a locked one only its passphrase shows. */
  async #head(
    file: File,
    encrypt?: Encryption,
  ): Promise<{ report: Restore['plan']['archives'][number]; locked: boolean }> {
    const restore = await this.#desk.db.restore(file, encrypt === undefined ? {} : { encrypt });
    const [report] = restore.reports;
    await restore.abort();
    if (report?.manifest === undefined && report?.encrypted === true && encrypt === undefined) {
      return this.#head(file, { passphrase: await passphraseAsked() });
    }
    return { report: report?.manifest, locked: report?.encrypted === true };
  }
}
