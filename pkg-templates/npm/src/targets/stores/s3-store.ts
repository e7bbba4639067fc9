/** A bucket behind S3's HTTP interface. Signing is the caller's: there are libraries for it, and keys that are not ours. */

import type { ObjectInfo, ObjectStore } from './object-store.js';

export interface S3Options {
  /** Of the bucket, for example `https://bucket.s3.eu-central-1.amazonaws.com` or `https://host/bucket`. */
  url: string | URL;
  /** Gives the request its signature; what it resolves to is sent. Without, requests go as they are. */
  sign?: (request: Request) => Request | Promise<Request>;
  /** In place of the host's own `fetch`. */
  fetch?: (request: Request) => Promise<Response>;
}

/** What the other end answered. */
class HttpError extends Error {
  override readonly name = 'HttpError';
  readonly status: number;

  constructor(method: string, status: number, said: string) {
    super(`${method} answered ${status}${said === '' ? '' : `: ${said}`}`);
    this.status = status;
  }
}

/** Its objects as an `ObjectStore`: GET, PUT and DELETE of objects, and ListObjectsV2. */
export function s3Store({
  url,
  sign,
  fetch = (request) => globalThis.fetch(request),
}: S3Options): ObjectStore {
  const base = String(url).replace(/\/+$/, '');
  const ask = async (method: string, place: string, body?: Uint8Array): Promise<Response> => {
    const init: RequestInit = { method, ...(body && { body: body as Uint8Array<ArrayBuffer> }) };
    const request = new Request(`${base}/${place}`, init);
    return fetch(sign === undefined ? request : await sign(request));
  };
  const done = async (method: string, response: Response): Promise<Response> => {
    if (response.ok) return response;
    throw new HttpError(method, response.status, (await response.text().catch(() => '')).slice(0, 300));
  };
  const path = (key: string): string => key.split('/').map(encoded).join('/');
  return {
    put: async (key, bytes) =>
      void (await (await done('PUT', await ask('PUT', path(key), bytes))).arrayBuffer()),
    get: async (key) => {
      const response = await ask('GET', path(key));
      if (response.status !== 404) return (await done('GET', response)).arrayBuffer();
      await response.body?.cancel();
      return undefined;
    },
    list: async function* (prefix) {
      let next: string | undefined;
      do {
        const token = next === undefined ? '' : `continuation-token=${encoded(next)}&`;
        const query = `?${token}list-type=2&prefix=${encoded(prefix)}`;
        const page = await (await done('GET', await ask('GET', query))).text();
        yield* objectsOf(page);
        next = texts(page, 'IsTruncated')[0] === 'true' ? texts(page, 'NextContinuationToken')[0] : undefined;
      } while (next !== undefined);
    },
    delete: async (key) => {
      const response = await ask('DELETE', path(key));
      if (response.status !== 404) await done('DELETE', response);
      await response.body?.cancel();
    },
  };
}

/** As signatures want it: everything but letters, digits and `-._~`. */
function encoded(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** What ListObjectsV2 names. Its answer has no attributes, comments or nesting there, and no host without a page reads XML. */
function objectsOf(page: string): ObjectInfo[] {
  return texts(page, 'Contents').flatMap((one) => {
    const [key, size, modified] = ['Key', 'Size', 'LastModified'].map((name) => texts(one, name)[0]);
    if (key === undefined) return [];
    const at = modified === undefined ? Number.NaN : Date.parse(modified);
    return {
      key,
      ...(size !== undefined && { size: Number(size) }),
      ...(!Number.isNaN(at) && { modified: new Date(at) }),
    };
  });
}

const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

/** The content of every element of that name, without its entities. */
function texts(xml: string, name: string): string[] {
  const found = xml.matchAll(new RegExp(`<${name}>([\\s\\S]*?)</${name}>`, 'g'));
  // Only at the innermost does decoding make sense: what was `&lt;` would be an element above it.
  const decode = (text: string): string =>
    text.includes('<')
      ? text
      : text.replace(/&(#x[0-9a-fA-F]+|#\d+|\w+);/g, (all, word: string) => {
          if (!word.startsWith('#')) return ENTITIES[word] ?? all;
          const code = word[1] === 'x' ? Number.parseInt(word.slice(2), 16) : Number(word.slice(1));
          return code <= 0x10ffff ? String.fromCodePoint(code) : all;
        });
  return Array.from(found, ([, text = '']) => decode(text));
}
