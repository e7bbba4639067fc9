/** Reads the WordNet database files and chooses the entries that a person would look up. */

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The lexicographer files of WordNet by number (its manual page lexnames), the part of speech cut off. */
const TOPICS = [
  'all', 'relation', 'all', 'top', 'act', 'animal', 'artifact', 'attribute', 'body', 'cognition', 'communication',
  'event', 'feeling', 'food', 'group', 'location', 'motive', 'object', 'person', 'phenomenon', 'plant', 'possession',
  'process', 'quantity', 'relation', 'shape', 'state', 'substance', 'time', 'body', 'change', 'cognition',
  'communication', 'competition', 'consumption', 'contact', 'creation', 'emotion', 'motion', 'perception',
  'possession', 'social', 'stative', 'weather', 'participle',
]; // prettier-ignore

/** What can be seen, met or felt is what people most often have no word for. */
const FAVOURED = {
  animal: 1.5, artifact: 2.5, body: 1, event: 2, feeling: 1.5, food: 1.5, object: 1.5, person: 1, phenomenon: 2,
  plant: 1, shape: 1, state: 2.5, time: 1, weather: 1.5,
}; // prettier-ignore

const FILES = [
  { file: 'noun', pos: 'noun', key: 'n' },
  { file: 'verb', pos: 'verb', key: 'v' },
  { file: 'adj', pos: 'adjective', key: 'a' },
  { file: 'adv', pos: 'adverb', key: 'r' },
];
const SENSE_KEYS = { 1: 'n', 2: 'v', 3: 'a', 4: 'r', 5: 'a' };

/**
 * @typedef {{ id: string, word: string, words: string[], gloss: string, pos: string, topic: string }} Entry
 */

/**
 * The `wanted` likeliest entries, in the order of their ids so that two runs agree.
 * @param {string} folder the `dict` folder
 * @param {Set<string>} everyday words that are common in running text
 * @param {number} wanted
 * @returns {Promise<Entry[]>}
 */
export async function chooseEntries(folder, everyday, wanted) {
  const senses = readSenses(await readFile(join(folder, 'index.sense'), 'utf8'));
  const texts = await Promise.all(FILES.map(({ file }) => readFile(join(folder, `data.${file}`), 'utf8')));
  const known = { everyday, mentions: countMentions(texts) };
  const candidates = [];
  for (const [index, { pos, key }] of FILES.entries()) {
    const text = texts[index];
    for (const line of text.split('\n')) {
      const synset = parseSynset(line);
      if (synset === undefined) continue;
      const ranked = rankWords(synset, key, senses);
      if (ranked === undefined) continue;
      const { best, words, uses } = ranked;
      candidates.push({
        entry: {
          id: `${key}${synset.offset}`,
          word: best.word,
          words,
          gloss: synset.gloss,
          pos,
          topic: synset.topic,
        },
        worth: worth(synset, best, uses, pos, known),
      });
    }
  }
  candidates.sort((a, b) => b.worth - a.worth || compare(a.entry.id, b.entry.id));
  const chosen = candidates.slice(0, wanted).map((candidate) => candidate.entry);
  return chosen.sort((a, b) => compare(a.id, b.id));
}

/**
 * The licence of WordNet, which stands at the head of each of its files, numbered line by line.
 * @param {string} folder
 */
export async function wordnetLicence(folder) {
  const text = await readFile(join(folder, 'data.adv'), 'utf8');
  const lines = text.split('\n').filter((line) => line.startsWith('  '));
  return `${lines.map((line) => line.replace(/^\s+\d+ ?/, '').trimEnd()).join('\n')}\n`;
}

/** Lemma and synset -> number of the sense and how often it was met in the tagged texts; lemma -> how many senses. */
function readSenses(text) {
  const senses = new Map();
  for (const line of text.split('\n')) {
    const [sense, offset, number, uses] = line.split(' ');
    if (uses === undefined) continue;
    const mark = sense.indexOf('%');
    const key = SENSE_KEYS[sense[mark + 1]];
    const lemma = `${sense.slice(0, mark)} ${key}`;
    senses.set(lemma + offset, { number: Number(number), uses: Number(uses) });
    senses.set(lemma, (senses.get(lemma) ?? 0) + 1);
  }
  return senses;
}

