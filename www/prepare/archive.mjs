/** Writes the dictionary as one archive, through the packed package, the way any user of it would. */

import { createWriteStream } from 'node:fs';
import { mkdir, readFile, rename, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { CONFIG, DICTIONARY } from '../shared/dictionary.js';
import { DIMENSION } from '../shared/sentence.js';
import { paths } from './paths.mjs';

const BATCH = 1000;

/** @param {(line: string) => void} say */
export async function writeArchive(say) {
  // Made anew each time: it takes a second, and one left by another build of the package could be of another kind.
  const entries = JSON.parse(await readFile(paths.entries, 'utf8'));
  const bytes = await readFile(paths.vectors);
  const vectors = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
  if (vectors.length !== entries.length * DIMENSION) {
    throw new Error('The vectors are not complete. Run the step "embed" first.');
  }

  const { open } = await loadPackage();
  const db = await open('dictionary', { storage: 'memory' });
  try {
    const words = await db.collection(DICTIONARY, CONFIG);
    for (let start = 0; start < entries.length; start += BATCH) {
      const batch = entries.slice(start, start + BATCH);
      await words.upsert({
        ids: batch.map((entry) => entry.id),
        vectors: vectors.slice(start * DIMENSION, (start + batch.length) * DIMENSION),
        metadata: batch.map(({ id, ...metadata }) => metadata),
      });
    }
    await mkdir(dirname(paths.archive), { recursive: true });
    const part = `${paths.archive}.part`;
    await pipeline(Readable.fromWeb(await db.export()), createWriteStream(part));
    await rename(part, paths.archive);
  } finally {
    await db.close();
  }
  const { size } = await stat(paths.archive);
  say(`archive: ${entries.length} rows in ${(size / 1e6).toFixed(1)} MB`);
}

async function loadPackage() {
  try {
    return await import('lodestore');
  } catch (error) {
    if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw new Error('The package is not in www/node_modules yet: run `cargo xtask pack` first.');
  }
}
