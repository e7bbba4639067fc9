/** What a reader does with the page, in one line each. */

import assert from 'node:assert/strict';

/** Long, because a shared machine may be busy; nothing is timed. */
export const PATIENCE = 90_000;

export class DemoPage {
  /** @param {import('playwright-core').Page} page */
  constructor(page) {
    this.page = page;
  }

  async ready() {
    await this.page.waitForSelector('html[data-ready="yes"]', { state: 'attached', timeout: PATIENCE });
  }

  /** @param {'search' | 'mine' | 'backups' | 'storage' | 'about'} section */
  async show(section) {
    await this.page.click(`#tabs a[href="#/${section}"]`);
    await this.page.waitForSelector(`#${section}:not([hidden])`);
  }

  /** Asks and returns the headwords (or texts) of the answer. @param {string} question */
  async ask(question) {
    await this.show('search');
    await this.page.fill('#question', '');
    await this.page.waitForSelector('#results.examples', { state: 'attached' });
    await this.page.fill('#question', question);
    await this.answered();
    return this.words();
  }

  async answered() {
    await this.page.waitForFunction(
      () =>
        /search .* rows$|empty|nothing|no texts|failed/i.test(document.getElementById('figures').textContent),
      undefined,
      { timeout: PATIENCE },
    );
  }

  words() {
    return this.page.$$eval('#results li.entry .word', (words) => words.map((word) => word.textContent));
  }

  kinds() {
    return this.page.$$eval('#results li.entry .pos', (kinds) => kinds.map((kind) => kind.textContent));
  }

  /** Filters, and waits for entries that are all of one kind. @param {string} scope @param {string} kind */
  async filter(scope, kind) {
    await this.page.click(`.chips [data-scope="${scope}"]`);
    await this.page.waitForFunction(
      (wanted) => {
        const kinds = [...document.querySelectorAll('#results li.entry .pos')].map((one) => one.textContent);
        return kinds.length > 0 && kinds.every((one) => one.split(',')[0] === wanted);
      },
      kind,
      { timeout: PATIENCE },
    );
  }

  async everything() {
    await this.page.click('.chips [data-scope="all"]');
  }

  /** @param {string[]} lines */
  async add(lines) {
    await this.show('mine');
    await this.page.fill('#lines', lines.join('\n'));
    await this.page.click('#add');
    await this.noticed(`${lines.length} texts added`);
  }

  /** @param {string} text part of a notice */
  async noticed(text) {
    const notice = this.page.locator('.notice', { hasText: text });
    await notice.first().waitFor({ timeout: PATIENCE });
    return notice.first().innerText();
  }

  async dismissNotices() {
    for (const close of await this.page.$$('.notice button[aria-label="Dismiss"]'))
      await close.click().catch(() => {});
    await this.page.waitForFunction(() => document.querySelector('.notice') === null);
  }

  /** @param {string} label of the button that says yes */
  async agree(label) {
    await this.page.locator('dialog button.danger', { hasText: label }).click();
  }

  /** Rows of each collection, as the storage section says. */
  async rows() {
    await this.show('storage');
    await this.page.waitForSelector('#figures-stored caption');
    // Leaving and coming back reads the figures anew.
    await this.show('about');
    await this.page.evaluate(() => document.getElementById('figures-stored').replaceChildren());
    await this.show('storage');
    await this.page.waitForSelector('#figures-stored caption');
    const cells = await this.page.$$eval('#figures-stored tr', (lines) =>
      lines.map((line) => [line.querySelector('th').textContent, line.querySelector('td span').textContent]),
    );
    const of = (name) => Number((cells.find(([key]) => key === name)?.[1] ?? '0').replace(/\D/g, ''));
    return { wordnet: of('wordnet'), mine: of('mine'), tables: cells };
  }

  async scrollsSideways() {
    return this.page.evaluate(
      () => document.documentElement.scrollWidth > document.documentElement.clientWidth,
    );
  }
}

/** @param {string[]} words @param {string[]} wanted @param {number} first */
export function assertAmong(words, wanted, first) {
  const top = words.slice(0, first);
  assert.ok(
    top.some((word) => wanted.includes(word)),
    `none of ${wanted.join(', ')} among the first ${first}: ${top.join(', ') || '(nothing)'}`,
  );
}
