/**
 * Drives the built demo in Chromium as a reader would: first start, search, filter, own texts, reload, network off,
 * export, delete, import, bad files, backups, a second tab, a phone, light and dark. Needs `www/dist`; `CHROMIUM` names the
 * browser. Pictures of the page are left in `target/demo-screens`.
 */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { backupSteps, emptyBackups } from './backups.mjs';
import { assertAmong, DemoPage, PATIENCE } from './page.mjs';
import { preview, serve } from './server.mjs';
import { Steps } from './steps.mjs';
import { checkTokenizer } from './wordpiece.mjs';

const dist = new URL('../../www/dist/', import.meta.url);
const screens = fileURLToPath(new URL('../../target/demo-screens/', import.meta.url));
const QUESTION = 'a small boat for one person';
const OWN = [
  'The spare key hangs behind the boiler in the cellar',
  'Grandmother baked her plum cake with cinnamon and no eggs',
  'The ferry to the island leaves at seven on weekdays',
];
const OWN_QUESTION = 'what did grandma put into her cake';
/** The one of them that answers it. */
const OWN_ANSWER = OWN[1];

await mkdir(screens, { recursive: true });
const work = await mkdtemp(join(tmpdir(), 'demo-'));
const server = await serve(dist);
const context = await chromium.launchPersistentContext(join(work, 'profile'), {
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox'],
  viewport: { width: 1280, height: 860 },
  colorScheme: 'light',
  acceptDownloads: true,
});
context.setDefaultTimeout(PATIENCE);
const complaints = [];
context.on('weberror', (error) => complaints.push(`uncaught: ${error.error().message}`));
context.on('console', (message) => {
  if (['error', 'warning'].includes(message.type())) complaints.push(`${message.type()}: ${message.text()}`);
});
const tab = context.pages()[0] ?? (await context.newPage());
const demo = new DemoPage(tab);
const steps = new Steps();
const picture = (name) => tab.screenshot({ path: join(screens, `${name}.png`) });
const archive = join(work, 'carried.lode');
/** Rows of both collections before anything was carried away. */
let before;

await steps.step('the tokenizer agrees with the reference on fifty texts', () => checkTokenizer(dist));

await steps.step('the first start brings in at least 10,000 entries', async () => {
  await tab.goto(server.url);
  await demo.ready();
  const { wordnet, mine } = await demo.rows();
  assert.ok(wordnet >= 10_000, `${wordnet} entries`);
  assert.equal(mine, 0);
});

await steps.step('a small boat for one person is a kayak or a canoe', async () => {
  const words = await demo.ask(QUESTION);
  await picture('search');
  assertAmong(words, ['kayak', 'canoe'], 5);
  const figures = await tab.textContent('#figures');
  assert.match(figures, /meaning [\d.]+ m?s · search [\d.]+ m?s · [\d,]+ rows/);
  const scores = await tab.$$eval('#results .score span:last-child', (all) =>
    all.map((one) => Number(one.textContent)),
  );
  assert.ok(scores.length > 0 && scores.every((score) => score > 0 && score <= 1));
  assert.deepEqual(
    scores,
    scores.toSorted((a, b) => b - a),
  );
});

await steps.step('the entries follow what is typed', async () => {
  await demo.ask('very light');
  await tab.focus('#question');
  await tab.keyboard.press('End');
  await tab.keyboard.type(' rain', { delay: 30 });
  await tab.waitForFunction(() =>
    [...document.querySelectorAll('#results .word')]
      .slice(0, 5)
      .some((word) => word.textContent === 'drizzle'),
  );
});

await steps.step('a filter leaves only its part of speech', async () => {
  await demo.ask('to move through water');
  await demo.filter('verb', 'verb');
  const verbs = await demo.words();
  assertAmong(verbs, ['swim', 'float', 'wade', 'sail', 'dive'], 12);
  await demo.filter('noun', 'noun');
  assert.notDeepEqual(await demo.words(), verbs);
  await demo.everything();
});

await steps.step('the keyboard is enough', async () => {
  await demo.ask(QUESTION);
  await tab.focus('#theme');
  await tab.keyboard.press('/');
  await tab.waitForFunction(() => document.activeElement?.id === 'question');
  await tab.keyboard.press('ArrowDown');
  await tab.keyboard.press('ArrowDown');
  const focused = () =>
    tab.evaluate(() => [...document.querySelectorAll('#results li')].indexOf(document.activeElement));
  assert.equal(await focused(), 1);
  await tab.keyboard.press('ArrowUp');
  await tab.keyboard.press('ArrowUp');
  assert.equal(await tab.evaluate(() => document.activeElement.id), 'question');
  await tab.keyboard.press('Escape');
  assert.equal(await tab.inputValue('#question'), '');
});

await steps.step("the reader's own texts are added and found by meaning", async () => {
  await demo.add(OWN);
  await picture('mine');
  const words = await demo.ask(OWN_QUESTION);
  await picture('search-own');
  assert.equal(words[0], OWN_ANSWER);
  assert.equal((await demo.kinds())[0], 'my text');
  await demo.filter('mine', 'my text');
  assert.equal((await demo.words()).length, OWN.length);
  await demo.everything();
});

