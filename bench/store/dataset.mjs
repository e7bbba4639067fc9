// Rows like those of a dictionary, the same on every machine: an embedding's vector, the word, its part of speech, a gloss.

const WORDS = (
  'a the of in for with small large boat bird tree river stone light used to one person carry move by hand plant grown ' +
  'animal related family device that part body act state being quality person who makes something without place where'
).split(' ');
const KINDS = ['noun', 'verb', 'adjective', 'adverb'];

/** Numbers from 0 to 1 by mulberry32. */
function generator(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** `count` unit vectors, one after another, of nearly normal components. */
function vectors(random, count, dimension) {
  const out = new Float32Array(count * dimension);
  for (let row = 0; row < count; row += 1) {
    const one = out.subarray(row * dimension, (row + 1) * dimension);
    let squares = 0;
    for (let i = 0; i < dimension; i += 1) {
      one[i] = random() + random() + random() - 1.5;
      squares += one[i] * one[i];
    }
    for (let i = 0; i < dimension; i += 1) one[i] /= Math.sqrt(squares);
  }
  return out;
}

function gloss(random) {
  let text = WORDS[Math.floor(random() * WORDS.length)];
  while (text.length < 76) text += ` ${WORDS[Math.floor(random() * WORDS.length)]}`;
  return text;
}

/** Columnar batches of 1,000 rows, and queries. `bytes` is what the rows hold: 4 x dimension + metadata as JSON. */
export function dataset({ n, dimension = 384, batch = 1000, queries = 8, seed = 1 }) {
  const random = generator(seed);
  const batches = [];
  let bytes = 0;
  for (let first = 0; first < n; first += batch) {
    const count = Math.min(batch, n - first);
    const ids = Array.from({ length: count }, (_, i) => `word-${first + i}`);
    const metadata = ids.map((id) => ({
      word: id,
      pos: KINDS[Math.floor(random() * 4)],
      gloss: gloss(random),
    }));
    batches.push({ ids, vectors: vectors(random, count, dimension), metadata });
    for (const one of metadata) bytes += 4 * dimension + new TextEncoder().encode(JSON.stringify(one)).length;
  }
  const asked = Array.from({ length: queries }, () => vectors(random, 1, dimension));
  return { n, dimension, batches, bytes, queries: asked };
}
