// Pages of one browser that share a database, and what can happen to them.

import assert from 'node:assert/strict';

/** All tabs of one case, and what was acknowledged to any of them. */
export class Site {
  acked = new Set();
  tabs = [];

  constructor(context, origin, name) {
    this.context = context;
    this.origin = origin;
    this.name = name;
  }

  async tab(options = {}) {
    const tab = new Tab(this, options);
    this.tabs.push(tab);
    await tab.load();
    return tab;
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
    for (const tab of this.tabs) await tab.page.close().catch(() => undefined);
  }
}

export class Tab {
  constructor(site, options) {
    this.site = site;
    this.options = options;
  }

  /** A new page, with the database open. */
  async load() {
    this.page = await this.site.context.newPage();
    this.cdp = await this.site.context.newCDPSession(this.page);
    this.errors = [];
    this.page.on('pageerror', (error) => this.errors.push(String(error)));
    await this.page.exposeFunction('acked', (id) => void this.site.acked.add(id));
    await this.page.goto(`${this.site.origin}/tab`);
    await this.open();
  }

  async ready() {
    await this.page.waitForFunction('globalThis.ready');
  }

  async open() {
    await this.ready();
    await this.page.evaluate(([name, options]) => openDb(name, options), [this.site.name, this.options]);
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

  /** Resolves to whether all of it was written; a tab may go away in between. */
  writeMany(prefix, count, width = 4) {
    return this.run(`writeMany(${JSON.stringify(prefix)}, ${count}, ${width})`).then(
      () => true,
      (error) => {
        if (/closed|crashed|navigat|destroyed|Target/i.test(String(error))) return false;
        throw error;
      },
    );
  }

  async close() {
    await this.page.close();
    this.#gone();
  }

  /** Ends the renderer of this page as a crash would. */
  async crash() {
    const crashed = new Promise((resolve) => this.page.once('crash', resolve));
    this.cdp.send('Page.crash').catch(() => undefined);
    await crashed;
    this.#gone();
  }

  async reload() {
    await this.page.reload();
    await this.open();
  }

  /**
   * Runs nothing more in this page, as when it is frozen without a word. Like freezing, between two tasks:
   * `Debugger.pause` would stop in the middle of one, perhaps between the requests of a transaction and its commit,
   * and the browser keeps a transaction for as long as the page is paused.
   */
  async freeze() {
    await this.cdp.send('Debugger.enable');
    const paused = new Promise((resolve) => this.cdp.once('Debugger.paused', resolve));
    await this.cdp.send('Runtime.evaluate', { expression: 'setTimeout(() => { debugger; })' });
    await paused;
  }

  async thaw() {
    await this.cdp.send('Debugger.resume');
    await this.cdp.send('Debugger.disable');
  }

  /** Follows a link, away from the database. */
  async leave() {
    await this.page.goto(`${this.site.origin}/elsewhere`);
    await this.ready();
  }

  /**
   * Back to the page that was left; whether the browser has kept it, and then it finishes what it was writing: nobody
   * else waits for that, as `writeMany` ended when the page was left. Else it is opened again.
   */
  async back() {
    await this.page.goBack({ waitUntil: 'commit' });
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
