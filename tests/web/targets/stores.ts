/** Stores behind the interfaces of others: R2 by its binding, S3 by HTTP, each as their documentation describes it. */

import {
  backupTo,
  objectStore,
  type ObjectStore,
  type R2BucketLike,
  r2Store,
  s3Store,
} from 'lodestore/targets';
import { open } from 'lodestore';
import { assert, type Case, type Context, equal, freshName, rejects, same } from '../check.js';
import { contents } from '../database/place.js';
import { vectors } from '../database/rows.js';
import { filled } from './base.js';

export function storeCases(context: Context): Case[] {
  const edge = [
    { name: 'stores: the bucket of a Worker, page by page', run: () => keeps(r2Store(bound())) },
    { name: 'stores: a Worker that begins with nothing has what is in its bucket', run: begins },
  ];
  return [
    ...(context === 'edge' ? edge : []),
    { name: 'stores: a bucket of R2, page by page', run: () => keeps(r2Store(bucket())) },
    { name: 'stores: a bucket of S3, page by page, signed', run: () => signed() },
    { name: 'stores: what S3 refuses is a typed error', run: s3Refuses },
  ];
}

/** Fewer objects in a page than there are: lists have to go on. */
const PAGE = 3;

function bucket(): R2BucketLike {
  const objects = new Map<string, Uint8Array>();
  const uploaded = new Date();
  return {
    put: async (key, value) => objects.set(key, value.slice()),
    get: async (key) => {
      const bytes = objects.get(key);
      return bytes === undefined ? null : { arrayBuffer: async () => bytes.slice().buffer as ArrayBuffer };
    },
    list: async ({ prefix, cursor = '' }) => {
      const keys = [...objects.keys()].filter((key) => key.startsWith(prefix) && key > cursor).sort();
      const some = keys.slice(0, PAGE).map((key) => ({ key, size: objects.get(key)?.length ?? 0, uploaded }));
      const truncated = keys.length > PAGE;
      return { objects: some, truncated, ...(truncated && { cursor: some.at(-1)?.key ?? '' }) };
    },
    delete: async (key) => void objects.delete(key),
  };
}

/** The bucket that workerd gives the Worker in which this runs. */
function bound(): R2BucketLike {
  type Limited = Omit<R2BucketLike, 'list'> & {
    list(options: { prefix: string; cursor?: string; limit: number }): ReturnType<R2BucketLike['list']>;
  };
  const { bucket } = (globalThis as unknown as { testHost: { bucket: Limited } }).testHost;
  return {
    put: (key, value) => bucket.put(key, value),
    get: (key) => bucket.get(key),
    list: (options) => bucket.list({ ...options, limit: PAGE }),
    delete: (key) => bucket.delete(key),
  };
}

/** An isolate has no storage of its own: it restores what a backup put into the bucket, encrypted there. */
async function begins(): Promise<void> {
  await filled(async (db) => {
    const prefix = `${freshName('begins')}/`;
    const encrypt = { passphrase: 'five words for one gate' };
    const target = objectStore(r2Store(bound()), { prefix, encrypt });
    const { archive } = await backupTo(db, target);
    const other = await open(freshName('begins'), { storage: 'memory' });
    try {
      await (await other.restore(target.read(archive))).commit();
      equal(await contents(other), await contents(db), 'what was restored');
      const query = vectors(1, 8, 9);
      const [expected, got] = await Promise.all(
        [db, other].map(async (one) => (await one.collection('notes')).query(query)),
      );
      same(got?.matches, expected?.matches, 'answers');
      equal((await db.drill({ backup: 'latest', fetch: target.fetch })).ok, true, 'a drill');
    } finally {
      await other.close();
    }
  }, 50);
}

