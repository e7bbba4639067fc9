// The number by which rows are filtered: the same for a row whatever N is.
import { generator } from './data/random.mjs';

/** @param {number} n @returns {Uint16Array} below 1000 each */
export function parts(n) {
  const random = generator(77);
  return Uint16Array.from({ length: n }, () => Math.floor(random() * 1000));
}
