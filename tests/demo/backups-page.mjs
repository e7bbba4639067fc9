/** What a reader does in the backups section, in one line each. */

import { DemoPage, PATIENCE } from './page.mjs';

/** Where the page keeps its backups. */
const FOLDER = 'dictionary-backups';

export class BackupsPage extends DemoPage {
  async open() {
    await this.show('backups');
    await this.page.waitForSelector('#time-line .now');
    await this.quiet();
  }

  /** Nothing is under way. */
  async quiet() {
    await this.page.waitForSelector('#backups:not([data-busy])', { timeout: PATIENCE });
  }

  /** @param {{ type?: string, passphrase?: string, save?: boolean }} how @returns {Promise<string>} its id */
  async backUp({ type = 'full', passphrase = '', save = false } = {}) {
    const before = await this.archives();
    await this.page.check(`#make input[value="${type}"]`);
    await this.page.setChecked('#backup-save', save);
    await this.page.fill('#backup-passphrase', passphrase);
    await this.page.click('#backup');
    await this.page.waitForFunction(
      (known) =>
        document.querySelectorAll('#time-line .backup').length > known ||
        document.querySelector('#make .wrong') !== null,
      before.length,
    );
    await this.quiet();
    const made = (await this.archives()).find((archive) => !before.includes(archive));
    if (made === undefined) throw new Error(await this.page.innerText('#make .outcome'));
    return made;
  }

  archives() {
    return this.page.$$eval('#time-line .backup', (all) => all.map((one) => one.dataset.archive));
  }

  /** @param {string} archive */
  item(archive) {
    return this.page.locator(`#time-line [data-archive="${archive}"]`);
  }

  /** Opens it in the list, and does something with it. @param {string} archive @param {string} act */
  async act(archive, act) {
    const item = this.item(archive);
    await item.locator('details').evaluate((details) => (details.open = true));
    await item.locator(`[data-act="${act}"]`).click();
  }

  /** @returns {Promise<string>} what it said when it was done */
  async outcomeOf(archive) {
    await this.quiet();
    return this.item(archive).locator('.outcome').innerText();
  }

  /** @param {string} archive @param {number} level */
  async verify(archive, level) {
    await this.item(archive)
      .locator('details')
      .evaluate((details) => (details.open = true));
    await this.item(archive).locator('select').selectOption(String(level));
    await this.act(archive, 'verify');
    return this.outcomeOf(archive);
  }

  /** @param {string} archive @param {number | undefined} seq up to which write */
  async plan(archive, seq) {
    await this.act(archive, 'restore');
    await this.page.fill('#restore-seq', seq === undefined ? '' : String(seq));
    await this.page.click('#plan');
    await this.page.waitForSelector('#plan-table, #restore .wrong');
    await this.quiet();
  }

  /** @returns {Promise<string>} what was found, or what went wrong */
  async stage() {
    await this.page.click('#stage');
    await this.page.waitForSelector('#validation, #restore .wrong');
    await this.quiet();
    return this.page.innerText('#restore');
  }

  async commit() {
    await this.page.click('#commit');
    await this.agree('Switch over');
    await this.page.waitForFunction(() => document.getElementById('restore').hidden);
    await this.quiet();
  }

  /** The number of the last write. */
  async seq() {
    await this.open();
    return Number((await this.page.innerText('#time-line .now .facts')).replace(/\D/g, ''));
  }

  async ownTexts() {
    return (await this.page.$$eval('#own-texts .text', (all) => all.map((one) => one.textContent))).sort();
  }

  /** Turns one byte of a backup that is kept. Twice is as before. @param {string} archive */
  async turnByte(archive) {
    await this.page.evaluate(
      async ([folder, name]) => {
        const root = await navigator.storage.getDirectory();
        const handle = await (await root.getDirectoryHandle(folder)).getFileHandle(name);
        const bytes = new Uint8Array(await (await handle.getFile()).arrayBuffer());
        const position = Math.floor(bytes.length / 2);
        const writable = await handle.createWritable({ keepExistingData: true });
        await writable.write({ type: 'write', position, data: new Uint8Array([bytes[position] ^ 0x10]) });
        await writable.close();
      },
      [FOLDER, `${archive}.lode`],
    );
  }
}
