/** A bucket of Cloudflare R2, by its binding in a Worker. */

import type { ObjectInfo, ObjectStore } from './object-store.js';

/** The part of an `R2Bucket` that is used. */
export interface R2BucketLike {
  put(key: string, value: Uint8Array): Promise<unknown>;
  get(key: string): Promise<{ arrayBuffer(): Promise<ArrayBuffer> } | null>;
  list(options: { prefix: string; cursor?: string }): Promise<R2ListLike>;
  delete(key: string): Promise<unknown>;
}

/** One page of its objects. */
export interface R2ListLike {
  objects: { key: string; size: number; uploaded: Date }[];
  truncated: boolean;
  cursor?: string;
}

/** Its objects as an `ObjectStore`. */
export function r2Store(bucket: R2BucketLike): ObjectStore {
  return {
    put: (key, bytes) => bucket.put(key, bytes),
    get: async (key) => (await bucket.get(key))?.arrayBuffer(),
    list: (prefix) => listed(bucket, prefix),
    delete: (key) => bucket.delete(key),
  };
}

async function* listed(bucket: R2BucketLike, prefix: string): AsyncGenerator<ObjectInfo> {
  let cursor: string | undefined;
  do {
    const page = await bucket.list({ prefix, ...(cursor !== undefined && { cursor }) });
    for (const { key, size, uploaded } of page.objects) yield { key, size, modified: uploaded };
    cursor = page.truncated ? page.cursor : undefined;
  } while (cursor !== undefined);
}
