// The facade's own logic, on the compiled modules of the packed package. LODESTORE_DIST names their folder.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';

const dist = pathToFileURL(`${process.env.LODESTORE_DIST}/`);
const part = (name) => import(new URL(name, dist));
const { checkOptions, filterJson, isInteger, metadataJson, toVector } = await part('validate.js');
const { progressSink } = await part('progress.js');
const { RpcClient, serve } = await part('rpc.js');
const { LodestoreError } = await part('errors.js');
const { abortable } = await part('abort.js');
const { targetJson } = await part('target.js');
const { yieldNow } = await part('yield-now.js');
const { queryAsk, queryResults, toVectors } = await part('query.js');
const { configJson } = await part('config.js');
const { upsertFailure } = await part('upsert.js');
const { relaxedSimdWorks } = await part('relaxed-simd.js');

const refuses = (work, pattern) =>
  assert.throws(work, (error) => {
    assert.ok(error instanceof LodestoreError);
    assert.equal(error.code, 'Invalid');
    assert.match(error.message, pattern);
    return true;
  });

test('metadata that JSON would lose is refused, with its path', () => {
  class Point {}
  const cyclic = {};
  cyclic.self = cyclic;
  const cases = [
    [{ a: { b: NaN } }, /m\.a\.b/],
    [{ a: [1, Infinity] }, /m\.a\[1\]/],
    [{ a: [undefined] }, /m\.a\[0\]/],
    [{ a: [1, , 2] }, /m\.a\[1\]/],
    [{ f: () => 1 }, /m\.f/],
    [{ n: 1n }, /m\.n/],
    [{ s: Symbol('x') }, /m\.s/],
    [{ [Symbol('x')]: 1 }, /symbol/],
    [{ d: new Date(0) }, /m\.d/],
    [{ p: new Point() }, /m\.p/],
    [{ m: new Map() }, /m\.m/],
    [{ t: 'half \ud800' }, /surrogate/],
    [cyclic, /too deep/],
    [[1], /plain object/],
    [null, /plain object/],
  ];
  for (const [metadata, pattern] of cases) refuses(() => metadataJson('m', metadata), pattern);
});

test('metadata that JSON can hold comes through', () => {
  const bare = Object.assign(Object.create(null), { x: 1 });
  assert.equal(metadataJson('m', bare), '{"x":1}');
  assert.equal(metadataJson('m', { a: undefined, b: null }), '{"b":null}');
  const own = JSON.parse('{"__proto__":{"admin":true},"constructor":1}');
  assert.equal(metadataJson('m', own), '{"__proto__":{"admin":true},"constructor":1}');
  let deep = {};
  for (let i = 1; i < 16; i++) deep = { deep };
  assert.equal(JSON.stringify(deep), metadataJson('m', deep));
  refuses(() => metadataJson('m', { deep }), /too deep/);
});

test('an undefined condition of a filter is refused, not dropped', () => {
  refuses(() => filterJson('f', { user: undefined }), /f\.user/);
  refuses(() => filterJson('f', { year: { $gte: undefined } }), /f\.year\.\$gte/);
  assert.equal(filterJson('f', { year: { $gte: 2 } }), '{"year":{"$gte":2}}');
});

test('options of unknown names are refused with the known ones', () => {
  const known = { topK: isInteger(1, 10) };
  refuses(() => checkOptions('query', { topk: 1 }, known), /no option "topk".*topK/);
  refuses(() => checkOptions('query', { toString: 1 }, known), /toString/);
  refuses(() => checkOptions('query', { topK: 0 }, known), /from 1 to 10/);
  refuses(() => checkOptions('query', { topK: 1e9 }, known), /from 1 to 10/);
  refuses(() => checkOptions('query', [], known), /object/);
  checkOptions('query', { topK: undefined }, known);
  checkOptions('query', undefined, known);
});

test('vectors are never padded, cut or coerced', () => {
  refuses(() => toVector('v', [1, 2], 3), /3 numbers/);
  refuses(() => toVector('v', new Float32Array(4), 3), /3 numbers/);
  refuses(() => toVector('v', [1, '2', 3], 3), /v\[1\]/);
  refuses(() => toVector('v', [1, null, 3], 3), /v\[1\]/);
  refuses(() => toVector('v', new Float64Array(3), 3), /Float32Array/);
  assert.deepEqual(toVector('v', [1, 2, 3], 3), Float32Array.of(1, 2, 3));
});

test('targets', () => {
  assert.equal(targetJson('d', 'a'), '{"ids":["a"]}');
  assert.equal(targetJson('d', ['a', 'b']), '{"ids":["a","b"]}');
  assert.equal(targetJson('d', { ids: ['a'] }), '{"ids":["a"]}');
  assert.equal(targetJson('d', { filter: { x: 1 } }), '{"filter":{"x":1}}');
  for (const wrong of [undefined, null, 5, {}, { ids: ['a'], filter: {} }, { where: {} }, [1]]) {
    refuses(() => targetJson('d', wrong), /./);
  }
});

