// Node: the database in files, in this very process.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { dataset } from '../search/data/datasets.mjs';
import { built, opened } from './measure.mjs';
import { Rows } from './rows.mjs';

export const host = `node ${process.versions.node}`;

export async function measure({ entry, scratch, n, config, say }, add) {
  const { open } = await import(pathToFileURL(entry));
  const options = { storage: 'files', directory: join(scratch, 'files') };
  const here = { open, options, source: new Rows(await dataset('minilm', say), n), say };
  let peak = watch();
  await built(here, config, add);
  add('build_peak_mb', peak(), 'MB');
  peak = watch();
  await opened(here, add);
  add('opened_peak_mb', peak(), 'MB');
}

/** Watches how large the process gets. */
function watch() {
  let peak = 0;
  const look = () => (peak = Math.max(peak, process.memoryUsage().rss));
  const timer = setInterval(look, 20);
  return () => {
    look();
    clearInterval(timer);
    return peak / 1e6;
  };
}
