/** What is asked of a store of objects, and nothing more: R2, S3 and their like, Deno KV, a folder, a map. */

/**
 * Keys are text of `a-z`, `0-9`, `-` and `/` behind the prefix. An object is there as a whole or not at all, and what was
 * put or deleted is so for every later `get` and `list` (S3, R2 and Google Cloud Storage promise both). Whatever these
 * reject with may pass, unless it has a `status` from 400 to 499 other than 408, 425 and 429.
 */
export interface ObjectStore {
  /** Puts an object in place of what is under that key. */
  put(key: string, bytes: Uint8Array): Promise<unknown>;
  /** The object; undefined or null where there is none. */
  get(key: string): Promise<Uint8Array | ArrayBuffer | undefined | null>;
  /** Every object whose key begins with `prefix`, in any order. */
  list(prefix: string): AsyncIterable<ObjectInfo> | Promise<Iterable<ObjectInfo>>;
  /** Removes an object. One that is not there is no failure. */
  delete(key: string): Promise<unknown>;
}

/** One of a list. */
export interface ObjectInfo {
  key: string;
  /** Bytes. */
  size?: number;
  /** When it was put, by the clock of the store. Without it, `collect` cannot spare what an upload left a moment ago. */
  modified?: Date;
}
