// The Worker of docs/targets.md, as it stands there, over a bucket that a process of Node filled.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { started } from './isolate.mjs';

const GUIDE = new URL('../../docs/targets.md', import.meta.url);

/** `web` is the folder in which the packed package is installed. */
export async function guide(web) {
  const contents = /^## In an edge worker$[^]*?```js\n([^]*?)```/m.exec(readFileSync(GUIDE, 'utf8'))?.[1];
  const isolate = await started({ stdin: { contents, resolveDir: web, loader: 'js' } });
  const asked = { vector: [3, 1, 4, 1], topK: 3, filter: { even: true } };
  const ask = async () => {
    const init = { method: 'POST', body: JSON.stringify(asked) };
    const response = await isolate.dispatchFetch('http://edge.test/', init);
    return response.ok ? response.json() : (await response.text()).split('\n')[0];
  };
  try {
    assert.equal(await ask(), 'Error: the bucket has no archive yet');
    const answer = await backedUp(web, await isolate.getR2Bucket('BUCKET'), asked);
    assert.equal(answer.matches.length, 3);
    assert.deepEqual(await ask(), answer);
    const { outcome } = await (await isolate.getWorker()).scheduled({ cron: '0 3 1 * *' });
    assert.equal(outcome, 'ok', 'the drill');
  } finally {
    await isolate.dispose();
  }
}

/** Puts a database into the bucket, and asks it as the Worker is asked. */
async function backedUp(web, bucket, { vector, ...options }) {
  const { resolve } = createRequire(join(web, 'run.mjs'));
  const { open } = await import(pathToFileURL(resolve('lodestore')));
  const { backupTo, objectStore, r2Store } = await import(pathToFileURL(resolve('lodestore/targets')));
  const db = await open('notes', { storage: 'memory' });
  try {
    const notes = await db.collection('notes', { dimension: 4 });
    const rows = Array.from({ length: 500 }, (_, i) => ({
      id: `note-${i}`,
      vector: [i % 7, i % 11, i % 13, 1],
      metadata: { even: i % 2 === 0 },
    }));
    await notes.upsert(rows);
    await backupTo(db, objectStore(r2Store(bucket), { prefix: 'notes/' }));
    return JSON.parse(JSON.stringify(await notes.query(vector, options)));
  } finally {
    await db.close();
  }
}
