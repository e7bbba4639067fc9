/** Bytes as text, and text as lines. */

import { LodestoreError } from '../../index.node.js';

/** As long as a string may be where Node runs; what is longer is no line of a table. */
const CHARACTERS_MAX = 500_000_000;

/** Strict UTF-8; a byte order mark goes. */
export async function* decoded(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const decode = (chunk?: Uint8Array): string => {
    try {
      return chunk === undefined ? decoder.decode() : decoder.decode(chunk, { stream: true });
    } catch (error) {
      throw new LodestoreError('Invalid', 'the file is not UTF-8', {
        expected: 'text in UTF-8',
        cause: error,
      });
    }
  };
  for await (const chunk of chunks) yield decode(chunk);
  yield decode();
}

/** A line without its end, and its number from 1. */
export interface Line {
  number: number;
  text: string;
}

export async function* lines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Line> {
  let number = 0;
  // Parts of a line that is not over: joined once, so that one long line does not take quadratic time.
  let parts: string[] = [];
  let held = 0;
  for await (const text of decoded(chunks)) {
    const pieces = text.split('\n');
    const rest = pieces.pop() ?? '';
    for (const piece of pieces) {
      number += 1;
      yield { number, text: (parts.join('') + piece).replace(/\r$/, '') };
      parts = [];
      held = 0;
    }
    parts.push(rest);
    held += rest.length;
    if (held > CHARACTERS_MAX) {
      const expected = `at most ${CHARACTERS_MAX} characters`;
      throw new LodestoreError('Invalid', `line ${number + 1} is too long`, { expected });
    }
  }
  const text = parts.join('').replace(/\r$/, '');
  if (text !== '') yield { number: number + 1, text };
}
