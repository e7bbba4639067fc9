// What the command line reads and writes: CSV with everything that needs quotes, and what other stores give.
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { workplace } from '../command-line.mjs';

/** Imports `text` as the collection `name` of the database `app`, and gives the rows back as an export has them. */
async function through({ at, expect, json }, name, format, text, options = []) {
  await writeFile(at(`${name}.json`), text);
  const { result } = await json(0, ['import', 'app', name, `${name}.json`, '--format', format, ...options]);
  const { stdout } = await expect(0, ['export', 'app', name, '--format', 'jsonl']);
  const rows = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.equal(rows.length, result.rows);
  return { rows, result };
}

/** Text that is refused with a message, and leaves the database as it is. */
async function refused({ json }, format, text, message, options = []) {
  const args = ['import', 'app', 'refused', '-', '--format', format, ...options];
  const { error } = await json(1, args, { input: text });
  assert.equal(error.code, 'Invalid');
  assert.match(error.message, message);
}

async function csv(context) {
  const place = await workplace(context);
  const { at, expect } = place;
  const rows = [
    {
      id: 'a,b',
      vector: [0.1, -0.5],
      metadata: { text: 'line\r\nbreak, "quoted"', deep: { list: [1, null, true] } },
    },
    { id: 'q"uote', vector: [1e-7, 3], metadata: {} },
    { id: '\ttab\nline', vector: [1, 0], metadata: { 'ünï,"': '🛶' } },
    { id: 'кирилл', vector: [-1, 16777216], metadata: { empty: '' } },
  ];
  rows.sort((a, b) => Buffer.compare(Buffer.from(a.id), Buffer.from(b.id)));
  const jsonl = rows.map((row) => `${JSON.stringify(row)}\n`).join('');
  await writeFile(at('rows.jsonl'), jsonl);
  await expect(0, ['import', 'app', 'one', 'rows.jsonl']);
  await expect(0, ['export', 'app', 'one', 'rows.csv']);
  const text = await readFile(at('rows.csv'), 'utf8');
  assert.match(text, /^id,vector,metadata\r\n/);
  assert.ok(text.includes('"q""uote","[1e-7,3]",{}\r\n'), text);
  await expect(0, ['import', 'app', 'two', 'rows.csv']);
  assert.equal((await expect(0, ['export', 'app', 'two', '--format', 'jsonl'])).stdout, jsonl);
  assert.equal((await expect(0, ['export', 'app', 'two', '--format', 'csv'])).stdout, text);

  // As a spreadsheet writes it: a byte order mark, line feeds, columns of its own, no line end at the end.
  const sheet = '\ufefftitle,id,vector\n"Kayak, small",k1,"[1, 2]"\n\n,k2,"[3,4]"';
  assert.deepEqual((await through(place, 'sheet', 'csv', sheet)).rows, [
    { id: 'k1', vector: [1, 2], metadata: { title: 'Kayak, small' } },
    { id: 'k2', vector: [3, 4], metadata: {} },
  ]);
  const head = 'id,vector,metadata\n';
  await refused(place, 'csv', 'id,numbers\n', /line 1: the header has no column "vector"/);
  await refused(place, 'csv', `${head}a,"[1]"\n`, /line 2: .*another number of fields/);
  await refused(place, 'csv', `${head}\na,"[1]","{}\n`, /line 3: a field in quotes has no end/);
  await refused(place, 'csv', `${head}a,"[1]"x,{}\n`, /line 2: there is text behind the quotes/);
  await refused(place, 'csv', `${head}a,"[1,null]",{}\n`, /line 2: number 1 of the vector is none/);
  await refused(place, 'csv', `${head}a,[1],nothing\n`, /line 2, metadata: this is no JSON/);
  await refused(place, 'csv', Buffer.from([0x69, 0xff]), /not UTF-8/);
}

