// Everything about one host, dataset and N: builds one after another, then rounds over all systems, so that whatever
// slows the machine down for a while slows them all.
import { FILTER_QUERIES, LADDER, PERMILLES } from './constants.mjs';
import { GaveUp, Member } from './member.mjs';
import { failureRow, rowsOf } from './rows.mjs';
import { median } from './statistics.mjs';

/** Milliseconds that one question may be asked for in a round. */
const ROUND_MS = 2000;
/** Recall where a sweep ends: past what is asked about. */
const ENOUGH = 0.995;
/** Settings that are measured beyond that: the few queries that choose them may be easier than all. */
const BEYOND = 2;
/** Recall from which a setting is measured at all. */
const WORTH_SHOWING = 0.7;
/** What a filtered search should find; a system that does not gets broader searches. */
const FILTER_RECALL = 0.95;
const OPENINGS = 5;

/**
 * Resolves to `{ entry, rows }` of each system.
 * @param {{ host: string, spawn(): Promise<object> }} place
 */
export async function measure(place, group, entries, say) {
  const members = [];
  try {
    await several(group.jobs, entries, async (entry, at) => {
      members[at] = await built(place, group, entry, say);
    });
    for (const member of members.filter(({ alive }) => alive)) await choose(member, group, say);
    for (let round = 0; round < group.rounds; round += 1) {
      say(`round ${round + 1} of ${group.rounds}`);
      for (const member of members.filter(({ alive }) => alive)) await ask(member, group, round, say);
    }
    for (const member of members.filter(({ alive }) => alive)) await carry(member, say);
  } finally {
    for (const member of members) await member?.end();
  }
  return members.map((member) => ({ entry: member.entry, rows: rowsOf(member, place.host, group) }));
}

/** Does `work` for each of the list, at most `jobs` at a time. */
async function several(jobs, list, work) {
  let next = 0;
  const one = async () => {
    while (next < list.length) {
      const at = next;
      next += 1;
      await work(list[at], at);
    }
  };
  await Promise.all(Array.from({ length: jobs }, one));
}

async function built(place, group, entry, say) {
  const member = new Member(entry, await place.spawn(), group.budget);
  member.failures = [];
  await attempt(member, 'build', say, async () => {
    const { data, n, queries } = group;
    member.can = await member.call('start', {
      ...entry,
      n,
      dataset: data.name,
      data: data.path,
      dimension: data.dimension,
      queries,
      heldOut: group.heldOut,
    });
    const before = await member.call('memory');
    member.build = await member.call('build');
    member.memory = (await member.call('memory')) - before;
    const { seconds, cpu } = member.build;
    const processor = cpu === undefined ? '' : `, ${cpu.toFixed(1)} s of processor`;
    say(`${member.label}: built in ${seconds.toFixed(1)} s${processor}`);
  });
  if (member.build === undefined) await member.end();
  return member;
}

/** Looks for the settings worth measuring, with a few queries. */
async function choose(member, group, say) {
  const right = group.right;
  const few = { first: 0, count: Math.min(100, group.queries), all: group.queries, ms: 1000 };
  let wide;
  await attempt(member, 'query', say, async () => {
    if (member.can.sweeps) {
      member.ladder = [];
      const seen = [];
      let beyond = 0;
      for (const ef of LADDER) {
        const found = await member.ask({ kind: 'query', ef }, few, right);
        if (found >= WORTH_SHOWING) member.ladder.push(ef);
        if (found >= FILTER_RECALL) wide ??= ef;
        // Quantised systems find no more however broadly they search.
        if (found >= ENOUGH) beyond += 1;
        if (beyond > BEYOND || (ef > 100 && found <= seen.at(-4))) break;
        seen.push(found);
      }
      wide ??= LADDER.at(-1);
      if (member.ladder.length === 0) member.ladder.push(wide);
    }
    if (member.can.isFloor) return;
    const extras = [];
    if (member.can.can.exact) extras.push({ kind: 'exact' });
    for (const kind of ['filter', 'exactFilter']) {
      if (member.can.can[kind]) extras.push(...PERMILLES.map((permille) => ({ kind, permille })));
    }
    for (const extra of extras) {
      await attempt(member, extra.kind, say, async () => {
        await member.call('ready', extra);
        member.extras.push(
          extra.kind === 'filter' ? await broadened(member, extra, wide, few, right) : extra,
        );
      });
      if (!member.alive) return;
    }
  });
  member.forget();
}

/** The filtered question with the least breadth that finds enough, or else with the one that finds most. */
async function broadened(member, extra, wide, few, right) {
  if (wide === undefined) return extra;
  let best;
  for (const ef of [wide, 4 * wide, 16 * wide].map((wanted) => Math.min(wanted, 1000))) {
    const found = await member.ask({ ...extra, ef }, { ...few, count: 30 }, right);
    if (best === undefined || found > best.found) best = { ef, found };
    if (found >= FILTER_RECALL) break;
  }
  return { ...extra, ef: best.ef };
}

async function ask(member, group, round, say) {
  const { right, queries, rounds } = group;
  const share = (all) => {
    const [first, end] = [round, round + 1].map((part) => Math.floor((part * all) / rounds));
    return { first, count: end - first, all, ms: ROUND_MS };
  };
  await attempt(member, 'query', say, async () => {
    for (const ef of member.ladder) {
      await member.ask({ kind: 'query', ...(ef !== undefined && { ef }) }, share(queries), right);
    }
  });
  for (const extra of [...member.extras]) {
    if (!member.alive) return;
    const all = Math.min(FILTER_QUERIES, queries);
    const done = await attempt(member, extra.kind, say, () => member.ask(extra, share(all), right));
    if (!done) member.extras = member.extras.filter((other) => other !== extra);
  }
}

async function carry(member, say) {
  const { can } = member.can;
  if (!can.save) return;
  await attempt(member, 'save', say, async () => {
    member.saved = await member.call('save');
  });
  if (!can.open || member.saved === undefined || !member.alive) return;
  await attempt(member, 'open', say, async () => {
    const runs = await member.call('open', { repeats: OPENINGS });
    if (runs.some(({ found }) => found.length === 0)) throw new Error('nothing is found after opening');
    member.opened = { ms: median(runs.map(({ ms }) => ms)) };
    if (runs[0].raw !== undefined) member.opened.raw = median(runs.map(({ raw }) => raw));
  });
}

/** Does a phase and tells whether it succeeded; what fails is told in the results, and the others go on. */
async function attempt(member, phase, say, work) {
  try {
    await work();
    return true;
  } catch (error) {
    say(`${member.label}: ${phase}: ${error.message.split('\n')[0]}`);
    if (member.failures.some((failure) => failure.phase === phase)) return false;
    member.failures.push(failureRow(phase, error instanceof GaveUp ? error.seconds : undefined));
    return false;
  }
}
