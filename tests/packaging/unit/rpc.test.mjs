// Calls over a port: what is asked in one task is one message, and so is what is answered together.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { MessageChannel } from 'node:worker_threads';

const { RpcClient, serve } = await import(new URL('rpc.js', pathToFileURL(`${process.env.LODESTORE_DIST}/`)));

/** Two ends that answer with `handle`, and the messages that went there and back. */
function connected(t, handle) {
  const { port1, port2 } = new MessageChannel();
  t.after(() => port1.close());
  const [there, back] = [[], []];
  const counting = (port, sent) => ({
    postMessage(message, transfer) {
      port.postMessage(message, transfer);
      sent.push(message);
    },
    set onmessage(heard) {
      port.onmessage = heard;
    },
  });
  serve(counting(port2, back), handle);
  return { client: new RpcClient(counting(port1, there)), there, back };
}

test('writes of one task are one message, answered with one, in their order', async (t) => {
  const seen = [];
  const { client, there, back } = connected(t, async (method, args) => {
    seen.push(args[0]);
    return args[0] * 10;
  });
  const all = Array.from({ length: 64 }, (_, i) => client.call('named', [i]));
  assert.equal(there.length, 0, 'nothing is sent before the task ends');
  assert.deepEqual(
    await Promise.all(all),
    Array.from({ length: 64 }, (_, i) => i * 10),
  );
  assert.deepEqual(
    seen,
    Array.from({ length: 64 }, (_, i) => i),
  );
  assert.deepEqual([there.length, back.length], [1, 1]);
  assert.equal(await client.call('named', [7]), 70);
  assert.equal(Array.isArray(there[1]), false, 'one alone is as it was');
});

test('no other call overtakes a write', async (t) => {
  const seen = [];
  const { client } = connected(t, (method, args) => void seen.push([method, ...args]));
  await Promise.all([client.call('named', [1]), client.call('count', []), client.call('named', [2])]);
  assert.deepEqual(seen, [['named', 1], ['count'], ['named', 2]]);
});

test('of many, one that cannot be sent fails alone', async (t) => {
  const { client } = connected(t, async (method, args) => args[0]);
  const asked = [1, () => undefined, 3].map((value) => client.call('named', [value]));
  const [one, two, three] = await Promise.allSettled(asked);
  assert.deepEqual([one.value, three.value], [1, 3]);
  assert.equal(two.status, 'rejected');
});

test('of many, one that fails over there fails alone, with its code', async (t) => {
  const { client } = connected(t, async (method, args) => {
    if (args[0] === 2) throw Object.assign(new Error('not this one'), { code: 'Invalid' });
    return args[0];
  });
  const asked = [1, 2, 3].map((value) => client.call('named', [value]));
  const [one, two, three] = await Promise.allSettled(asked);
  assert.deepEqual([one.value, three.value], [1, 3]);
  assert.equal(two.reason.code, 'Invalid');
});

test('what waits for the end of the task fails with the connection, and is not sent', async (t) => {
  const { client, there } = connected(t, () => undefined);
  const asked = client.call('named', [1]);
  client.fail(Object.assign(new Error('gone'), { code: 'Unavailable' }));
  await assert.rejects(asked, { code: 'Unavailable' });
  await new Promise(setImmediate);
  assert.equal(there.length, 0);
});

test('an answer that is there does not wait for one that is not', async (t) => {
  let finish;
  const { client } = connected(t, (method, args) =>
    args[0] === 1 ? new Promise((resolve) => (finish = resolve)) : Promise.resolve('here'),
  );
  const slow = client.call('named', [1]);
  assert.equal(await client.call('named', [2]), 'here');
  finish('late');
  assert.equal(await slow, 'late');
});
