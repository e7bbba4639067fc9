/**
 * Prepares what the demo searches. `embed` fetches the model and embeds the glosses; `archive` writes them into
 * one archive with the packed package; without an argument both. Each step is quick when its result is there.
 */

import { writeArchive } from './archive.mjs';
import { embedGlosses } from './embed.mjs';
import { fetchModel } from './model.mjs';

const step = process.argv[2] ?? 'all';
const start = performance.now();

/** @param {string} line */
function say(line) {
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(`[prepare ${seconds.padStart(5)} s] ${line}`);
}

if (!['all', 'embed', 'archive'].includes(step)) {
  console.error(`Unknown step "${step}". Known: embed, archive; none for both.`);
  process.exit(2);
}
try {
  if (step !== 'archive') {
    await fetchModel(say);
    await embedGlosses(say);
  }
  if (step !== 'embed') await writeArchive(say);
} catch (error) {
  console.error(`prepare: ${error.message}`);
  process.exit(1);
}
