// The browsers that the cases run in, and what each can do to a page beside what a user does.

import { chromium } from 'playwright-core';
import puppeteer from 'puppeteer-core';
import { existsSync } from 'node:fs';

const POLL_MS = 20;

/**
 * Chromium can end the renderer of one page and stop a page between two tasks, because its debugger can, and keeps
 * pages that were left (in the back/forward cache); Firefox does none of it when it is driven from outside.
 */
const BROWSERS = { chromium: startChromium, firefox: startFirefox };

export const browserNames = Object.keys(BROWSERS);

export const start = (name, profile) => BROWSERS[name](profile);

function program(variable, path) {
  const found = process.env[variable] ?? path;
  if (!existsSync(found)) throw new Error(`no browser at ${found}; install it, or set ${variable}`);
  return found;
}

async function startChromium(profile) {
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: program('CHROMIUM', '/usr/bin/chromium'),
    headless: true,
    chromiumSandbox: false,
    // People's browsers have it, and it keeps locks.
    ignoreDefaultArgs: ['--disable-back-forward-cache'],
    args: ['--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-sync'],
  });
  return {
    can: ['crash', 'freeze', 'keep'],
    takesOver: true,
    newPage: () => context.newPage(),
    debug: (page) => context.newCDPSession(page),
    // A page that comes out of the back/forward cache is not loaded again.
    back: (page) => page.goBack({ waitUntil: 'commit' }),
    close: () => context.close(),
  };
}

async function startFirefox(profile) {
  const browser = await puppeteer.launch({
    browser: 'firefox',
    executablePath: program('FIREFOX', '/usr/bin/firefox-esr'),
    headless: true,
    userDataDir: profile,
    // One call may run a whole suite.
    protocolTimeout: 0,
    // A blocked thread is to block one page, as it does where tabs are few; the driver's own wish is a single process.
    extraPrefsFirefox: { 'dom.ipc.processCount.webIsolated': 16, 'fission.bfcacheInParent': true },
  });
  return {
    can: [],
    // A transaction in IndexedDB waits for its page, and files in OPFS for the page of their worker: who stands still
    // keeps the database until it goes on.
    takesOver: false,
    newPage: () => browser.newPage(),
    debug: async () => undefined,
    async back(page) {
      const left = await page.evaluate('location.href');
      await page.evaluate('setTimeout(() => history.back(), 0)');
      while (left === (await page.evaluate('location.href').catch(() => left))) await pause(POLL_MS);
    },
    close: () => browser.close(),
  };
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Waits until the expression holds in the page. Asked from outside: pages in the background have slow timers. */
export async function until(page, expression) {
  for (;;) {
    // While a page is being left there is nothing to ask.
    const holds = await page.evaluate(`Promise.resolve(${expression}).then(Boolean)`).catch((error) => error);
    if (holds === true) return;
    if (holds instanceof Error && !/context|navigat|frame|global/i.test(holds.message)) throw holds;
    await pause(POLL_MS);
  }
}