async function jsonl(context) {
  const place = await workplace(context);
  // Every float32 comes back as it is, whatever its bits.
  const bits = Uint32Array.from({ length: 4000 }, (_, i) => Math.imul(i + 1, 2_654_435_761));
  const floats = [...new Float32Array(bits.buffer)].filter(
    (value) => Number.isFinite(value) && Math.abs(value) < 1e15,
  );
  floats.push(-0, 0, 2 ** -149, 16_777_217, 0.1, 1 / 3);
  const many = floats.map((value, i) => JSON.stringify({ id: String(i), vector: [1, value] }));
  many[floats.indexOf(0)] = `{"id":"${floats.indexOf(0)}","vector":[1,-0]}`;
  const { rows } = await through(place, 'floats', 'jsonl', many.join('\n'));
  assert.ok(rows.length > 2000);
  for (const { id, vector } of rows) assert.equal(Math.fround(vector[1]), Math.fround(floats[id]));
  assert.ok(Object.is(rows.find(({ id }) => id === String(floats.indexOf(0))).vector[1], -0));
  await refused(
    place,
    'jsonl',
    '{"id":"a","vector":[1]}\n{"id":"b"}\n',
    /^line 2: the vector must be an array/,
  );
  await refused(place, 'jsonl', '{"id":1,"vector":[1]}\n', /^line 1: the id must be a string/);
  await refused(place, 'jsonl', '{"id":"a","vector":[1],"text":"x"}\n', /there is no place for "text"/);
  await refused(place, 'jsonl', '{"id":"a","vector":[]}\n', /^line 1: the vector is empty/);
  await refused(place, 'jsonl', '', /has no rows/);
  // The batches before the wrong row stay, and are told.
  const text = Array.from(
    { length: 5 },
    (_, i) => `{"id":"${i}","vector":[1,${i === 4 ? '"x"' : i}]}\n`,
  ).join('');
  await refused(place, 'jsonl', text, /^line 5: .*; 4 rows before that were written and stay/, [
    '--batch',
    '2',
  ]);
  assert.equal(
    (await place.json(0, ['inspect', 'app'])).result.stats.collections.find((one) => one.name === 'refused')
      .rows,
    4,
  );
  await refused(place, 'jsonl', '{"id":"z","vector":[1,2,3]}\n', /line 1: the vector has another dimension/);
}

async function pinecone(context) {
  const place = await workplace(context);
  const records = [
    { id: 'a', values: [1, 2], metadata: { genre: 'x' } },
    { id: 'b', values: [3, 4] },
  ];
  const expected = [
    { id: 'a', vector: [1, 2], metadata: { genre: 'x' } },
    { id: 'b', vector: [3, 4], metadata: {} },
  ];
  const [a, b] = records;
  const shapes = {
    list: JSON.stringify(records, undefined, 2),
    lines: records.map((one) => JSON.stringify(one)).join('\n'),
    fetch: JSON.stringify({
      vectors: { a, b: { values: b.values } },
      namespace: 'ns',
      usage: { readUnits: 1 },
    }),
    upsert: JSON.stringify({ vectors: records, namespace: '' }),
  };
  for (const [name, text] of Object.entries(shapes))
    assert.deepEqual((await through(place, name, 'pinecone', text)).rows, expected, name);
  const sparse = JSON.stringify([{ ...a, sparseValues: { indices: [1], values: [0.5] } }, b]);
  await refused(place, 'pinecone', sparse, /record 0: there is no place for sparse values; --lossy/);
  const lossy = await through(place, 'sparse', 'pinecone', sparse, ['--lossy']);
  assert.deepEqual([lossy.rows, lossy.result.leftOut], [expected, { 'sparse values': 1 }]);
  await refused(place, 'pinecone', '[{"id":"a","values":[]}]', /there are no values/);
  const two =
    '{"namespace":"x","vectors":{"a":{"values":[1]}}}\n{"namespace":"y","vectors":{"a":{"values":[2]}}}\n';
  await refused(place, 'pinecone', two, /several namespaces/);
}

