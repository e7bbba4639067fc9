/** IndexedDB's own open and delete, with the reasons why they fail. */

import { LodestoreError, toLodestoreError } from '../errors.js';
import { CHUNKS, FILES } from './idb-stores.js';

/** 2: a turn may say how long a file is; before, it was a text. 3: it may have the last bytes of that file. */
const SCHEMA = 3;
/** How long another page may keep an open or a delete waiting, ms. */
const BLOCKED_MS = 5_000;
/** How long the browser may take to open again what was open, without a word, ms. */
const SILENT_MS = 20_000;

/** Only Chromium has these. */
interface DataLossEvent extends IDBVersionChangeEvent {
  dataLoss?: string;
  dataLossMessage?: string;
}

/** Opens the database; one that is not there is made, or `Evicted` when it has to be there. */
export function openDatabase(name: string, label: string, mayCreate: boolean): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(name, SCHEMA);
    let gone: LodestoreError | undefined;
    const giveUp = blocked(request, label, reject, mayCreate ? undefined : SILENT_MS);
    request.onupgradeneeded = (event) => {
      // Chromium says it when it found its files of the site damaged and deleted all of them; to whoever opens first.
      const { dataLoss = 'none', dataLossMessage } = event as DataLossEvent;
      if (dataLoss !== 'none') gone = damaged(label, dataLossMessage);
      else if (event.oldVersion === 0 && !mayCreate) gone = deleted(label);
      if (gone !== undefined) {
        // It was there: cleared by the user, or by the browser. Making a new one would turn the loss into an empty
        // database that looks healthy.
        request.transaction?.abort();
        return;
      }
      // What schemas 1 and 2 have can stay as it is.
      if (event.oldVersion !== 0) return;
      request.result.createObjectStore(FILES);
      request.result.createObjectStore(CHUNKS);
    };
    request.onsuccess = () => {
      if (giveUp()) resolve(request.result);
      else request.result.close();
    };
    request.onerror = () => {
      giveUp();
      reject(gone ?? refused(request.error, label));
    };
  });
}

function deleted(label: string): LodestoreError {
  return new LodestoreError(
    'Evicted',
    `${label} was deleted by the browser or by the user while it was open; what is in memory can be read and copied elsewhere`,
  );
}

function damaged(label: string, message = ''): LodestoreError {
  return new LodestoreError(
    'Evicted',
    `${label}: the browser found what it stores for this site damaged and deleted all of it (${message}); ` +
      "restore a backup, or open it with { ifEvicted: 'create' } to begin anew",
  );
}

function refused(error: DOMException | null, label: string): unknown {
  if (error?.name !== 'VersionError') return error;
  return new LodestoreError(
    'Version',
    `${label} was written by a newer version of Lodestore; upgrade this one`,
    {
      expected: `schema ${SCHEMA}`,
      got: 'a newer schema',
      cause: error,
    },
  );
}

/**
 * Rejects when the request is still blocked after a while, or has not ended within `silent`, if given. The function
 * returned says whether it was in time.
 */
function blocked(
  request: IDBOpenDBRequest,
  label: string,
  reject: (error: unknown) => void,
  silent?: number,
): () => boolean {
  let late = false;
  const giveUp = (why: string): void => {
    late = true;
    reject(new LodestoreError('Unavailable', `${label} ${why}`));
  };
  const after = (ms: number, why: string) => setTimeout(giveUp, ms, why);
  const silence =
    silent === undefined ? undefined : after(silent, 'is not opened again by the browser; try again later');
  let timer: ReturnType<typeof setTimeout> | undefined;
  request.onblocked = () => {
    timer ??= after(
      BLOCKED_MS,
      'is kept busy by another page that does not close it; close that page and try again',
    );
  };
  return () => {
    clearTimeout(timer);
    clearTimeout(silence);
    return !late;
  };
}

/** Deletes the whole database; one that is not there is fine. */
export function deleteDatabase(name: string, label: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.deleteDatabase(name);
    const giveUp = blocked(request, label, reject);
    request.onsuccess = () => {
      giveUp();
      resolve();
    };
    request.onerror = () => {
      giveUp();
      reject(toLodestoreError(request.error, label));
    };
  });
}