test('progress estimates the time left from the pace of the phase', () => {
  let now = 0;
  const seen = [];
  const sink = progressSink(
    (progress) => seen.push(progress),
    () => now,
  );
  sink('embed', 0, 100);
  now = 1000;
  sink('embed', 25, 100);
  sink('switch', 1, 2);
  sink('embed', 100, 100);
  assert.deepEqual(seen, [
    { phase: 'embed', done: 0, total: 100 },
    { phase: 'embed', done: 25, total: 100, etaMs: 3000 },
    { phase: 'switch', done: 1, total: 2 },
    { phase: 'embed', done: 100, total: 100, etaMs: 0 },
  ]);
  assert.equal(progressSink(undefined), undefined);
});

function pair(handle) {
  const { port1, port2 } = new MessageChannel();
  serve(port2, handle);
  return { client: new RpcClient(port1), close: () => port1.close() };
}

test('calls that come at once are heard before the second of them is begun, and keep their order', async () => {
  const steps = [];
  const { client, close } = pair((method) => {
    steps.push(method);
    queueMicrotask(() => steps.push('|'));
  });
  await Promise.all(['a', 'b', 'c', 'd'].map((method) => client.call(method, [])));
  assert.equal(steps.join(''), 'a|bcd|||');
  await client.call('e', []);
  assert.equal(steps.at(-2), 'e');
  close();
});

test('calls keep their answers apart, move buffers and copy views', async () => {
  const { client, close } = pair(async (method, args) => {
    if (method === 'slow') await yieldNow();
    if (method === 'view') return new Float32Array(100).fill(7).subarray(1, 3);
    if (method === 'answer') return { json: '{}', vectors: Float32Array.of(1, 2) };
    return [method, ...args];
  });
  const [slow, fast] = await Promise.all([client.call('slow', [1]), client.call('fast', [2])]);
  assert.deepEqual(
    [slow, fast],
    [
      ['slow', 1],
      ['fast', 2],
    ],
  );
  const view = await client.call('view', []);
  assert.deepEqual([...view], [7, 7]);
  assert.equal(view.buffer.byteLength, 8);
  assert.deepEqual((await client.call('answer', [])).vectors, Float32Array.of(1, 2));
  const bytes = Uint8Array.of(1, 2, 3);
  await client.call('take', [bytes], [bytes.buffer]);
  assert.equal(bytes.length, 0);
  close();
});

test('errors keep their fields, progress comes before the answer', async () => {
  const { client, close } = pair((method, _, progress) => {
    progress?.('log', 1, 2);
    if (method === 'fail') throw new LodestoreError('Mismatch', 'another', { expected: '3', got: '4' });
    return 'done';
  });
  await assert.rejects(
    () => client.call('fail', []),
    (error) => {
      assert.ok(error instanceof LodestoreError);
      const { code, message, expected, got } = error;
      assert.deepEqual(
        { code, message, expected, got },
        {
          code: 'Mismatch',
          message: 'another',
          expected: '3',
          got: '4',
        },
      );
      return true;
    },
  );
  const seen = [];
  assert.equal(await client.call('work', [], [], (...counts) => seen.push(counts)), 'done');
  assert.deepEqual(seen, [['log', 1, 2]]);
  close();
});

test('a lost worker rejects what is pending and what comes later', async () => {
  const { client, close } = pair(() => new Promise(() => {}));
  const pending = client.call('for ever', []);
  client.fail(new LodestoreError('Unavailable', 'gone'));
  await assert.rejects(pending, { code: 'Unavailable' });
  await assert.rejects(() => client.call('later', []), { code: 'Unavailable' });
  close();
});

test('aborting rejects with the reason and hands over what comes late', async () => {
  const reason = new Error('enough');
  const abort = new AbortController();
  let finish;
  const work = new Promise((resolve) => (finish = resolve));
  const late = [];
  const waiting = abortable(work, abort.signal, (value) => late.push(value));
  abort.abort(reason);
  await assert.rejects(waiting, reason);
  finish('handle');
  await work;
  await yieldNow();
  assert.deepEqual(late, ['handle']);
  assert.equal(await abortable(Promise.resolve(1), new AbortController().signal), 1);
});

test('options of a query become numbers and flags', () => {
  const asked = { minScore: undefined, ef: undefined, oversample: undefined, filter: undefined };
  assert.deepEqual({ ...asked, ...queryAsk('query', undefined) }, { ...asked, topK: 10, flags: 1 });
  assert.deepEqual(queryAsk('query', {}), { ...asked, topK: 10, flags: 1 });
  const all = { topK: 3, ef: 5, oversample: 7, minScore: 0.5, exact: true, explain: true };
  const returned = { returnMetadata: false, returnVectors: true, filter: { a: 1 } };
  assert.deepEqual(queryAsk('query', { ...all, ...returned }, true), {
    topK: 3,
    ef: 5,
    oversample: 7,
    minScore: 0.5,
    filter: '{"a":1}',
    flags: 2 | 4 | 8 | 16,
  });
  assert.equal(queryAsk('queryMany', undefined, true).flags, 17);
  refuses(() => queryAsk('query', { ef: 0 }), /ef must be a whole number from 1 to 10000/);
  refuses(() => queryAsk('query', null), /object/);
});