/** What the interface is for: a repository works over it. */
async function keeps(store: ObjectStore): Promise<void> {
  await filled(async (db) => {
    const prefix = "a+b & <b>/\u00fc (1)*'!/";
    const target = objectStore(store, { prefix, retries: 0 });
    const first = await backupTo(db, target);
    const second = await backupTo(db, target);
    equal(second.sent.skipped, first.sent.pieces - 2, 'what is there is seen in every page of the list');
    equal((await db.verify(target.read(first.archive))).rows, 50, 'rows');
    await target.remove(first.archive);
    equal((await target.collect()).young, 1, 'the store says when pieces were put');
    equal((await target.collect({ graceMs: 0 })).deleted, 1, 'deleted');
    same(
      (await target.list()).map(({ archive }) => archive),
      [second.archive],
      'list',
    );
  }, 50);
}

const escaped = (text: string): string =>
  text.replace(/[&<>]/g, (one) => ({ '&': '&amp;', '<': '&lt;', '>': '&#x3E;' })[one] as string);

/** The part of S3 that is used. It believes only what has the header that `sign` adds. */
function s3(base: string): (request: Request) => Promise<Response> {
  const objects = new Map<string, Uint8Array>();
  return async (request) => {
    if (request.headers.get('authorization') !== 'signed') {
      return new Response('<Error><Code>AccessDenied</Code></Error>', { status: 403 });
    }
    const { pathname, searchParams } = new URL(request.url);
    assert(request.url.startsWith(base), request.url);
    // What a signature is made of must be what is sent.
    assert(/^[\w.~%\/?&=:-]*$/.test(request.url), request.url);
    const key = decodeURIComponent(pathname.slice(new URL(base).pathname.length + 1));
    if (searchParams.get('list-type') === '2') {
      const prefix = searchParams.get('prefix') ?? '';
      const from = searchParams.get('continuation-token') ?? '';
      const keys = [...objects.keys()].filter((one) => one.startsWith(prefix) && one > from).sort();
      const some = keys
        .slice(0, PAGE)
        .map(
          (one) =>
            `<Contents><Key>${escaped(one)}</Key><LastModified>${new Date().toISOString()}</LastModified>` +
            `<Size>${objects.get(one)?.length}</Size></Contents>`,
        );
      const more = keys.length > PAGE;
      const next = more
        ? `<NextContinuationToken>${escaped(keys[PAGE - 1] ?? '')}</NextContinuationToken>`
        : '';
      return new Response(
        `<?xml version="1.0"?><ListBucketResult><Prefix>${escaped(prefix)}</Prefix><IsTruncated>${more}</IsTruncated>` +
          `${some.join('')}${next}</ListBucketResult>`,
      );
    }
    if (request.method === 'PUT') {
      objects.set(key, new Uint8Array(await request.arrayBuffer()));
      return new Response();
    }
    if (request.method === 'DELETE') {
      objects.delete(key);
      return new Response(null, { status: 204 });
    }
    const bytes = objects.get(key);
    if (bytes === undefined) return new Response('<Error><Code>NoSuchKey</Code></Error>', { status: 404 });
    return new Response(bytes.slice() as Uint8Array<ArrayBuffer>);
  };
}

const URL_OF_BUCKET = 'https://objects.example/bucket';
const sign = (request: Request): Request => {
  const headers = new Headers(request.headers);
  headers.set('authorization', 'signed');
  return new Request(request, { headers });
};

async function signed(): Promise<void> {
  await keeps(s3Store({ url: `${URL_OF_BUCKET}/`, sign, fetch: s3(URL_OF_BUCKET) }));
}

async function s3Refuses(): Promise<void> {
  await filled(async (db) => {
    let asked = 0;
    const counted = (request: Request) => ((asked += 1), s3(URL_OF_BUCKET)(request));
    const unsigned = objectStore(s3Store({ url: URL_OF_BUCKET, fetch: counted }));
    const error = await rejects('Unavailable', backupTo(db, unsigned), 'without a signature');
    assert(error.message.includes('403') && error.message.includes('AccessDenied'), error.message);
    equal(asked, 2, 'no is an answer: to the lease, and to its end');
    const broken = s3Store({ url: URL_OF_BUCKET, fetch: async () => new Response('later', { status: 503 }) });
    await rejects(
      'Unavailable',
      objectStore(broken, { retries: 1, retryAfterMs: 1 }).list(),
      'a server that is down',
    );
  }, 50);
}
