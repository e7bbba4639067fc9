// Pages of one browser that share a database, and what can happen to them.

import assert from 'node:assert/strict';
import { until } from './browsers.mjs';

/** All tabs of one case, and what was acknowledged to any of them. */
export class Site {
  acked = new Set();
  tabs = [];

  constructor(browser, origin, name) {
    this.browser = browser;
    this.origin = origin;
    this.name = name;
  }

  async tab(options = {}) {
    const tab = new Tab(this, options);
    this.tabs.push(tab);
    await tab.load();
    return tab;
  }

  /** A page that has the package and no database. */
  async page() {
    const page = await this.browser.newPage();
    await page.goto(`${this.origin}/other`);
    await until(page, 'globalThis.ready');
    return page;
  }

  /** The tab that leads. */
  async leader(tabs = this.tabs) {
    for (const tab of tabs) if ((await tab.role()) === 'leader') return tab;
    throw new Error('nobody leads');
  }

  /** In every tab: everything acknowledged is there and found, and nothing was written twice. Nobody writes meanwhile. */
  async agree({ extra = 0 } = {}) {
    let roles = [];
    for (const tab of this.tabs) {
      // Not what is acknowledged while the rows are listed.
      const acked = [...this.acked];
      const { ids, lost, count, seq, role, ok, problems } = await tab.run('survey()');
      roles.push(role);
      const there = new Set(ids);
      assert.deepEqual(
        acked.filter((id) => !there.has(id)),
        [],
        'acknowledged and gone',
      );
      assert.deepEqual(lost, [], 'there and not found');
      assert.equal(there.size, ids.length, 'a row is listed twice');
      assert.equal(count, ids.length);
      // The first write made the collection; each row is one write, unless one was made twice.
      assert.equal(seq, ids.length + 1 + extra, 'as many writes as rows');
      assert.ok(ok, JSON.stringify(problems));
    }
    assert.equal(roles.filter((role) => role === 'leader').length, 1, `one leader: ${roles}`);
  }

  async close() {
    for (const tab of [...this.tabs]) await tab.close().catch(() => undefined);
  }
}

export class Tab {
  /** Grows when what runs in the page is ended, by whatever is done to it here. */
  #endings = 0;

  constructor(site, options) {
    this.site = site;
    this.options = options;
  }

  /** A new page, with the database open. */
  async load() {
    this.page = await this.site.browser.newPage();
    this.debugger = await this.site.browser.debug(this.page);
    this.errors = [];
    this.page.on('pageerror', (error) => this.errors.push(String(error)));
    await this.page.exposeFunction('acked', (id) => void this.site.acked.add(id));
    await this.page.goto(`${this.site.origin}/tab`);
    await this.open();
  }

  async ready() {
    await this.until('globalThis.ready');
  }

  async open() {
    await this.ready();
    await this.page.evaluate(([name, options]) => openDb(name, options), [this.site.name, this.options]);
  }

  until(expression) {
    return until(this.page, expression);
  }

  run(expression) {
    return this.page.evaluate(expression);
  }

  async role() {
    return (await this.run('db.stats()')).role;
  }

  async write(id) {
    await this.run(`write(${JSON.stringify(id)}).then((seq) => (acked(${JSON.stringify(id)}), seq))`);
  }

  /** Resolves to whether all of it was written; a tab may be made to go away in between, and nothing else. */
  async writeMany(prefix, count, width = 4) {
    const endings = this.#endings;
    try {
      await this.run(`writeMany(${JSON.stringify(prefix)}, ${count}, ${width})`);
      return true;
    } catch (error) {
      if (this.#endings === endings) throw error;
      return false;
    }
  }

  async close() {
    this.#endings += 1;
    await this.page.close();
    this.#gone();
  }

  /** Ends the renderer of this page as a crash would. */
  async crash() {
    this.#endings += 1;
    const crashed = new Promise((resolve) => this.page.once('crash', resolve));
    this.debugger.send('Page.crash').catch(() => undefined);
    await crashed;
    this.#gone();
  }

  /** Is gone in the rudest way that this browser has for one page. */
  die() {
    return this.debugger === undefined ? this.close() : this.crash();
  }

  /** Stands still, frozen if the browser can do that; resolves to what waits until it goes on. */
  async standStill() {
    if (this.debugger === undefined) {
      const over = this.run('block(6000)');
      return () => over;
    }
    await this.freeze();
    return () => this.thaw();
  }

  async reload() {
    this.#endings += 1;
    await this.page.reload();
    await this.open();
  }

  /**
   * Runs nothing more in this page, as when it is frozen without a word. Like freezing, between two tasks:
   * `Debugger.pause` would stop in the middle of one, perhaps between the requests of a transaction and its commit,
   * and the browser keeps a transaction for as long as the page is paused.
   */
  async freeze() {
    await this.debugger.send('Debugger.enable');
    const paused = new Promise((resolve) => this.debugger.once('Debugger.paused', resolve));
    await this.debugger.send('Runtime.evaluate', { expression: 'setTimeout(() => { debugger; })' });
    await paused;
  }

  async thaw() {
    await this.debugger.send('Debugger.resume');
    await this.debugger.send('Debugger.disable');
  }

  /** Follows a link, away from the database. */
  async leave() {
    this.#endings += 1;
    await this.page.goto(`${this.site.origin}/elsewhere`);
    await this.ready();
  }

  /**
   * Back to the page that was left; whether the browser has kept it, and then it finishes what it was writing: nobody
   * else waits for that, as `writeMany` ended when the page was left. Else it is opened again.
   */
  async back() {
    await this.site.browser.back(this.page);
    await this.ready();
    const kept = await this.run('globalThis.db !== undefined');
    if (!kept) await this.open();
    await this.run('writing.then(() => undefined)');
    // What was told at the moment of leaving was not heard.
    for (const id of await this.run('told')) this.site.acked.add(id);
    return kept;
  }

  #gone() {
    this.site.tabs = this.site.tabs.filter((tab) => tab !== this);
  }
}
