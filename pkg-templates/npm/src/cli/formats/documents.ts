/** JSON values of a file: one that may go over many lines, or one in each line. */

import { type Line, lines } from './lines.js';
import { wrong } from './row.js';

export interface Document {
  value: unknown;
  at: string;
}

/** As long as a string may be where Node runs. */
const CHARACTERS_MAX = 500_000_000;

/**
 * Told apart by the first line: one that is a whole JSON value is followed by others, one that is none begins a value that
 * is the whole file. Only the latter is held in memory as a whole.
 */
export async function* documents(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Document> {
  const all = lines(chunks);
  let first: Line | undefined;
  for await (const line of all) {
    if (line.text.trim() === '') continue;
    if (first !== undefined) {
      yield { value: parsed(`line ${line.number}`, line.text), at: `line ${line.number}` };
      continue;
    }
    first = line;
    const value = attempt(line.text);
    if (value === undefined) {
      yield { value: parsed('the file', await rest(line, all)), at: 'the file' };
      return;
    }
    yield { value: value.value, at: `line ${line.number}` };
  }
}

async function rest(first: Line, all: AsyncGenerator<Line>): Promise<string> {
  const texts = [first.text];
  let length = first.text.length;
  for await (const { text } of all) {
    texts.push(text);
    length += text.length + 1;
    if (length > CHARACTERS_MAX)
      throw wrong('the file', 'it is too large for one JSON value: write one object a line (JSON Lines)');
  }
  return texts.join('\n');
}

function attempt(text: string): { value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    return undefined;
  }
}

/** JSON, or an error that says where it stands. */
export function parsed(at: string, text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw wrong(at, `this is no JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}
