// The command line.

import { hostNames, storagesOf } from './hosts.mjs';

export const USAGE = `cargo xtask crash [--host chromium|firefox|node] [--storage indexeddb|opfs|files] [--mode MODE,MODE...]
                  [--durability strict|relaxed] [--rounds N] [--seed N] [--jobs N] [--new] [--record] [--verbose]

Kills real hosts while they write, or takes their room or their files away, and looks whether everything acknowledged is
there. What is not named is done for all; durability is strict unless it is named.

  --mode kill     SIGKILL at any moment
  --mode power    besides, the disk loses what it has not synced; it is an image that is mounted, which needs root
  --mode full     the disk, an image again, is full, and then has room again
  --mode quota    the quota of Firefox is used up; that of Chromium is among the tests of the web
  --mode damage   the files of Chromium's IndexedDB are damaged, which it deletes then
  --rounds N      crashes of each setting, else 50
  --seed N        the writes and the moments to begin with, else a new one, which is printed
  --jobs N        so many hosts at a time, else one
  --new           power cuts of Chromium's OPFS hit a database that is new, which it is known to lose
  --record        keep the results in tests/crash-hosts/results.json and rewrite docs/durability.md from them
  --verbose       a line for each round`;

const NAMED = ['host', 'storage', 'mode', 'durability', 'rounds', 'seed', 'jobs'];
const FLAGS = ['new', 'record', 'verbose'];

const CHOICES = {
  host: hostNames,
  storage: [...new Set(hostNames.flatMap(storagesOf))],
  mode: ['kill', 'power', 'full', 'quota', 'damage'],
  durability: ['strict', 'relaxed'],
};

export function options(args) {
  const chosen = { rounds: '50', durability: 'strict', jobs: '1' };
  for (let at = 0; at < args.length; at += 1) {
    const [, name, given] = /^--([a-z]+)(?:=(.*))?$/.exec(args[at]) ?? [];
    if (FLAGS.includes(name) && given === undefined) {
      chosen[name] = true;
      continue;
    }
    if (!NAMED.includes(name)) throw new Error(`\`${args[at]}\` means nothing here`);
    const value = given ?? args[(at += 1)];
    // Several modes, and one of each of the others.
    for (const one of name === 'mode' ? String(value).split(',') : [value])
      if (CHOICES[name] && !CHOICES[name].includes(one))
        throw new Error(`--${name} is one of ${CHOICES[name].join(', ')}, not ${one}`);
    chosen[name] = value;
  }
  for (const name of ['rounds', 'jobs']) {
    chosen[name] = Number(chosen[name]);
    if (!Number.isInteger(chosen[name]) || chosen[name] < 1)
      throw new Error(`--${name} wants a number, and is at least 1`);
  }
  return chosen;
}

/** Everything that is asked for, one after the other. */
export function settings(chosen) {
  const { host, storage, mode, durability } = chosen;
  const found = [];
  for (const oneHost of hostNames.filter((name) => name === (host ?? name)))
    for (const oneStorage of storagesOf(oneHost).filter((name) => name === (storage ?? name)))
      for (const oneMode of CHOICES.mode.filter(
        (name) => (mode?.split(',') ?? [name]).includes(name) && has(oneHost, oneStorage, name),
      ))
        found.push({
          host: oneHost,
          storage: oneStorage,
          mode: oneMode,
          durability,
          ...start(chosen, oneHost, oneStorage, oneMode),
        });
  if (found.length > 0) return found;
  const named = [host, storage, mode].filter((name) => name !== undefined).join(' ');
  throw new Error(`there is no ${named}: see what has which storage, and which mode is for which host`);
}

function has(host, storage, mode) {
  if (mode === 'quota') return host === 'firefox';
  return mode !== 'damage' || (host === 'chromium' && storage === 'indexeddb');
}

/** Chromium keeps the names of OPFS files in a database of its own, which it does not sync. */
function start(chosen, host, storage, mode) {
  if (host !== 'chromium' || storage !== 'opfs' || mode !== 'power') return { start: 'new', isKnown: false };
  return chosen.new ? { start: 'new', isKnown: true } : { start: 'synced', isKnown: false };
}
