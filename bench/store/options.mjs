// The command line of the suite.
import { parseArgs } from 'node:util';

export const USAGE = `cargo xtask bench store [--n ROWS] [--repeats COUNT] [--host node|chromium] [--storage files|indexeddb|opfs]
                       [--single] [--singles COUNT]

  --n          rows, default 10000
  --repeats    timed openings, default 15; exact queries are timed 10 times as often and at least 50 times
  --single     only single upserts, alone and by 64 writers at once, and how fast a log is replayed
  --singles    single upserts that are timed, default 600
  --host       this host only
  --storage    this storage only, and no exact queries

Results are written to bench/results by a run without options only.`;

const HOSTS = ['node', 'chromium'];
const STORAGES = ['files', 'indexeddb', 'opfs'];

export function options(argv) {
  const string = { type: 'string' };
  const known = {
    n: string,
    repeats: string,
    host: string,
    storage: string,
    singles: string,
    single: { type: 'boolean' },
    help: { type: 'boolean' },
  };
  const { values } = parseArgs({ args: argv, options: known });
  return {
    help: values.help === true,
    n: count('n', values.n ?? '10000'),
    repeats: count('repeats', values.repeats ?? '15'),
    single: values.single === true,
    singles: count('singles', values.singles ?? '600'),
    host: oneOf('host', HOSTS, values.host),
    storage: oneOf('storage', STORAGES, values.storage),
    full: argv.length === 0,
  };
}

function count(name, text) {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 1) return value;
  throw new Error(`--${name} wants a whole number from 1, got ${text}`);
}

function oneOf(name, known, value) {
  if (value === undefined || known.includes(value)) return value;
  throw new Error(`--${name} is one of ${known.join(', ')}, got ${value}`);
}
