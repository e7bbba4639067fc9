// Databases of rows with a graph, for what the command line does with archives.
import { readFile, writeFile } from 'node:fs/promises';
import { workplace } from './command-line.mjs';

const DIMENSION = 8;
export const vectorOf = (n) =>
  Array.from({ length: DIMENSION }, (_, i) => Math.fround(Math.sin(n * (i + 1) + i)));
export const row = (n, metadata = { n }, vector = vectorOf(n)) =>
  `${JSON.stringify({ id: `row-${String(n).padStart(4, '0')}`, vector, metadata })}\n`;
const rows = (from, to) => Array.from({ length: to - from }, (_, i) => row(from + i)).join('');

/** A database of some rows with a graph, and the functions to go on with. */
export async function start(context, count = 400) {
  const place = await workplace(context);
  const { json, expect } = place;
  const put = (text, name = 'notes') =>
    expect(0, ['import', name, 'words', '-', '--format', 'jsonl'], { input: text });
  const config = ['--index', 'hnsw', '--model', 'm@1'];
  const made = ['import', 'notes', 'words', '-', '--format', 'jsonl', ...config];
  await expect(0, made, { input: rows(0, count) });
  await expect(0, ['optimize', 'notes']);
  const exported = async (name = 'notes') =>
    (await expect(0, ['export', name, 'words', '--format', 'jsonl'])).stdout;
  const seq = async () => (await json(0, ['history', 'notes'])).result.seq;
  return { ...place, put, exported, seq };
}

/** One byte of a file is another one in a copy. */
export async function damaged(at, from, to, where = 0.5) {
  const bytes = await readFile(at(from));
  bytes[Math.floor(bytes.length * where)] ^= 1;
  await writeFile(at(to), bytes);
}
