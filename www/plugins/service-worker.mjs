/** Writes `sw.js` after a build: the worker's own code with the list of all files and their content hashes. */

import { createHash } from 'node:crypto';
import { readFile, readdir, writeFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { ARCHIVE } from '../shared/dictionary.js';

/** The archive is imported once and then lives in the database; source maps are for developers, who are online. */
const LEFT_OUT = [/^sw\.js$/, /\.map$/, /\.part$/, new RegExp(`^${ARCHIVE.replace('.', '\\.')}$`)];

export function serviceWorker() {
  let root = '';
  let outDir = '';
  return {
    name: 'service-worker',
    apply: 'build',
    // After the plugin that puts the prepared files in place.
    enforce: 'post',
    configResolved(config) {
      root = config.root;
      outDir = join(config.root, config.build.outDir);
    },
    async closeBundle() {
      const files = await listFiles(outDir);
      const manifest = {};
      for (const path of files) {
        const name = relative(outDir, path).split(sep).join('/');
        if (LEFT_OUT.some((pattern) => pattern.test(name))) continue;
        const digest = createHash('sha256').update(await readFile(path));
        manifest[name] = digest.digest('hex').slice(0, 16);
      }
      const source = await readFile(join(root, 'plugins', 'sw.js'), 'utf8');
      const marker = 'self.PRECACHE';
      if (!source.includes(marker)) throw new Error(`plugins/sw.js has no ${marker}`);
      await writeFile(join(outDir, 'sw.js'), source.replace(marker, JSON.stringify(manifest)));
    },
  };
}

async function listFiles(folder) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return files.sort();
}
