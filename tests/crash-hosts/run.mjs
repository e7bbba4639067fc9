// Kills real hosts while they write to the packed package. `cargo xtask crash` packs and runs it.

import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { damageTrial } from './damage.mjs';
import { fullTrial } from './full.mjs';
import { versionOf } from './hosts.mjs';
import { options, settings, USAGE } from './options.mjs';
import { record } from './report.mjs';
import { trial } from './trial.mjs';

const TRIALS = { kill: trial, power: trial, full: fullTrial, quota: fullTrial, damage: damageTrial };

async function main(chosen) {
  const seed = chosen.seed ?? String(Math.floor(Math.random() * 1e9));
  const all = settings(chosen);
  const versions = {};
  for (const { host } of all) versions[host] ??= versionOf(host);
  // In the repository and not in the folder for temporary files, which may lie in memory.
  const scratch = fileURLToPath(new URL('../../target/crash', import.meta.url));
  await mkdir(scratch, { recursive: true });
  console.log(`seed ${seed}; ${Object.values(versions).join(', ')}`);
  const sum = { rounds: 0, writes: 0, lost: 0, failures: 0 };
  let recorded = Promise.resolve();
  const one = async (setting) => {
    const { host, storage, mode, durability, isKnown } = setting;
    const name = `${host} ${storage} ${mode} ${durability}${isKnown ? ' new' : ''}`;
    const say = (text) =>
      (chosen.verbose || !text.startsWith('round')) && console.log(`     ${name}: ${text}`);
    const began = performance.now();
    const total = await TRIALS[mode](setting, { rounds: chosen.rounds, seed, scratch, say });
    const seconds = Math.round((performance.now() - began) / 1000);
    const mayLose = isKnown || (durability === 'relaxed' && mode === 'power');
    if (total.lost > 0 && !mayLose && total.failures.length === 0)
      total.failures.push(`${name}: ${total.lost} acknowledged writes lost`);
    console.log(
      `${total.failures.length === 0 ? 'ok  ' : 'FAIL'} ${name}: ${total.rounds} rounds, ${total.writes} writes acknowledged, ` +
        `${total.lost} lost, ${details(total)}${total.deleted} times deleted by the browser, ${seconds} s`,
    );
    sum.rounds += total.rounds;
    sum.writes += total.writes;
    sum.lost += mayLose ? 0 : total.lost;
    sum.failures += total.failures.length;
    if (!chosen.record) return;
    recorded = recorded.then(() => record({ ...setting, version: versions[host], seed, ...total }));
    await recorded;
  };
  // One after the other what lies in one folder, and so much at a time of the rest.
  const queue = groups(all);
  const worker = async () => {
    for (let settings; (settings = queue.shift()) !== undefined;)
      for (const setting of settings) await one(setting);
  };
  await Promise.all(Array.from({ length: chosen.jobs }, worker));
  console.log(`${sum.rounds - Math.min(sum.rounds, sum.failures)} passed, ${sum.failures} failed`);
  console.log(
    `${sum.rounds} rounds, ${sum.writes} writes acknowledged, ${sum.lost} lost that may not be, ${sum.failures} failures; seed ${seed}`,
  );
  process.exitCode = sum.failures === 0 && sum.rounds > 0 ? 0 : 1;
}

/** By host and storage. */
function groups(settings) {
  const found = new Map();
  for (const setting of settings) {
    const key = `${setting.host} ${setting.storage}`;
    found.set(key, [...(found.get(key) ?? []), setting]);
  }
  return [...found.values()];
}

function details({ lossy, kept, torn, refused }) {
  if (refused !== undefined)
    return Object.entries(refused)
      .map(([code, count]) => `${count} refused with ${code}, `)
      .join('');
  return torn === undefined ? '' : `in ${lossy} rounds, ${kept} there unacknowledged, ${torn} torn tails, `;
}

let chosen;
try {
  if (process.argv.includes('--help')) console.log(USAGE);
  else chosen = options(process.argv.slice(2));
} catch (error) {
  console.error(`${error.message}\n\n${USAGE}`);
  process.exitCode = 1;
}
if (chosen !== undefined) await main(chosen);
