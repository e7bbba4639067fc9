/** Runs one suite in a page or in a dedicated worker of it, and reports every case to the driving process. */

import type { Case, Context, Driver, Suite } from './check.js';

interface Result {
  name: string;
  error?: string;
}

interface Page {
  report(result: Result): Promise<void>;
  drive: Driver;
  runSuite(suite: string, context: Context, only?: string): Promise<void>;
}

const inPage = typeof document !== 'undefined';
const isChromium = navigator.userAgent.includes('Chrom');

async function runCases(
  suite: string,
  context: Context,
  only: string,
  drive: Driver,
  report: (result: Result) => unknown,
): Promise<void> {
  const { default: loaded } = (await import(`/suites/${suite}.js`)) as { default: Suite };
  for (const test of loaded.cases(context, drive)) {
    if (test.name.includes(only) && (isChromium || !test.needsChromium)) await report(await runCase(test));
  }
}

async function runCase(test: Case): Promise<Result> {
  try {
    await test.run();
    return { name: test.name };
  } catch (error) {
    return {
      name: test.name,
      error: error instanceof Error ? `${error.message}\n${error.stack}` : String(error),
    };
  }
}

if (inPage) {
  const page = globalThis as unknown as Page;
  page.runSuite = (suite, context, only = '') =>
    context === 'worker'
      ? inWorker(page, suite, only)
      : runCases(suite, context, only, page.drive, page.report);
} else {
  const none: Driver = () => Promise.reject(new Error('a worker has no driver'));
  globalThis.onmessage = async (message: MessageEvent<{ suite: string; only: string }>) => {
    const { suite, only } = message.data;
    try {
      await runCases(suite, 'worker', only, none, (result) => globalThis.postMessage(result));
      globalThis.postMessage('end');
    } catch (error) {
      globalThis.postMessage({ name: `suite ${suite}`, error: String(error) });
      globalThis.postMessage('end');
    }
  };
}

function inWorker(page: Page, suite: string, only: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let told = Promise.resolve();
    const worker = new Worker('/harness.js', { type: 'module' });
    worker.onerror = (event) => reject(new Error(`worker: ${event.message}`));
    worker.onmessage = (message: MessageEvent<Result | 'end'>) => {
      const { data } = message;
      // The page may be closed at the end: not before everything is told.
      if (data !== 'end') return void (told = told.then(() => page.report(data)));
      worker.terminate();
      resolve(told);
    };
    worker.postMessage({ suite, only });
  });
}
