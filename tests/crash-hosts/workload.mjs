// Runs in the host that is going to be killed: opens the database, tells what is in it, and writes until the end.

import {
  collectionOf,
  collectionsOn,
  digest,
  metadataOf,
  nextWrite,
  random,
  vectorOf,
  WRITERS,
} from './rows.mjs';

/** `tell` hands a message to the driver and resolves to its answer: what it heard, nobody can lose any more. */
export async function work(lodestore, { name, options }, tell) {
  try {
    watchDataLoss(tell);
    await tell({ type: 'opening' });
    const db = await lodestore.open(name, options);
    const collections = {};
    for (const [collection, config] of Object.entries(collectionsOn(options.storage)))
      collections[collection] = await db.collection(collection, config);
    const answer = await tell({ type: 'survey', survey: await survey(db, collections, options) });
    if (answer.go === undefined) {
      await db.close();
      return await tell({ type: 'closed' });
    }
    await Promise.all(answer.go.writers.map((rows, w) => write(db, collections, answer.go, w, rows, tell)));
  } catch (error) {
    await tell({ type: 'error', error: `${error?.code ?? ''} ${error?.message}\n${error?.stack ?? error}` });
  }
}

/** Chromium says when it found its own files damaged and began anew; the reason is worth more than the loss alone. */
function watchDataLoss(tell) {
  if (globalThis.IDBFactory === undefined) return;
  const { open } = IDBFactory.prototype;
  IDBFactory.prototype.open = function (...args) {
    const request = open.apply(this, args);
    request.addEventListener('upgradeneeded', ({ dataLoss, dataLossMessage }) => {
      const lost = (dataLoss ?? 'none') !== 'none';
      if (lost) void tell({ type: 'note', note: `the browser lost its database: ${dataLossMessage}` });
    });
    return request;
  };
}

/** Everything there is, and where `list`, `get`, `query`, `count` and `check()` do not agree. */
async function survey(db, collections, { storage }) {
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

async function write(db, collections, { seed, first }, w, entries, tell) {
  const collection = collections[collectionOf(w)];
  let rows = new Map(entries);
  for (let n = first; ; n += 1) {
    const { write, after } = nextWrite(seed, w, n, rows);
    const { seq } = await perform(collection, w, write, after);
    rows = after;
    await tell({ type: 'ack', w, n, seq });
    const next = random(seed, w, n, 'beside');
    if (next() < 0.02) await db.checkpoint();
    if (next() < 0.05) await readBack(collection, w, rows, next);
  }
}

function perform(collection, w, { kind, ids, u, g }, after) {
  switch (kind) {
    case 'update':
      return collection.update({ ids }, { u });
    case 'delete':
      return collection.delete(ids);
    case 'delete group':
      return collection.delete({ filter: { w, g } });
    case 'rows':
      return collection.upsert(
        ids.map((id) => {
          const row = after.get(id);
          return { id, vector: vectorOf(id, row.v), metadata: metadataOf(w, row) };
        }),
      );
    case 'columns':
      return collection.upsert({
        ids,
        vectors: Float32Array.from(ids.flatMap((id) => [...vectorOf(id, after.get(id).v)])),
        metadata: ids.map((id) => metadataOf(w, after.get(id))),
      });
    default:
      throw new Error(`unknown kind of write ${kind}`);
  }
}

/** What was written is read again at once. */
async function readBack(collection, w, rows, next) {
  const ids = [...rows.keys()];
  if (ids.length === 0) return;
  const id = ids[Math.floor(next() * ids.length)];
  const row = rows.get(id);
  const expected = digest(vectorOf(id, row.v), metadataOf(w, row));
  const got = await collection.get(id, { returnVectors: true });
  if (got === undefined || digest(got.vector, got.metadata) !== expected)
    throw new Error(`${id} was written and get says otherwise`);
  const { matches } = await collection.query(got.vector, { topK: 1, ef: 400, filter: { w } });
  if (matches[0]?.id !== id) throw new Error(`${id} was written and a query does not find it`);
}
