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
counts databases that the browser itself gave up after a power cut, since it found its own files damaged (Chromium says so: \`dataLoss\`): all that was in them is gone, and not counted as lost. \`unasked\`
counts writes that were there though the crash came before their acknowledgement, \`torn\` the rounds after which a log ended in half a frame,
\`opening\` the rounds that hit the opening.

| host | storage | durability | crash | database | rounds | acknowledged | lost | in rounds | failures | deleted | unasked | torn | opening |
|---|---|---|---|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|
`;

const ROOM = `
## Without room

\`full\`: the profile lies on ext4 in an image file of 128 MB, and another file takes all of its room while the writers write. \`quota\`: the
disk has room, and the site's share of it is used up by another database (Firefox; Chromium's quota is among the tests of the web). In each
round all four writers have to be refused with \`Quota\`; everything acknowledged is read, and nothing that was refused; \`prune()\` is called, and
the database closed and opened again, while it is full. Then there is room again and what was refused is written by the same page, or the host is
killed while it is full, and opened as it is before there is room. \`pruned\` counts the rounds where pruning went through: IndexedDB takes room
even to delete. After that a write has to fit in, with \`quota\`. (Chromium's IndexedDB is not opened while it is full: see below.) \`damage\`: bytes of Chromium's own files are changed, and what it then deletes has to be missed.

| host | storage | how | rounds | acknowledged | lost | failures | refused with | pruned | deleted by the browser |
|---|---|---|---:|---:|---:|---:|---|---:|---:|
`;

const WITHOUT_ROOM = `
What differs between hosts:

* *Firefox, OPFS* says it by a short count, *Chromium, OPFS* by \`QuotaExceededError\`, *Node* by ENOSPC, and *Firefox, IndexedDB* by \`QuotaExceededError\`, for the
  disk as well as for the quota. All go on when there is room, in the same handle.
* *Chromium, IndexedDB* closes every connection of the site with an \`UnknownError\`. Asked again while there is no room it deleted all databases of the site, and with room it wrote
  on behind a half-written record, which it took for damage at the next start and deleted them, too. So Lodestore says \`Quota\` (\`Unavailable\` where Chromium does not name the reason),
  leaves the browser alone for 2 s, twice as long each time up to a minute, and then has it begin a new log before it writes; so also at each opening. \`get\`,
  \`query\`, \`list\` and \`count\` go on meanwhile; \`stats\` and \`check\` are refused as well. It is less often then that Chromium deletes them, and not never: \`deleted by
  the browser\` counts the rounds, and each was told, as \`Evicted\`. OPFS did not lose anything: on disks that fill up it is the better choice there.
`;

function page(all) {
  const results = all.filter(({ mode }) => ['kill', 'power'].includes(mode));
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
  return HEAD + rows.join('') + tail + room(all);
}

function room(all) {
  const rows = all
    .filter(({ mode }) => ['full', 'quota', 'damage'].includes(mode))
    .map((one) => {
      const refused = Object.entries(one.refused ?? {}).map(([code, count]) => `${code} (${count})`);
      const cells = [
        one.version,
        NAMES[one.storage],
        one.mode,
        one.rounds,
        one.writes,
        one.lost,
        one.failures.length,
      ];
      return `| ${[...cells, refused.join(', ') || '–', one.pruned ?? '–', one.deleted].join(' | ')} |\n`;
    });
  return rows.length === 0 ? '' : ROOM + rows.join('') + WITHOUT_ROOM;
}
