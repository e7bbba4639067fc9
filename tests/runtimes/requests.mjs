// Requests of one isolate, which have a database in common that outlives each of them.
import assert from 'node:assert/strict';

/** A step of edge.ts. */
async function step(isolate, name, first = 0, signal = AbortSignal.timeout(60_000)) {
  const url = `http://edge.test/shared?step=${name}&first=${first}`;
  const response = await isolate.dispatchFetch(url, { signal });
  const text = await response.text();
  if (!response.ok) throw new Error(`${name}: ${response.status} ${text}`);
  return JSON.parse(text);
}

async function together(isolate) {
  const isGivenUp = (i) => i % 7 === 0;
  const asked = Array.from({ length: 40 }, (_, i) =>
    step(isolate, 'write', i * 100, isGivenUp(i) ? AbortSignal.timeout(i) : undefined),
  );
  const kept = (await Promise.allSettled(asked)).filter((_, i) => !isGivenUp(i));
  for (const { status, reason } of kept) if (status === 'rejected') throw reason;
  const foundAll = kept.every(({ value }) => value.found);
  assert.ok(foundAll, 'each finds what it wrote');
  const last = await step(isolate, 'write', 4000);
  assert.ok(last.found && last.count % 100 === 0, 'each write is there whole or not at all');
  assert.ok(last.count >= (kept.length + 1) * 100, `${last.count} rows are there`);
}

async function leftOver(isolate) {
  await step(isolate, 'fill', 10_000);
  const { rows, indexState } = await step(isolate, 'optimize');
  assert.equal(indexState.pending, 0, 'every row is in the graph');
  assert.equal(await step(isolate, 'backUp'), rows, 'rows of a backup that was restored');
  await step(isolate, 'close');
  assert.equal((await step(isolate, 'write', 0)).count, 100, 'a new one');
}

export const requests = {
  'requests that come together share a database, also where some are given up': together,
  'what a request left to be done, the next one does': leftOver,
};
