/** A Worker that runs a suite for whoever asks, and answers with a line of JSON for each case. */

import { type Collection, type Database, open } from 'lodestore';
import sealModule from 'lodestore/lodestore-seal.wasm';
import type { Suite } from './check.js';
import { columns } from './database/rows.js';
import contract from './suites/contract.js';
import database from './suites/database.js';
import seal from './suites/seal.js';
import targets from './suites/targets.js';

const SUITES: Record<string, Suite> = { contract, database, seal, targets };

/** What the configuration of the Worker gives it. */
interface Bindings {
  BUCKET: unknown;
}

interface Waiting {
  waitUntil(work: Promise<unknown>): void;
}

export default {
  async fetch(request: Request, { BUCKET }: Bindings, context: Waiting): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === '/shared') {
      const step = STEPS[searchParams.get('step') ?? ''];
      const told = await step?.(Number(searchParams.get('first')));
      return Response.json(told ?? null);
    }
    const suite = SUITES[pathname.slice(1)];
    if (suite === undefined) return new Response('there is no such suite', { status: 404 });
    (globalThis as { testHost?: unknown }).testHost = { bucket: BUCKET, seal: sealModule };
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    context.waitUntil(run(suite, searchParams.get('only') ?? '', writable));
    return new Response(readable);
  },
};

let shared: Promise<Database> | undefined;

/** The database that all requests of the isolate share. */
async function inShared<T>(body: (db: Database, notes: Collection) => Promise<T>): Promise<T> {
  shared ??= open('shared', { storage: 'memory' });
  const db = await shared;
  return body(db, await db.collection('notes', { dimension: 32, index: 'hnsw' }));
}

/** What requests do in it. Each is a request of its own, and what one leaves to be done is for the next. */
const STEPS: Record<string, (first: number) => Promise<unknown>> = {
  write: (first) =>
    inShared(async (_, notes) => {
      const rows = columns(100, 32, first, first);
      await notes.upsert(rows);
      const { matches } = await notes.query(rows.vectors.subarray(0, 32), { topK: 1 });
      return { found: matches[0]?.id === rows.ids[0], count: await notes.count() };
    }),
  /** More than a graph takes in while somebody waits. */
  fill: (first) => inShared((_, notes) => notes.upsert(columns(5000, 32, first, first))),
  optimize: () =>
    inShared(async (_, notes) => {
      await notes.optimize();
      return notes.stats();
    }),
  backUp: () => inShared(async (db) => (await db.verify(await db.backup(), { level: 4 })).rows),
  close: () => inShared(async (db) => ((shared = undefined), db.close())),
};

async function run(suite: Suite, only: string, answer: WritableStream<Uint8Array>): Promise<void> {
  const writer = answer.getWriter();
  const none = () => Promise.reject(new Error('an isolate has no driver'));
  for (const test of suite.cases('edge', none)) {
    if (!test.name.includes(only)) continue;
    let error: string | undefined;
    try {
      await test.run();
    } catch (failure) {
      error = failure instanceof Error ? `${failure.message}\n${failure.stack}` : String(failure);
    }
    await writer.write(new TextEncoder().encode(`${JSON.stringify({ name: test.name, error })}\n`));
  }
  await writer.close();
}
