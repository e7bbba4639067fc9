// A million rows made of a hundred thousand: each glossed word again and again, a little beside itself, so that there
// are as many places in space as rows and the neighbourhoods stay those of real data.
import { generator } from '../search/data/random.mjs';

/** How far beside: the length of what is added, where rows have length one. */
const BESIDE = 0.35;

export class Rows {
  constructor({ source, dimension, rows, queries }, count) {
    Object.assign(this, { source, dimension, rows, queries, count });
  }

  batch(first, count) {
    const { dimension } = this;
    const vectors = new Float32Array(count * dimension);
    const ids = [];
    for (let at = 0; at < count; at += 1) {
      this.#row(first + at, vectors.subarray(at * dimension, (at + 1) * dimension));
      ids.push(String(first + at));
    }
    return { ids, vectors };
  }

  query(at) {
    const { dimension, queries } = this;
    return queries.slice(at * dimension, (at + 1) * dimension);
  }

  #row(number, out) {
    const { dimension, rows } = this;
    const real = rows.length / dimension;
    out.set(rows.subarray((number % real) * dimension, ((number % real) + 1) * dimension));
    if (number < real) return;
    const random = generator(number);
    const scale = (BESIDE * Math.sqrt(3)) / Math.sqrt(dimension);
    let squared = 0;
    for (let i = 0; i < dimension; i += 1) {
      out[i] += scale * (2 * random() - 1);
      squared += out[i] * out[i];
    }
    const length = Math.sqrt(squared);
    for (let i = 0; i < dimension; i += 1) out[i] /= length;
  }
}
