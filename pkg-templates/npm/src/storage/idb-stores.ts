/** The object stores, and what a request gives. */

export const FILES = 'files';
export const CHUNKS = 'chunks';

/** The result of one request. Nothing else may be awaited inside a transaction: it would commit by itself. */
export function result<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