test('results are cut from columns, each vector with a buffer of its own', () => {
  const json = '{"metadata":[{"n":1},{},{"n":3}],"counts":[2,0,1],"explain":[1,2,3]}';
  // Lengths of ids are in units of UTF-16, in which this sign has two.
  const numbers = Float32Array.of(0.5, 0.25, 1, 2, 3, 2, 4, 5, 0);
  const ids = 'a\u{1f6a3}';
  const vectors = Float32Array.of(1, 2, 3, 4, 5, 6);
  const [first, none, last] = queryResults({ json, numbers, vectors, ids });
  assert.deepEqual(first, {
    matches: [
      { id: 'a', score: 0.5, distance: 0.25, metadata: { n: 1 }, vector: Float32Array.of(1, 2) },
      { id: '\u{1f6a3}', score: 2, distance: 3, metadata: {}, vector: Float32Array.of(3, 4) },
    ],
    explain: 1,
  });
  assert.deepEqual(none, { matches: [], explain: 2 });
  assert.equal(last.matches[0].id, '');
  assert.deepEqual(last.matches[0].vector, Float32Array.of(5, 6));
  assert.equal(last.matches[0].vector.buffer.byteLength, 8);
  const bare = { json: '', numbers: Float32Array.of(1, 0, 1), vectors: undefined, ids: 'a' };
  assert.deepEqual(queryResults(bare), [{ matches: [{ id: 'a', score: 1, distance: 0 }] }]);
});

test('several vectors are one array, or refused by their place', () => {
  const flat = Float32Array.of(1, 2, 3, 4);
  assert.equal(toVectors('v', flat, 2), flat);
  assert.deepEqual(toVectors('v', [[1, 2], Float32Array.of(3, 4)], 2), flat);
  assert.deepEqual(toVectors('v', [[1, 2]], 2), Float32Array.of(1, 2));
  assert.equal(toVectors('v', [], 2).length, 0);
  refuses(() => toVectors('v', flat, 3), /multiple of 3/);
  refuses(() => toVectors('v', [[1, 2], [3]], 2), /v\[1\] must hold 2 numbers/);
  refuses(() => toVectors('v', [[1, 'x']], 2), /v\[0\]\[1\] must be a number/);
  refuses(() => toVectors('v', [1, 2], 2), /v\[0\]/);
  refuses(() => toVectors('v', 'text', 2), /an array of vectors/);
});

test('configurations are checked part by part', () => {
  const hnsw = { m: 2, efConstruction: 2000, ef: 1, seed: 0xffff_ffff };
  const config = {
    dimension: 3,
    index: 'hnsw',
    quantization: 'binary',
    memory: 'codes',
    hnsw,
    oversample: 1,
  };
  assert.deepEqual(JSON.parse(configJson('c', config)), config);
  refuses(
    () => configJson('c', { ...config, hnsw: { M: 3 } }),
    /c: hnsw: there is no option "M".*efConstruction/,
  );
  refuses(() => configJson('c', { ...config, hnsw: { seed: 2 ** 32 } }), /seed must be .*4294967295/);
  refuses(() => configJson('c', { ...config, hnsw: null }), /hnsw must be an object/);
  refuses(() => configJson('c', { ...config, memory: 'disk' }), /'full', 'codes'/);
});

test('relaxed SIMD counts only where it computes what it should', () => {
  const { Instance } = WebAssembly;
  const known = relaxedSimdWorks();
  assert.equal(known, Number(process.versions.node.split('.')[0]) >= 22);
  try {
    for (const [answer, works] of [
      [-129025, true],
      [-193541, false],
    ]) {
      const module = WebAssembly.Module;
      WebAssembly.Module = class {};
      WebAssembly.Instance = class {
        exports = { f: () => answer };
      };
      assert.equal(relaxedSimdWorks(), works);
      WebAssembly.Module = module;
    }
  } finally {
    WebAssembly.Instance = Instance;
  }
  assert.equal(relaxedSimdWorks(), known);
});

test('a call that is too large for one write says how many rows fit', () => {
  const max = 64 * 1024 * 1024;
  const refused = (got) =>
    new LodestoreError('Invalid', 'too large for one frame', { expected: `at most ${max} bytes`, got });
  for (const [count, bytes, most] of [
    [100_000, 100_000 * 1_600, 37_000],
    [3_000, 3_000 * 66_000, 910],
    [20, 20 * 5_000_000, 11],
    [3, 3 * 60_000_000, 1],
  ]) {
    const error = upsertFailure(refused(String(bytes)), count);
    assert.equal(error.code, 'Invalid');
    assert.match(error.message, new RegExp(`write ${most} at a time`));
    assert.ok(most * (bytes / count) <= max, 'what it says fits');
    assert.equal(error.got, String(bytes));
  }
  for (const other of [new LodestoreError('Quota', 'full'), new TypeError('x')]) {
    assert.equal(upsertFailure(other, 5), other);
  }
});
