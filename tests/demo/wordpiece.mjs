/** The page's tokenizer against ids that the reference implementation (the `tokenizers` package) gave. */

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { WordPiece } from '../../www/shared/wordpiece.js';

/** @param {string} dist the built demo, which holds the vocabulary */
export async function checkTokenizer(dist) {
  const tokenizer = WordPiece.parse(await readFile(new URL('model/vocab.txt', dist), 'utf8'));
  const pairs = JSON.parse(await readFile(new URL('wordpiece.json', import.meta.url), 'utf8'));
  assert.ok(pairs.length >= 50, `only ${pairs.length} pairs`);
  for (const [text, ids] of pairs) {
    assert.deepEqual(tokenizer.encode(text, 128), ids, `tokens of ${JSON.stringify(text)}`);
  }
  // What looks like a special token in a reader's text is only text.
  assert.equal(tokenizer.encode('[SEP]').filter((id) => id === tokenizer.encode('')[1]).length, 1);
}
