// The command line.

import { hostNames, storagesOf } from './hosts.mjs';

export const USAGE = `cargo xtask crash [--host chromium|firefox|node] [--storage indexeddb|opfs|files] [--mode kill|power]
                  [--durability strict|relaxed] [--rounds N] [--seed N] [--new] [--record] [--verbose]

Kills real hosts while they write, and looks whether everything acknowledged is there. What is not named is done for all;
durability is strict unless it is named. 'power' cuts a disk image off from its cache and needs root.

  --rounds N      crashes of each setting, else 50
  --seed N        the writes and the moments to begin with, else a new one, which is printed
  --new           power cuts of Chromium's OPFS hit a database that is new, which it is known to lose
  --record        keep the results in tests/crash-hosts/results.json and rewrite docs/durability.md from them
  --verbose       a line for each round`;

const NAMED = ['host', 'storage', 'mode', 'durability', 'rounds', 'seed'];
const FLAGS = ['new', 'record', 'verbose'];

const CHOICES = {
  host: hostNames,
  storage: [...new Set(hostNames.flatMap(storagesOf))],
  mode: ['kill', 'power'],
  durability: ['strict', 'relaxed'],
};

export function options(args) {
  const chosen = { rounds: '50', durability: 'strict' };
  for (let at = 0; at < args.length; at += 1) {
    const [, name, given] = /^--([a-z]+)(?:=(.*))?$/.exec(args[at]) ?? [];
    if (FLAGS.includes(name) && given === undefined) {
      chosen[name] = true;
      continue;
    }
    if (!NAMED.includes(name)) throw new Error(`\`${args[at]}\` means nothing here`);
    const value = given ?? args[(at += 1)];
    if (CHOICES[name] && !CHOICES[name].includes(value))
      throw new Error(`--${name} is one of ${CHOICES[name].join(', ')}, not ${value}`);
    chosen[name] = value;
  }
  const rounds = Number(chosen.rounds);
  if (!Number.isInteger(rounds) || rounds < 1)
    throw new Error(`--rounds wants a number, not ${chosen.rounds}`);
  return { ...chosen, rounds };
}

/** Everything that is asked for, one after the other. */
export function settings(chosen) {
  const { host, storage, mode, durability } = chosen;
  const found = [];
  for (const oneHost of hostNames.filter((name) => name === (host ?? name)))
    for (const oneStorage of storagesOf(oneHost).filter((name) => name === (storage ?? name)))
      for (const oneMode of CHOICES.mode.filter((name) => name === (mode ?? name)))
        found.push({
          host: oneHost,
          storage: oneStorage,
          mode: oneMode,
          durability,
          ...start(chosen, oneHost, oneStorage, oneMode),
        });
  if (found.length === 0) throw new Error(`${host} has no ${storage}: it has ${storagesOf(host).join(', ')}`);
  return found;
}

/** Chromium keeps the names of OPFS files in a database of its own, which it does not sync. */
function start(chosen, host, storage, mode) {
  if (host !== 'chromium' || storage !== 'opfs' || mode !== 'power') return { start: 'new', isKnown: false };
  return chosen.new ? { start: 'new', isKnown: true } : { start: 'synced', isKnown: false };
}