/** How often a word helps to name or explain others: who writes a gloss trusts its reader to know its words. */
function countMentions(texts) {
  const mentions = new Map();
  for (const text of texts) {
    for (const line of text.split('\n')) {
      const bar = line.indexOf(' | ');
      if (bar < 0) continue;
      for (const word of new Set(
        line
          .slice(bar + 3)
          .toLowerCase()
          .match(/[a-z]+/g),
      )) {
        mentions.set(word, (mentions.get(word) ?? 0) + 1);
      }
    }
  }
  return mentions;
}

/** One line of a data file; undefined for the licence lines at its head. */
function parseSynset(line) {
  const bar = line.indexOf(' | ');
  if (line.startsWith(' ') || bar < 0) return undefined;
  const fields = line.slice(0, bar).split(' ');
  const count = Number.parseInt(fields[3], 16);
  const words = [];
  for (let i = 0; i < count; i += 1) words.push(fields[4 + 2 * i].replace(/\((a|p|ip)\)$/, ''));
  return {
    offset: fields[0],
    topic: TOPICS[Number(fields[1])],
    words,
    gloss: definition(line.slice(bar + 3)),
    isInstance: fields.includes('@i'),
  };
}

/** The definition without its examples, which are quoted sentences about something else. */
function definition(gloss) {
  const quote = gloss.search(/[;:,]?\s*"/);
  const text = (quote < 0 ? gloss : gloss.slice(0, quote)).trim();
  return text.replace(/[;:,\s]+$/, '');
}

/**
 * The word that stands for a synset is the one that most often means just this. A synset is left out when
 * every word of it usually means something else, or when it names one person or place.
 */
function rankWords(synset, key, senses) {
  if (synset.isInstance || synset.gloss.length < 12) return undefined;
  const known = [];
  for (const raw of synset.words) {
    const sense = senses.get(`${raw.toLowerCase()} ${key}${synset.offset}`);
    if (sense === undefined) continue;
    const count = senses.get(`${raw.toLowerCase()} ${key}`) ?? 1;
    known.push({ word: raw.replaceAll('_', ' '), senses: count, ...sense });
  }
  const uses = known.reduce((sum, { uses: count }) => sum + count, 0);
  const best = known
    .filter(({ word, number, uses: count }) => (number === 1 || count > 1) && /^\p{Ll}/u.test(word))
    .sort(
      (a, b) => (a.number === 1 ? 0 : 1) - (b.number === 1 ? 0 : 1) || b.uses - a.uses || a.senses - b.senses,
    )[0];
  if (best === undefined) return undefined;
  const others = known.map(({ word }) => word).filter((word) => word !== best.word);
  return { best, words: [best.word, ...others].slice(0, 6), uses };
}

/**
 * How likely somebody looks for this entry: whether its word is known at all, and whether the word means mainly
 * this. The many lesser senses of "go" and "make" answer nobody's question.
 */
function worth(synset, best, uses, pos, { everyday, mentions }) {
  const mentioned = mentions.get(best.word) ?? 0;
  // Known is known: past a point a commoner word is no likelier to be sought.
  let score = Math.min(
    3.5,
    0.6 * Math.log2(1 + uses) + 0.6 * Math.log2(1 + mentioned) + (everyday.has(best.word) ? 1.5 : 0),
  );
  score += best.number === 1 ? 2 : -best.number;
  if (best.senses === 1) score += 2.5;
  else if (best.senses <= 3) score += 1;
  score += FAVOURED[synset.topic] ?? 0;
  // Verbs and adjectives have many senses by nature, which must not push them out.
  if (pos !== 'noun') score += 1;
  if (synset.gloss.length > 120) score -= 0.5;
  if (/[ -]/.test(best.word)) score -= 2;
  if (/(ly|ness)$/.test(best.word)) score -= 1;
  if (/^(of or|relating|in an? \S+ manner$|the (quality|state) of being \S+$)/.test(synset.gloss)) score -= 2;
  if (/\b(genus|(family|order|class) of|phylum|trade names?|drug|salts?|acid)\b/.test(synset.gloss))
    score -= 1.5;
  return score;
}

const compare = (a, b) => (a < b ? -1 : a > b ? 1 : 0);
