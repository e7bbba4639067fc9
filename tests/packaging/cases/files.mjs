// What is in the package: every path that it names exists, nothing in it tells where it was built, and it is small.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';

/** The libraries of the command line. */
const BUNDLED = join('dist', 'cli', 'formats', 'parquet', 'library.js');
const WASM_GZIP_BYTES_MAX = { '': 170_000, _more: 125_000 };
const SEAL_GZIP_BYTES_MAX = 60_000;

async function filesOf(folder) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name));
}

function targets(value) {
  return typeof value === 'string' ? [value] : Object.values(value).flatMap(targets);
}

export const fileCases = {
  'package: every exported path exists, types come first': async ({ installed }) => {
    const manifest = JSON.parse(await readFile(join(installed, 'package.json'), 'utf8'));
    assert.notEqual(manifest.version, '0.0.0');
    assert.equal(manifest.dependencies, undefined);
    for (const path of [manifest.types, ...targets(manifest.exports), ...targets(manifest.bin)]) {
      assert.ok(existsSync(join(installed, path)), `${path} is missing`);
    }
    for (const entry of Object.values(manifest.exports)) {
      if (typeof entry === 'object') assert.equal(Object.keys(entry)[0], 'types');
    }
    for (const name of ['README.md', 'LICENSE-MIT', 'LICENSE-APACHE']) {
      assert.ok(existsSync(join(installed, name)), `${name} is missing`);
    }
  },
  'package: every module has its declarations and a source map that resolves': async ({ installed }) => {
    const modules = (await filesOf(join(installed, 'dist'))).filter((file) => file.endsWith('.js'));
    assert.ok(modules.length > 10);
    for (const file of modules) {
      assert.ok(
        existsSync(file.replace(/\.js$/, '.d.ts')),
        `${relative(installed, file)} has no declarations`,
      );
      // Not ours, or not from sources of ours alone.
      if (relative(installed, file).split(/[\\/]/).includes('wasm') || file.endsWith(BUNDLED)) continue;
      const map = JSON.parse(await readFile(`${file}.map`, 'utf8'));
      for (const source of map.sources) {
        assert.ok(existsSync(resolve(dirname(file), map.sourceRoot ?? '', source)), `${source} is missing`);
      }
    }
  },
  'package: relative imports end in a file of the package': async ({ installed }) => {
    for (const file of await filesOf(join(installed, 'dist'))) {
      if (!/\.(js|d\.ts)$/.test(file)) continue;
      const text = await readFile(file, 'utf8');
      for (const [, path] of text.matchAll(/(?:from|import)\s*\(?\s*['"](\.[^'"]+)['"]/g)) {
        assert.ok(existsSync(resolve(dirname(file), path)), `${relative(installed, file)} imports ${path}`);
      }
    }
  },
  'package: what the command line bundles is imported there only': async ({ installed }) => {
    const importers = [];
    for (const file of await filesOf(join(installed, 'dist'))) {
      const inside = relative(installed, file);
      if (file.endsWith('.js') && /formats\/parquet|parquet\/|library\.js/.test(await readFile(file, 'utf8')))
        importers.push(inside);
    }
    assert.ok(importers.length > 2);
    for (const name of importers) assert.ok(name.startsWith(join('dist', 'cli')), name);
  },
  'package: nothing tells where it was built': async ({ installed, root }) => {
    const places = [root, homedir(), process.env.CARGO_HOME].filter((place) => place && place.length > 1);
    for (const file of await filesOf(installed)) {
      const bytes = await readFile(file);
      for (const place of places)
        assert.ok(!bytes.includes(place), `${relative(installed, file)} holds ${place}`);
    }
  },
  'package: what every page loads is under 170 KB gzipped, and no two files are the same': async ({
    installed,
  }) => {
    const modules = [];
    const check = async (name, most) => {
      modules.push(await readFile(join(installed, 'dist/wasm', name)));
      const bytes = gzipSync(modules.at(-1), { level: 9 }).length;
      console.log(`        ${name}: ${bytes} bytes`);
      assert.ok(bytes <= most, `${bytes} bytes`);
    };
    for (const build of ['lodestore', 'lodestore_relaxed'])
      for (const [part, most] of Object.entries(WASM_GZIP_BYTES_MAX)) {
        await check(`${build}${part}_bg.wasm`, most);
      }
    await check('lodestore_seal_bg.wasm', SEAL_GZIP_BYTES_MAX);
    assert.equal(new Set(modules.map((module) => module.toString('base64'))).size, modules.length);
  },
};
