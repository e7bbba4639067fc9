/**
 * Committing before the answers to the requests are here, so that the browser needs the page no more: were that to
 * stand still in the middle, its transaction would keep everybody else out.
 *
 * Only where a request that fails then takes the others with it, as the standard has it. Firefox (153) commits the
 * others: what an overtaken page asked for would be written over the files of the one that overtook it, and of
 * an append that met the quota a part would stay. There a transaction commits by itself, when all answers are here.
 */

/** No file has this id, and nothing stays under it. */
const NOBODY = [-1];

let isSafe: Promise<boolean> | undefined;
let mayCommit = false;

/** Finds out, once in each context, what this browser does. `store` is one of arrays as keys. */
export async function learnCommit(db: IDBDatabase, store: string): Promise<void> {
  isSafe ??= failureAborts(db, store);
  try {
    mayCommit = await isSafe;
  } catch {
    // The connection went away meanwhile: the next one asks again.
    isSafe = undefined;
  }
}

/** Commits now, where that is safe. Nothing may be asked of the transaction after it. */
export function commitEarly(tx: IDBTransaction): void {
  if (mayCommit) tx.commit();
}

function failureAborts(db: IDBDatabase, store: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    db.addEventListener('close', reject, { once: true });
    const tx = db.transaction(store, 'readwrite', { durability: 'relaxed' });
    const target = tx.objectStore(store);
    target.add(0, NOBODY);
    // There by now, so this fails, and something comes after it.
    target.add(0, NOBODY).onerror = (event) => event.stopPropagation();
    target.delete(NOBODY);
    tx.oncomplete = () => resolve(false);
    tx.onabort = () => resolve(true);
    tx.commit();
  });
}
