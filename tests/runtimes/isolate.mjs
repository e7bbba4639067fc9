// An isolate of workerd with a Worker in it.
import { build } from 'esbuild';
import { Miniflare } from 'miniflare';
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';

/** What a Worker gets that is deployed today. */
const COMPATIBILITY_DATE = '2026-04-01';

/** Starts the Worker that `entry`, options for esbuild, stands for. */
export async function started(entry) {
  return new Miniflare({
    modules: await bundled(entry),
    compatibilityDate: COMPATIBILITY_DATE,
    r2Buckets: ['BUCKET'],
    // Else it asks a server where it is.
    cf: false,
  });
}

/** Bundled as a Worker is: with the package in it, its WebAssembly as modules beside it. */
async function bundled(entry) {
  const modules = new Map();
  const besideIt = {
    name: 'modules of WebAssembly',
    setup(building) {
      building.onResolve({ filter: /\.wasm$/ }, async ({ path, resolveDir, kind, pluginData }) => {
        if (pluginData === 'asked') return undefined;
        const { path: file } = await building.resolve(path, { resolveDir, kind, pluginData: 'asked' });
        modules.set(basename(file), readFileSync(file));
        return { path: `./${basename(file)}`, external: true };
      });
    },
  };
  const result = await build({
    ...entry,
    bundle: true,
    write: false,
    format: 'esm',
    target: 'es2022',
    conditions: ['workerd', 'worker'],
    sourcemap: 'inline',
    logLevel: 'warning',
    plugins: [besideIt],
  });
  const compiled = [...modules].map(([path, contents]) => ({ type: 'CompiledWasm', path, contents }));
  return [{ type: 'ESModule', path: 'worker.mjs', contents: result.outputFiles[0].text }, ...compiled];
}
