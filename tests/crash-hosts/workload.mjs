// Runs in the host that is going to be killed: opens the database, tells what is in it, and writes until the end.

import { obey } from './orders.mjs';
import { collectionOf, collectionsOn, digest, metadataOf, nextWrite, random, vectorOf } from './rows.mjs';
import { survey } from './survey.mjs';

/** `tell` hands a message to the driver and resolves to its answer: what it heard, nobody can lose any more. */
export async function work(lodestore, { name, options, isPatient }, tell) {
  try {
    watchDataLoss(tell);
    await tell({ type: 'opening' });
    const state = {
      options,
      collections: {},
      async open() {
        this.db = await lodestore.open(name, options);
        for (const [collection, config] of Object.entries(collectionsOn(options.storage)))
          this.collections[collection] = await this.db.collection(collection, config);
      },
    };
    await state.open();
    const found = await survey(state.db, state.collections, options);
    const { go } = await tell({ type: 'survey', survey: found });
    if (go === undefined) {
      await state.db.close();
      return await tell({ type: 'closed' });
    }
    const writers = go.writers.map((rows, w) => write(state, go, w, rows, { tell, isPatient }));
    await Promise.all(isPatient ? [...writers, obey(state, tell)] : writers);
  } catch (error) {
    const code = error?.code ?? '';
    await tell({ type: 'error', code, error: `${code} ${error?.message}\n${error?.stack ?? error}` });
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

async function write(state, { seed, first }, w, entries, { tell, isPatient }) {
  const collection = () => state.collections[collectionOf(w)];
  let rows = new Map(entries);
  for (let n = first; ; n += 1) {
    const { write, after } = nextWrite(seed, w, n, rows);
    const insist = (what, call) =>
      isPatient
        ? patiently(call, ({ code, message }) => tell({ type: 'refused', w, n, what, code, message }))
        : call();
    const { seq } = await insist('write', () => perform(collection(), w, write, after));
    rows = after;
    await tell({ type: 'ack', w, n, seq });
    const next = random(seed, w, n, 'beside');
    if (next() < 0.02) await insist('checkpoint', () => state.db.checkpoint());
    if (next() < 0.05) await readBack(collection(), w, rows, next);
  }
}

/** Again and again, each time when whoever is told of the failure says so. */
async function patiently(call, failed) {
  for (;;) {
    try {
      return await call();
    } catch (error) {
      await failed(error);
    }
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