await steps.step('adding can be cancelled, and keeps what was done', async () => {
  await demo.show('mine');
  const many = Array.from({ length: 3000 }, (_, n) => `A line about nothing in particular, number ${n}`);
  await tab.fill('#lines', many.join('\n'));
  await tab.click('#add');
  await tab.waitForFunction(() => document.querySelector('#mine progress')?.value > 0);
  await tab.click('#mine .progress-box button');
  const said = await demo.noticed('Cancelled');
  const added = Number(/([\d,]+) text/.exec(said)[1].replace(',', ''));
  assert.ok(added > 0 && added < many.length, said);
  assert.equal((await tab.inputValue('#lines')).split('\n').length, many.length - added);
  assert.equal((await demo.rows()).mine, OWN.length + added);
});

await steps.step('own texts can be removed', async () => {
  await demo.show('mine');
  await tab.click('#remove-all');
  await demo.agree('Remove');
  await tab.waitForFunction(() => document.getElementById('own-summary').textContent.startsWith('Nothing'));
  assert.equal((await demo.rows()).mine, 0);
  await demo.show('mine');
  await tab.fill('#lines', '');
  await demo.add(OWN);
});

await steps.step('the storage section says what is stored, and the bytes verify', async () => {
  before = await demo.rows();
  assert.equal(before.mine, OWN.length);
  const names = before.tables.map(([name]) => name);
  for (const wanted of ['wordnet', 'mine', 'Memory', 'Blocks', 'Snapshots', 'Log', 'Together', 'In all']) {
    assert.ok(names.includes(wanted), `no ${wanted}`);
  }
  await tab.click('#check');
  await demo.noticed('All is well');
  await tab.click('#checkpoint');
  await demo.noticed('new snapshot');
  await demo.dismissNotices();
  await picture('storage');
});

await steps.step('a reload opens what is stored, without fetching the dictionary', async () => {
  const asked = server.requests.filter((path) => path.endsWith('.lode')).length;
  await tab.reload();
  await demo.ready();
  assert.deepEqual({ ...(await demo.rows()), tables: 0 }, { ...before, tables: 0 });
  assert.equal(server.requests.filter((path) => path.endsWith('.lode')).length, asked);
  assertAmong(await demo.ask(QUESTION), ['kayak', 'canoe'], 5);
});

await steps.step('with the network off and the server gone it loads and searches', async () => {
  await tab.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
  await context.setOffline(true);
  await server.stop();
  try {
    await tab.goto(server.url);
    await demo.ready();
    assertAmong(await demo.ask(QUESTION), ['kayak', 'canoe'], 5);
    assert.equal((await demo.ask(OWN_QUESTION))[0], OWN_ANSWER);
    await picture('offline');
    await demo.show('about');
    await tab.click('summary >> nth=0');
    await tab.waitForFunction(() =>
      document.querySelector('#about pre').textContent.includes('Princeton University'),
    );
  } finally {
    await server.start();
    await context.setOffline(false);
  }
});

await steps.step('everything is exported to one file', async () => {
  await demo.show('storage');
  const download = tab.waitForEvent('download');
  await tab.click('#export');
  await (await download).saveAs(archive);
  assert.match((await download).suggestedFilename(), /^dictionary-\d{4}-\d\d-\d\d\.lode$/);
  assert.ok((await stat(archive)).size > before.wordnet * 384 * 4);
});

const broken = {
  'a truncated archive': async (bytes) => bytes.subarray(0, Math.floor(bytes.length * 0.6)),
  'an archive with one byte changed': async (bytes) => {
    const copy = Buffer.from(bytes);
    copy[Math.floor(copy.length / 2)] ^= 0x40;
    return copy;
  },
  'a file of random bytes': async () => randomBytes(50_000),
  'an empty file': async () => Buffer.alloc(0),
};
for (const [name, make] of Object.entries(broken)) {
  await steps.step(`${name} is refused and changes nothing`, async () => {
    await demo.show('storage');
    const file = join(work, 'bad.lode');
    await writeFile(file, await make(await readFile(archive)));
    await tab.setInputFiles('#import-file', file);
    await demo.agree('Replace');
    await tab.locator('.notice.error').first().waitFor();
    const text = await tab.innerText('.notice.error p');
    assert.match(
      text,
      /^This (file is damaged or incomplete|is not a Lodestore archive): .*Nothing was changed\.$/s,
    );
    if (name === 'a file of random bytes') await picture('refused');
    await demo.dismissNotices();
    assert.deepEqual({ ...(await demo.rows()), tables: 0 }, { ...before, tables: 0 });
    assertAmong(await demo.ask(QUESTION), ['kayak', 'canoe'], 5);
  });
}

