// The command line of the suite.
import { parseArgs } from 'node:util';
import { DATASETS, QUERIES, ROWS } from './data/datasets.mjs';
import { SETTINGS, SYSTEMS } from './systems/settings.mjs';

export const USAGE = `cargo xtask bench search [--dataset NAMES] [--n NUMBERS] [--systems NAMES] [--host node|chromium]
                         [--queries COUNT] [--rounds COUNT] [--budget SECONDS] [--jobs COUNT] [--report]

  --dataset    ${DATASETS.join(', ')}; default all of them
  --n          rows, default 10000,50000,100000
  --systems    default all: ${SYSTEMS.join(', ')};
               one setting of a system is named SYSTEM=SETTING, as in lodestore=hnsw/int8
  --host       this host only
  --queries    of the ${QUERIES} that are held out, default all of them
  --rounds     over all systems, default 3: each asks its share of the queries
  --budget     seconds that one phase of one system may take, default 600
  --jobs       indexes that are built at one time, default 1; more share the caches of the processor
  --report     only write the table and the plots again

Lists are separated by commas. What is measured takes the place of the same rows in bench/results/search.json, and the
table and the plots there are made anew of all of it. Ratios are meant for systems that were measured in one run.`;

export function options(argv) {
  const string = { type: 'string' };
  const flag = { type: 'boolean' };
  const names = ['dataset', 'n', 'systems', 'host', 'queries', 'rounds', 'budget', 'jobs'];
  const known = { ...Object.fromEntries(names.map((name) => [name, string])), report: flag, help: flag };
  const { values } = parseArgs({ args: argv, options: known });
  return {
    help: values.help === true,
    report: values.report === true,
    datasets: list(values.dataset, DATASETS).map((name) => oneOf('dataset', DATASETS, name)),
    sizes: list(values.n, ['10000', '50000', '100000']).map((text) => count('n', text, ROWS)),
    entries: entries(values.systems),
    hosts: list(values.host, ['node', 'chromium']).map((name) => oneOf('host', ['node', 'chromium'], name)),
    queries: count('queries', values.queries ?? String(QUERIES), QUERIES),
    rounds: count('rounds', values.rounds ?? '3', 100),
    budget: count('budget', values.budget ?? '600', 100_000),
    jobs: count('jobs', values.jobs ?? '1', 64),
  };
}

const list = (text, otherwise) => (text === undefined ? otherwise : text.split(',').map((one) => one.trim()));

function entries(text) {
  if (text === undefined) return SETTINGS;
  const wanted = list(text).map((name) => {
    const [system, setting] = name.split('=');
    oneOf('systems', SYSTEMS, system);
    if (setting !== undefined) {
      const settings = SETTINGS.filter((entry) => entry.system === system).map((entry) => entry.setting);
      oneOf(`systems ${system}=`, settings, setting);
    }
    return { system, setting };
  });
  return SETTINGS.filter((entry) =>
    wanted.some(
      ({ system, setting }) => system === entry.system && (setting ?? entry.setting) === entry.setting,
    ),
  );
}

function count(name, text, most) {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 1 && value <= most) return value;
  throw new Error(`--${name} wants a whole number from 1 to ${most}, got ${text}`);
}

function oneOf(name, known, value) {
  if (known.includes(value)) return value;
  throw new Error(`--${name} is one of ${known.join(', ')}, got ${value}`);
}
