// Runs the suites that have cases for edge isolates in workerd, which Cloudflare's Workers run in, with a bucket of R2.
import { build } from 'esbuild';
import { Miniflare } from 'miniflare';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

/** What a Worker gets that is deployed today. */
const COMPATIBILITY_DATE = '2026-04-01';

/** Bundles `entry` as a Worker is bundled: with the package in it, its WebAssembly as modules beside it. */
async function bundled(entry) {
  const modules = new Map();
  const result = await build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    format: 'esm',
    target: 'es2022',
    conditions: ['workerd', 'worker'],
    sourcemap: 'inline',
    logLevel: 'warning',
    plugins: [
      {
        name: 'modules of WebAssembly',
        setup(build) {
          build.onResolve({ filter: /\.wasm$/ }, async ({ path, resolveDir, kind, pluginData }) => {
            if (pluginData === 'found') return undefined;
            const { path: file } = await build.resolve(path, { resolveDir, kind, pluginData: 'found' });
            modules.set(basename(file), readFileSync(file));
            return { path: `./${basename(file)}`, external: true };
          });
        },
      },
    ],
  });
  const compiled = [...modules].map(([path, contents]) => ({ type: 'CompiledWasm', path, contents }));
  return [{ type: 'ESModule', path: 'worker.mjs', contents: result.outputFiles[0].text }, ...compiled];
}

/** Calls `told` with the outcome of each case of each suite, and of those of several requests at once. */
export async function runAtTheEdge({ web, suites, only }, told) {
  const isolate = await started(web);
  try {
    for (const suite of suites) {
      const query = only === undefined ? '' : `?only=${encodeURIComponent(only)}`;
      const response = await isolate.dispatchFetch(`http://edge.test/${suite}${query}`);
      if (!response.ok) throw new Error(`${suite}: ${response.status} ${await response.text()}`);
      await eachLine(response.body, (line) => told(suite, JSON.parse(line)));
    }
    for (const [name, run] of Object.entries(requests)) {
      if (only === undefined || name.includes(only))
        told('requests', await outcome(name, () => run(isolate)));
    }
  } finally {
    await isolate.dispose();
  }
}

async function outcome(name, run) {
  try {
    await run();
    return { name };
  } catch (error) {
    return { name, error: error?.stack ?? String(error) };
  }
}

/** A step in the database that the requests of an isolate share. */
async function step(isolate, name, first = 0, signal = AbortSignal.timeout(60_000)) {
  const response = await isolate.dispatchFetch(`http://edge.test/shared?step=${name}&first=${first}`, {
    signal,
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${name}: ${response.status} ${text}`);
  return JSON.parse(text);
}

const requests = {
  'requests that come together share a database, also where some are given up': async (isolate) => {
    const isGivenUp = (i) => i % 7 === 0;
    const ends = await Promise.allSettled(
      Array.from({ length: 40 }, (_, i) =>
        step(isolate, 'write', i * 100, isGivenUp(i) ? AbortSignal.timeout(i) : undefined),
      ),
    );
    const kept = ends.filter((_, i) => !isGivenUp(i));
    for (const { reason } of kept.filter(({ status }) => status === 'rejected')) throw reason;
    const isFound = kept.every(({ value }) => value.found);
    assert.ok(isFound, 'each finds what it wrote');
    const last = await step(isolate, 'write', 4000);
    assert.ok(last.found && last.count % 100 === 0, 'each write is there whole or not at all');
    assert.ok(last.count >= (kept.length + 1) * 100, `${last.count} rows are there`);
  },
  'what a request left to be done, the next one does': async (isolate) => {
    await step(isolate, 'fill', 10_000);
    const { rows, indexState } = await step(isolate, 'optimize');
    assert.equal(indexState.pending, 0, 'every row is in the graph');
    assert.equal(await step(isolate, 'backUp'), rows);
    await step(isolate, 'close');
    assert.equal((await step(isolate, 'write', 0)).count, 100, 'a new one');
  },
};

async function started(web) {
  return new Miniflare({
    modules: await bundled(join(web, 'edge.ts')),
    compatibilityDate: COMPATIBILITY_DATE,
    r2Buckets: ['BUCKET'],
    // Else it asks a server where it is.
    cf: false,
  });
}

async function eachLine(stream, told) {
  let rest = '';
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split('\n');
    rest = lines.pop();
    for (const line of lines) told(line);
  }
  if (rest !== '') throw new Error(`the isolate ended within a line: ${rest}`);
}
