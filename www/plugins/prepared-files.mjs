/** Puts what the preparation made (model, vocabulary, dictionary) beside the page: too large to be bundled. */

import { createReadStream } from 'node:fs';
import { cp, stat } from 'node:fs/promises';
import { join, normalize, sep } from 'node:path';
import { paths } from '../prepare/paths.mjs';

const NEEDED = [paths.model, paths.vocabulary, paths.archive];

export function preparedFiles() {
  let outDir = '';
  return {
    name: 'prepared-files',
    configResolved(config) {
      outDir = join(config.root, config.build.outDir);
    },
    async buildStart() {
      for (const path of NEEDED) {
        const info = await stat(path).catch(() => undefined);
        if (info === undefined) throw new Error(`${path} is missing: run node www/prepare/main.mjs first.`);
      }
    },
    async writeBundle() {
      await cp(paths.served, outDir, { recursive: true, filter: (path) => !path.endsWith('.part') });
    },
    configureServer(server) {
      server.middlewares.use(async (request, response, next) => {
        const path = normalize(join(paths.served, decodeURIComponent(request.url.split('?')[0])));
        const inside = path.startsWith(paths.served + sep);
        const info = inside ? await stat(path).catch(() => undefined) : undefined;
        if (info === undefined || !info.isFile()) return next();
        response.setHeader('Content-Length', info.size);
        response.setHeader('Content-Type', 'application/octet-stream');
        createReadStream(path).pipe(response);
      });
    },
  };
}
