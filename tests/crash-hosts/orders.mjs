// Runs in the host whose disk is full: what the driver tells it to do, beside the writers.

import { survey } from './survey.mjs';

/** Carries out one order after the other, and never ends. `state` has the database that is open. */
export async function obey(state, tell) {
  for (let outcome = {}; ;) {
    const { what, ...given } = await tell({ type: 'ready', outcome });
    try {
      outcome = { result: await ORDERS[what](state, given) };
    } catch (error) {
      outcome = { refused: { code: error?.code ?? error?.name ?? '', message: error?.message } };
    }
  }
}

const ORDERS = {
  /** Everything that there is, read while nothing can be written. */
  look: ({ db, collections, options }, { isCutOff }) => survey(db, collections, options, isCutOff),
  prune: ({ db }) => db.prune(),
  reopen: async (state) => {
    await state.db.close();
    await state.open();
  },
  fill,
  free,
};

/** A database of its own, that nothing else looks at. */
const BALLAST = 'ballast';

/** Fills the quota of the origin. */
async function fill() {
  let db;
  try {
    db = await result(indexedDB.open(BALLAST, 1), ({ target }) =>
      target.result.createObjectStore('bytes', { autoIncrement: true }),
    );
  } catch {
    return; // Not even that: it is full.
  }
  try {
    for (let piece = 1 << 20; piece >= 1024; piece /= 4) while (await isAdded(db, piece));
  } catch {
    // Firefox takes the connection away.
  } finally {
    db.close();
  }
}

function free() {
  return result(indexedDB.deleteDatabase(BALLAST));
}

function isAdded(db, length) {
  return new Promise((resolve) => {
    const tx = db.transaction('bytes', 'readwrite');
    // What is all the same could be kept in less room.
    const bytes = Uint32Array.from({ length: length / 4 }, () => Math.random() * 2 ** 32);
    tx.objectStore('bytes').add(bytes);
    tx.oncomplete = () => resolve(true);
    tx.onabort = () => resolve(false);
  });
}

function result(request, upgrade) {
  return new Promise((resolve, reject) => {
    request.onupgradeneeded = upgrade;
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
