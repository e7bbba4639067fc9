// Keeps results, and makes the table of docs/durability.md from them.

import { readFile, writeFile } from 'node:fs/promises';

const RESULTS = new URL('results.json', import.meta.url);
const TABLE = new URL('../../docs/durability.md', import.meta.url);

const KEY = ['host', 'storage', 'durability', 'mode', 'start'];
const NAMES = { indexeddb: 'IndexedDB', opfs: 'OPFS', files: 'files' };

const keyOf = (result) => KEY.map((name) => result[name]).join(' ');

/** Replaces what an earlier run said about the same setting. */
export async function record(result) {
  const results = (await readResults()).filter((one) => keyOf(one) !== keyOf(result));
  results.push(result);
  results.sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  await writeFile(RESULTS, `${JSON.stringify(results, null, 2)}\n`);
  await writeFile(TABLE, page(results));
}

async function readResults() {
  try {
    return JSON.parse(await readFile(RESULTS, 'utf8'));
  } catch (error) {
    if (error.code === 'ENOENT') return [];
    throw error;
  }
}

const HEAD = `# What survives

Made by \`cargo xtask crash --record\`; do not edit. Each round starts a real host with the packed package on a profile, looks
through the database, lets four writers write (rows, batches, columns, updates, deletes by id and by filter, checkpoints
in between, every acknowledgement told to another process at once), and kills the host with SIGKILL at a random moment; one in seven
hits a database that is just being opened. \`power\` besides cuts the disk off from its cache: the profile lies on ext4 in an image
file, and that file system is shut down at the kill without writing what it holds (EXT4_IOC_SHUTDOWN), and mounted again. Up to ten
crashes in a row hit the same database. After each, every acknowledged write has to be there with its vector and metadata, and of those under way
all or nothing; \`get\`, \`list\`, \`count\`, queries (each row finds itself, by scan and by graph) and \`check()\` have to agree.

\`lost\` counts acknowledged writes that were gone, \`in rounds\` how many rounds lost any; where nothing fits any more, all of that round. With \`relaxed\` that may be, but only from the
end: a round where a later write is there and an earlier one is gone, or half a write, is a failure. \`deleted\`
counts databases that the browser itself gave up after a power cut, since it found its own files damaged (Chromium says so: \`dataLoss\`). \`unasked\`
counts writes that were there though the crash came before their acknowledgement, \`torn\` the rounds after which a log ended in half a frame,
\`opening\` the rounds that hit the opening.

| host | storage | durability | crash | database | rounds | acknowledged | lost | in rounds | failures | deleted | unasked | torn | opening |
|---|---|---|---|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|
`;

function page(results) {
  const rows = results.map((one) => {
    const crash = { kill: 'SIGKILL', power: 'power cut' }[one.mode];
    const start = { new: 'new', synced: 'made, then synced' }[one.start];
    const cells = [
      one.version,
      NAMES[one.storage],
      one.durability,
      crash,
      start,
      one.rounds,
      one.writes,
      one.lost,
      one.lossy,
    ];
    return `| ${[...cells, one.failures.length, one.deleted ?? 0, one.kept, one.torn, one.early].join(' | ')} |\n`;
  });
  const tail = `
One line again: \`cargo xtask crash --host H --storage S --mode kill|power --durability D\`; power cuts need root. \`--new\` is for the
line of Chromium's OPFS with a new database.
`;
  return HEAD + rows.join('') + tail;
}