await steps.step('deleting everything leaves nothing, also after a reload', async () => {
  await demo.show('storage');
  await tab.click('#delete');
  await tab.locator('dialog button', { hasText: 'Cancel' }).click();
  assert.equal((await demo.rows()).wordnet, before.wordnet);
  await tab.click('#delete');
  await demo.agree('Delete');
  await demo.noticed('Everything is deleted');
  await tab.reload();
  await demo.ready();
  const { wordnet, mine } = await demo.rows();
  assert.deepEqual({ wordnet, mine }, { wordnet: 0, mine: 0 });
  await demo.ask(QUESTION);
  assert.match(await tab.textContent('#figures'), /empty/);
  await picture('emptied');
});

await steps.step('the backups section works with nothing stored', () => emptyBackups(tab));

await steps.step('the file brings everything back', async () => {
  await demo.show('storage');
  await tab.setInputFiles('#import-file', archive);
  await demo.noticed('Imported');
  assert.deepEqual({ ...(await demo.rows()), tables: 0 }, { ...before, tables: 0 });
  assertAmong(await demo.ask(QUESTION), ['kayak', 'canoe'], 5);
  assert.equal((await demo.ask(OWN_QUESTION))[0], OWN_ANSWER);
});

await steps.step('a file dropped on the page is imported', async () => {
  await demo.show('mine');
  await tab.click('#remove-all');
  await demo.agree('Remove');
  await tab.waitForFunction(() => document.getElementById('own-summary').textContent.startsWith('Nothing'));
  await demo.dismissNotices();
  await demo.show('search');
  await dropFile(tab, archive);
  await demo.agree('Replace');
  await demo.noticed('Imported');
  assert.equal((await demo.rows()).mine, OWN.length);
});

await backupSteps(tab, steps, { work, picture });

await steps.step('a second tab works beside the first, and when that is left', async () => {
  const second = await context.newPage();
  await second.goto(server.url);
  const there = new DemoPage(second);
  await there.ready();
  assertAmong(await there.ask(QUESTION), ['kayak', 'canoe'], 5);
  await tab.goto('about:blank');
  assertAmong(await there.ask(QUESTION), ['kayak', 'canoe'], 5);
  await second.close();
  await tab.goto(server.url);
  await demo.ready();
});

for (const width of [320, 360]) {
  await steps.step(`a phone ${width} pixels wide needs no sideways scrolling`, async () => {
    await tab.setViewportSize({ width, height: 740 });
    await demo.ask(QUESTION);
    for (const section of /** @type {const} */ (['search', 'mine', 'backups', 'storage', 'about'])) {
      await demo.show(section);
      assert.equal(await demo.scrollsSideways(), false, section);
      if (width === 360) await picture(`phone-${section}`);
    }
  });
}

await steps.step('light and dark follow the system, and the button overrides it', async () => {
  await tab.setViewportSize({ width: 1280, height: 860 });
  const paper = () => tab.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
  await demo.ask(QUESTION);
  const light = await paper();
  await tab.emulateMedia({ colorScheme: 'dark' });
  const dark = await paper();
  assert.notEqual(dark, light);
  await picture('dark');
  await tab.click('#theme');
  assert.equal(await paper(), light);
  await tab.click('#theme');
  await tab.emulateMedia({ colorScheme: 'light' });
  assert.equal(await paper(), dark);
  await tab.click('#theme');
  assert.equal(await paper(), light);
});

/** Another origin is another reader: nothing is stored yet. */
async function firstAnswerFrom(url) {
  const page = await context.newPage();
  await page.goto(url);
  const other = new DemoPage(page);
  await other.ready();
  const words = await other.ask(QUESTION);
  assertAmong(words, ['kayak', 'canoe'], 5);
  await page.close();
}

await steps.step('it works as the demo command serves it', async () => {
  const served = await preview();
  await firstAnswerFrom(served.url).finally(served.stop);
});

await steps.step('it works on a page that is isolated from other origins', async () => {
  const isolated = await serve(dist, {
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Embedder-Policy': 'require-corp',
  });
  await firstAnswerFrom(isolated.url).finally(isolated.stop);
});

await steps.step('the page can be installed', async () => {
  const address = await tab.getAttribute('link[rel=manifest]', 'href');
  const manifest = await (await fetch(new URL(address, server.url))).json();
  assert.equal(manifest.display, 'standalone');
  for (const icon of manifest.icons) {
    const response = await fetch(new URL(icon.src, server.url));
    assert.equal(response.headers.get('content-type'), icon.type);
  }
});

await steps.step('the console stayed quiet', async () => {
  assert.deepEqual(complaints, []);
});

await context.close();
await server.stop();
await rm(work, { recursive: true, force: true });
steps.finish();

/** A real drop: the browser makes the events, with the file as the desktop would hand it over. */
async function dropFile(page, path) {
  const session = await page.context().newCDPSession(page);
  const data = { items: [], files: [path], dragOperationsMask: 1 };
  for (const type of ['dragEnter', 'dragOver', 'drop']) {
    await session.send('Input.dispatchDragEvent', { type, x: 400, y: 300, data });
  }
  await session.detach();
}