async function qdrant(context) {
  const place = await workplace(context);
  const uuid = '5c56c793-69f3-4fbf-87e6-c4bf54c28c26';
  const points = [
    { id: 7, vector: [1, 2], payload: { city: 'Bern' } },
    { id: uuid, vector: [3, 4], payload: null },
  ];
  const expected = [
    { id: uuid, vector: [3, 4], metadata: {} },
    { id: '7', vector: [1, 2], metadata: { city: 'Bern' } },
  ];
  const shapes = {
    scroll: JSON.stringify({ result: { points, next_page_offset: null }, status: 'ok', time: 0.1 }),
    pages: points.map((point) => JSON.stringify({ result: { points: [point] } })).join('\n'),
    retrieve: JSON.stringify({ result: points }, undefined, 1),
    lines: points.map((point) => JSON.stringify(point)).join('\n'),
  };
  for (const [name, text] of Object.entries(shapes))
    assert.deepEqual((await through(place, name, 'qdrant', text)).rows, expected, name);
  const named = JSON.stringify({
    points: points.map((point) => ({ ...point, vector: { text: point.vector, image: [9] } })),
  });
  await refused(place, 'qdrant', named, /the vectors have names: choose one with --vector NAME/);
  await refused(place, 'qdrant', named, /no place for the vector "image"; --lossy/, ['--vector', 'text']);
  const chosen = await through(place, 'named', 'qdrant', named, ['--vector', 'text', '--lossy']);
  assert.deepEqual([chosen.rows, chosen.result.leftOut], [expected, { 'the vector "image"': 2 }]);
  await refused(place, 'qdrant', '[{"id":1}]', /there is no vector: scroll with "with_vector": true/);
  await refused(place, 'qdrant', '[{"id":9007199254740993,"vector":[1]}]', /JavaScript rounds/);
  await refused(place, 'qdrant', '[{"id":1,"vector":[[1],[2]]}]', /several vectors of one name/);
}

async function chroma(context) {
  const place = await workplace(context);
  const answer = {
    ids: ['a', 'b', 'c'],
    embeddings: [
      [1, 2],
      [3, 4],
      [5, 6],
    ],
    documents: ['first', null, 'third'],
    metadatas: [{ page: 1 }, null, {}],
    uris: null,
    data: null,
    included: ['embeddings', 'documents', 'metadatas'],
  };
  const rows = (field) => [
    { id: 'a', vector: [1, 2], metadata: { page: 1, [field]: 'first' } },
    { id: 'b', vector: [3, 4], metadata: {} },
    { id: 'c', vector: [5, 6], metadata: { [field]: 'third' } },
  ];
  const text = JSON.stringify(answer, undefined, 2);
  assert.deepEqual((await through(place, 'plain', 'chroma', text)).rows, rows('document'));
  const field = ['--document-field', 'body'];
  assert.deepEqual((await through(place, 'body', 'chroma', text, field)).rows, rows('body'));
  await refused(place, 'chroma', text, /a key "page" already/, ['--document-field', 'page']);
  await refused(place, 'chroma', JSON.stringify({ ...answer, embeddings: null }), /there are no embeddings/);
  await refused(
    place,
    'chroma',
    JSON.stringify({ ...answer, embeddings: [[1, 2]] }),
    /embeddings is not as long as ids/,
  );
  await refused(place, 'chroma', JSON.stringify({ ids: [['a']] }), /the answer of a query/);
  const uris = JSON.stringify({ ...answer, uris: ['x', null, null] });
  await refused(place, 'chroma', uris, /row 0: there is no place for uris/);
  assert.deepEqual((await through(place, 'uris', 'chroma', uris, ['--lossy'])).result.leftOut, { uris: 1 });
}

export const cliFormatCases = {
  'command line: CSV there and back, and CSV of spreadsheets': csv,
  'command line: JSON Lines that are wrong are told by line': jsonl,
  'command line: what Pinecone gives': pinecone,
  'command line: what Qdrant gives': qdrant,
  'command line: what Chroma gives': chroma,
};
