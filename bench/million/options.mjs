// The command line of the suite.
import { parseArgs } from 'node:util';

export const USAGE = `cargo xtask bench million [--n ROWS] [--index hnsw|flat] [--host node|chromium]

  --n      rows, default 1000000; only such a run writes bench/results/million.{json,md}
  --index  default hnsw
  --host   default both`;

export function options(argv) {
  const string = { type: 'string' };
  const known = { n: string, index: string, host: string, help: { type: 'boolean' } };
  const { values } = parseArgs({ args: argv, options: known });
  const n = Number(values.n ?? 1_000_000);
  if (!Number.isSafeInteger(n) || n < 1) throw new Error(`--n wants a whole number from 1, got ${values.n}`);
  const index = values.index ?? 'hnsw';
  if (!['hnsw', 'flat'].includes(index)) throw new Error(`--index is hnsw or flat, got ${index}`);
  const host = values.host ?? '';
  if (!['', 'node', 'chromium'].includes(host)) throw new Error(`--host is node or chromium, got ${host}`);
  return { help: values.help === true, n, index, host, full: values.n === undefined };
}
