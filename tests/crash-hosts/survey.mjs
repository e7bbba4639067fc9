// Everything that a database holds, and whether what it says of itself agrees.

import { digest, WRITERS } from './rows.mjs';

/**
 * Everything there is, and where `list`, `get`, `query`, `count` and `check()` do not agree. With `isCutOff` without
 * what asks the storage, which is not to be asked.
 */
export async function survey(db, collections, { storage }, isCutOff = false) {
  const problems = [];
  const rows = [];
  for (const [name, collection] of Object.entries(collections)) {
    const listed = [];
    for await (const row of collection.listAll({ limit: 500, returnVectors: true })) listed.push(row);
    const ids = listed.map(({ id }) => id);
    if (new Set(ids).size !== ids.length) problems.push(`${name}: a row is listed twice`);
    const got = await collection.get(ids, { returnVectors: true });
    for (const [at, { id, seq, vector, metadata }] of listed.entries()) {
      const mark = digest(vector, metadata);
      const { w, v, u } = metadata;
      rows.push({ id, w, v, u, mark });
      const same =
        got[at] !== undefined && digest(got[at].vector, got[at].metadata) === mark && got[at].seq === seq;
      if (!same) problems.push(`${name}: get and list differ in ${id}`);
    }
    // Far more candidates than it takes: a row that this does not find is not in the graph.
    const search = { topK: 1, ef: 400 };
    const found = await collection.queryMany(
      listed.map(({ vector }) => vector),
      search,
    );
    found.forEach(({ matches }, at) => {
      if (matches[0]?.id !== ids[at])
        problems.push(`${name}: a query does not find ${ids[at]} but ${matches[0]?.id}`);
    });
    const count = await collection.count();
    if (count !== ids.length) problems.push(`${name}: count says ${count}, list ${ids.length}`);
    for (let w = 0; w < WRITERS; w += 1) {
      const counted = await collection.count({ w });
      const expected = listed.filter(({ metadata }) => metadata.w === w).length;
      if (counted !== expected)
        problems.push(`${name}: count of writer ${w} says ${counted}, list ${expected}`);
    }
  }
  if (isCutOff) return { rows, problems };
  const report = await db.check();
  if (!report.ok) problems.push(`check: ${JSON.stringify(report.problems)}`);
  const { snapshot, framesReplayed, bytesDropped, snapshotsSkipped } = db.openReport;
  const { seq } = await db.stats();
  const opened = { snapshot, framesReplayed, bytesDropped, snapshotsSkipped };
  return { rows, problems, seq, opened, pool: storage === 'opfs' ? await poolFiles() : undefined };
}

/** How many files the pool of OPFS has. */
async function poolFiles() {
  const root = await navigator.storage.getDirectory();
  let count = 0;
  for await (const [, folder] of (await root.getDirectoryHandle('lodestore')).entries())
    for await (const [file] of folder.entries()) count += file.startsWith('pool-');
  return count;
}
