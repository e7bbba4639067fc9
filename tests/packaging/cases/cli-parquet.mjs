// Parquet at the command line: there and back to the bit, what other programs write, and files that are wrong.
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { start, workplace } from '../command-line.mjs';

const FIXTURES = join(dirname(fileURLToPath(import.meta.url)), '../fixtures');
const ROWS = 50;

const fixture = (name) => join(FIXTURES, `${name}.parquet`);
const numbers = (i, dimension = 8) => Array.from({ length: dimension }, (_, j) => (i * 7 + j) / 8);
const byId = (a, b) => Buffer.compare(Buffer.from(a.id), Buffer.from(b.id));
const parsedLines = (text) =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

/** Imports a file into a collection, and gives its rows back as an export has them. */
async function through({ expect, json }, name, file, options = []) {
  const { result } = await json(0, ['import', 'app', name, file, ...options]);
  const { stdout } = await expect(0, ['export', 'app', name, '--format', 'jsonl']);
  return { rows: parsedLines(stdout), result };
}

async function refused({ json }, code, file, message, options = []) {
  const { error } = await json(1, ['import', 'app', 'refused', file, ...options]);
  assert.equal(error.code, code, error.message);
  assert.match(error.message, message);
  return error;
}

/** Rows with whatever metadata may hold, and floats of any bits. */
function oddRows(count) {
  const odd = [
    '{"__proto__":{"x":1},"constructor":"c"}',
    '{"":"","a.b":{"":[[],{}]}}',
    '{"text":"line\\r\\nbreak \\u0000 \\"quoted\\" 🛶","n":-1e-300}',
    '{"deep":[1,null,true,{"list":[1.5,"x"]}],"none":null}',
    '{"big":9007199254740991,"small":5e-324,"half":0.1}',
    '{}',
  ];
  const bits = Uint32Array.from({ length: count * 4 }, (_, i) => Math.imul(i + 1, 2_654_435_761));
  const floats = Float32Array.from(new Float32Array(bits.buffer), (value) =>
    Number.isFinite(value) && Math.abs(value) < 1e15 ? value : -0,
  );
  const ids = ['ünï', 'a,b', '\ttab\nline', 'кирилл', '🛶'];
  return Array.from({ length: count }, (_, i) => ({
    id: `${ids[i % ids.length]} ${i}`,
    // One is never 0, for the sake of cosine.
    vector: [1, ...floats.subarray(i * 4, i * 4 + 4)],
    metadata: odd[i % odd.length],
  })).sort(byId);
}

async function there(context) {
  const { at, expect, json } = await workplace(context);
  const rows = oddRows(5000);
  const number = (value) => (Object.is(value, -0) ? '-0' : String(value));
  const text = rows.map(
    ({ id, vector, metadata }) =>
      `{"id":${JSON.stringify(id)},"vector":[${vector.map(number)}],"metadata":${metadata}}\n`,
  );
  await writeFile(at('rows.jsonl'), text.join(''));
  await expect(0, ['import', 'app', 'one', 'rows.jsonl']);
  const told = await json(0, ['export', 'app', 'one', 'one.parquet']);
  const bytes = await readFile(at('one.parquet'));
  assert.deepEqual([told.result.format, told.result.rows], ['parquet', 5000]);
  assert.equal(told.result.bytes, bytes.length);
  assert.deepEqual([bytes.subarray(0, 4).toString(), bytes.subarray(-4).toString()], ['PAR1', 'PAR1']);
  const { result } = await json(0, ['import', 'app', 'two', 'one.parquet', '--batch', '700']);
  assert.deepEqual([result.rows, result.made, result.leftOut], [5000, true, {}]);
  const before = (await expect(0, ['export', 'app', 'one', '--format', 'jsonl'])).stdout;
  assert.equal((await expect(0, ['export', 'app', 'two', '--format', 'jsonl'])).stdout, before);
  await expect(0, ['export', 'app', 'two', 'two.parquet']);
  assert.deepEqual(await readFile(at('two.parquet')), bytes);

  // To the bit: what the file holds, read without the database.
  const { readParquet } = await import(
    pathToFileURL(join(context.installed, 'dist/cli/formats/parquet/read.js'))
  );
  const read = [];
  for await (const row of readParquet(sourceOf(bytes), optionsOf())) read.push(row);
  const bitsOf = (vector) => [...new Uint32Array(Float32Array.from(vector).buffer)];
  assert.equal(read.length, rows.length);
  for (const [i, { id, vector, metadata }] of read.entries()) {
    assert.equal(id, rows[i].id);
    assert.deepEqual(bitsOf(vector), bitsOf(rows[i].vector));
    assert.equal(JSON.stringify(metadata), rows[i].metadata);
  }

  // A file that is there stays, unless it is to be replaced; through a pipe; nothing to export.
  assert.match((await expect(1, ['export', 'app', 'one', 'one.parquet'])).stderr, /^lodestore: Conflict: /);
  await expect(0, ['export', 'app', 'one', 'one.parquet', '--force']);
  const program = join(context.installed, 'dist/cli/main.js');
  const pipe = '"$0" "$1" export app one --format parquet > piped.parquet';
  assert.equal((await start('bash', ['-c', pipe, process.execPath, program], { cwd: at('.') })).code, 0);
  assert.deepEqual(await readFile(at('piped.parquet')), bytes);
  const piped = await json(1, ['import', 'app', 'x', '-', '--format', 'parquet'], { input: bytes });
  assert.deepEqual([piped.error.code, piped.error.got], ['Invalid', 'a pipe']);
}

/** What the reader reads from, without a file. */
function sourceOf(bytes, seen = () => undefined) {
  const read = async (at, length) => {
    assert.ok(at >= 0 && length >= 0 && at + length <= bytes.length, `${at} + ${length}`);
    seen(length);
    return new Uint8Array(bytes.subarray(at, at + length));
  };
  return { label: 'memory', size: bytes.length, chunks: undefined, read };
}

function optionsOf() {
  return { lossy: false, documentField: 'document', leftOut: new Map() };
}

async function others(context) {
  const place = await workplace(context);
  const expected = (metadata, id = (i) => `row ${i}`) =>
    Array.from({ length: ROWS }, (_, i) => ({
      id: id(i),
      vector: numbers(i),
      metadata: metadata(i),
    })).sort(byId);
  for (const codec of ['none', 'snappy', 'gzip', 'brotli', 'zstd', 'lz4', 'split']) {
    const { rows } = await through(place, codec, fixture(`pyarrow-${codec}`));
    assert.deepEqual(
      rows,
      expected((i) => ({ n: i })),
      codec,
    );
  }
  for (const writer of ['pandas', 'polars', 'duckdb']) {
    const { rows } = await through(place, writer, fixture(writer));
    assert.deepEqual(
      rows,
      expected((i) => ({ n: i })),
      writer,
    );
  }

  const { rows } = await through(place, 'rich', fixture('pyarrow-rich'));
  const two = (n) => String(n).padStart(2, '0');
  const metadata = (i) => ({
    ...(i % 5 !== 0 && { text: `ünï ${i % 3}` }),
    ...(i % 7 !== 0 && { score: i / 4 }),
    n: i - 25,
    ...(i % 4 !== 3 && { flag: i % 2 === 0 }),
    when: `2024-02-29T12:00:${two(i)}.123456Z`,
    local: `2024-02-29T12:00:${two(i)}.123456000`,
    day: new Date((i - 1) * 86_400_000).toISOString().slice(0, 10),
    time: `23:59:${two(i)}.005000`,
    ...(i !== 1 && { tags: Array.from({ length: i % 3 }, (_, j) => `t${j}`) }),
    holes: [1, null, i],
    price: i / 100,
    small: i,
    wide: Number.MAX_SAFE_INTEGER - i,
    half: i / 2,
    kind: ['a', 'b'][i % 2],
    at: i % 2 === 1 ? { x: i } : { x: i, y: { deep: [i] } },
  });
  assert.deepEqual(rows, expected(metadata, String));

  await refused(place, 'Invalid', fixture('pyarrow-empty'), /has no rows/);
  const missing = await refused(
    place,
    'Invalid',
    fixture('pyarrow-odd'),
    /no column "id": name it with --id-column/,
  );
  assert.match(missing.got, /^key, a, big/);
  const named = ['--id-column', 'key', '--vector-column', 'a'];
  await refused(
    place,
    'Invalid',
    fixture('pyarrow-odd'),
    /no column "vector": name it with --vector-column/,
    ['--id-column', 'key'],
  );
  await refused(place, 'Invalid', fixture('pyarrow-odd'), /the ids must be strings or whole numbers/, [
    '--id-column',
    'infinite',
    '--vector-column',
    'a',
  ]);
  await refused(place, 'Invalid', fixture('pyarrow-odd'), /the vectors must be lists of numbers/, [
    '--id-column',
    'key',
    '--vector-column',
    'big',
  ]);
  await refused(
    place,
    'Invalid',
    fixture('pyarrow-odd'),
    /^row 0: there is no place for maps .*--lossy/,
    named,
  );
  const lossy = await through(place, 'odd', fixture('pyarrow-odd'), [...named, '--lossy']);
  assert.deepEqual(
    lossy.rows,
    [{ big: 1, infinite: 1.5 }, { bytes: 'plain' }, {}].map((metadata, i) => ({
      id: `k${i}`,
      vector: numbers(i),
      metadata,
    })),
  );
  assert.deepEqual(lossy.result.leftOut, {
    'whole numbers beyond 2^53, which JavaScript rounds ("big")': 2,
    'maps ("map")': 3,
    'binary data ("bytes")': 1,
    'lists of lists or of structs ("matrix")': 3,
    'infinity ("infinite")': 1,
  });
  await refused(place, 'Invalid', fixture('pyarrow-null'), /^row 0: there is no vector in "vector"/);
}

async function wrong(context) {
  const place = await workplace(context);
  const { at, expect, json } = place;
  const good = await readFile(fixture('pyarrow-gzip'));
  const file = async (bytes) => {
    await writeFile(at('bad.parquet'), bytes);
    return 'bad.parquet';
  };
  await refused(place, 'Invalid', await file('id,vector\n'), /this is no Parquet file/);
  await refused(place, 'Invalid', await file(''), /this is no Parquet file/);
  await refused(place, 'Invalid', await file(`PARE${'x'.repeat(100)}PARE`), /the file is encrypted/);
  for (const length of [4, 11, 12, 100, good.length >> 1, good.length - 1])
    await refused(place, 'Corrupt', await file(good.subarray(0, length)), /damaged or cut short/);
  // Without its middle the end is as it was.
  const cut = Buffer.concat([good.subarray(0, 200), good.subarray(260)]);
  await refused(place, 'Corrupt', await file(cut), /damaged or cut short/);
  // Its checksums are looked at where there are such.
  const summed = await readFile(fixture('pyarrow-split'));
  for (const byte of [100, 500, 700]) {
    const flipped = Buffer.from(summed);
    flipped[byte] ^= 1;
    await refused(place, 'Corrupt', await file(flipped), /the checksum of a page is another/);
  }
  // Nothing was opened for any of these.
  assert.equal((await json(1, ['inspect', 'app'])).error.code, 'Invalid');

  // What came before the damage stays, and is told: it is in the metadata of the last row group.
  const rows = Array.from(
    { length: 40_000 },
    (_, i) => `{"id":"${String(i).padStart(5, '0')}","vector":[1,${i}]}\n`,
  );
  await writeFile(at('many.jsonl'), rows.join(''));
  await expect(0, ['import', 'app', 'many', 'many.jsonl']);
  await expect(0, ['export', 'app', 'many', 'many.parquet']);
  const many = await readFile(at('many.parquet'));
  const footer = many.length - 8 - many.readUInt32LE(many.length - 8);
  many.fill(0, footer - 20, footer);
  const error = await refused(
    place,
    'Corrupt',
    await file(many),
    /row group 2, .*; \d+ rows before that were written and stay/,
  );
  assert.equal(/(\d+) rows before/.exec(error.message)[1], '32000');
  const { stats } = (await json(0, ['inspect', 'app'])).result;
  assert.equal(stats.collections.find(({ name }) => name === 'refused').rows, 32_000);
}

/** Bytes that are others, anywhere: rows or a LodestoreError, and never a hang or a heap that is full. */
async function hostile(context) {
  const { readParquet } = await import(
    pathToFileURL(join(context.installed, 'dist/cli/formats/parquet/read.js'))
  );
  let seed = 1;
  const random = (below) => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((seed / 2 ** 32) * below);
  };
  const told = { rows: 0, refused: 0 };
  for (const name of ['rich', 'snappy', 'gzip', 'brotli', 'zstd', 'lz4', 'split', 'none']) {
    const good = await readFile(fixture(`pyarrow-${name}`));
    for (let run = 0; run < 250; run += 1) {
      const bad = Buffer.from(good);
      // Half of them in the footer, which says where everything is.
      const from = run % 2 === 0 ? 0 : bad.length - 8 - bad.readUInt32LE(bad.length - 8);
      for (let n = 0; n <= run % 3; n += 1) bad[from + random(bad.length - from)] = random(256);
      const cut = run % 10 === 9 ? bad.subarray(0, random(bad.length)) : bad;
      try {
        const options = {
          ...optionsOf(),
          lossy: true,
          vectorColumn: name === 'rich' ? 'embedding' : 'vector',
        };
        for await (const row of readParquet(sourceOf(cut), options)) assert.equal(typeof row.id, 'string');
        told.rows += 1;
      } catch (error) {
        assert.equal(error.name, 'LodestoreError', error.stack);
        assert.match(error.code, /^(Corrupt|Invalid)$/, error.message);
        told.refused += 1;
      }
    }
  }
  assert.ok(told.rows > 100 && told.refused > 500, JSON.stringify(told));
}

/** One row group of many pages: read as it is asked for, not as a whole. */
async function streams(context) {
  const folder = join(context.installed, 'dist/cli/formats/parquet');
  const { readParquet } = await import(pathToFileURL(join(folder, 'read.js')));
  const { ByteWriter, ParquetWriter } = await import(pathToFileURL(join(folder, 'library.js')));
  const [rows, dimension] = [4000, 512];
  const writer = new ByteWriter();
  const schema = [
    { name: 'root', num_children: 2 },
    { name: 'id', type: 'BYTE_ARRAY', repetition_type: 'OPTIONAL', converted_type: 'UTF8' },
    { name: 'values', repetition_type: 'OPTIONAL', num_children: 1, converted_type: 'LIST' },
    { name: 'bag', repetition_type: 'REPEATED', num_children: 1 },
    { name: 'item', type: 'FLOAT', repetition_type: 'OPTIONAL' },
  ];
  const parquet = new ParquetWriter({ writer, schema, codec: 'UNCOMPRESSED' });
  const columnData = [
    { name: 'id', data: Array.from({ length: rows }, (_, i) => `id ${i}`) },
    {
      name: 'values',
      data: Array.from({ length: rows }, (_, i) => numbers(i, dimension)),
      encoding: 'PLAIN',
    },
  ];
  await parquet.write({ columnData, rowGroupSize: rows, pageSize: 100_000 });
  await parquet.finish();
  const bytes = Buffer.from(writer.getBytes());
  let [read, longest, seen] = [0, 0, 0];
  const source = sourceOf(bytes, (length) => {
    read += length;
    longest = Math.max(longest, length);
  });
  for await (const { id, vector } of readParquet(source, optionsOf())) {
    assert.equal(id, `id ${seen}`);
    assert.deepEqual(Array.from(vector), numbers(seen, dimension));
    seen += 1;
    if (seen === rows / 2)
      assert.ok(read < bytes.length * 0.7, `${read} of ${bytes.length} for half the rows`);
  }
  assert.equal(seen, rows);
  assert.ok(longest < bytes.length / 20, `${longest} bytes of ${bytes.length} at once`);
}

/** What is bundled is for the command line alone, and its licences are there. */
async function bundled({ installed }) {
  const notices = await readFile(join(installed, 'LICENSES-BUNDLED'), 'utf8');
  const library = await readFile(join(installed, 'dist/cli/formats/parquet/library.js'), 'utf8');
  for (const name of ['hyparquet', 'hyparquet-writer'])
    assert.match(notices, new RegExp(`^${name}\n-+\n`, 'm'));
  const packages = new Set(
    [...library.matchAll(/^\/\/ node_modules\/([^/\n]+)\//gm)].map(([, name]) => name),
  );
  assert.ok(packages.size >= 2);
  for (const name of packages) assert.match(notices, new RegExp(`^${name}\n-+\n`, 'm'));
  assert.ok(!/\bfrom\s*['"]hyparquet/.test(library), 'it asks for a package');
}

export const cliParquetCases = {
  'command line: Parquet there and back, to the bit': there,
  'command line: Parquet of other programs': others,
  'command line: Parquet that is damaged or something else': wrong,
  'command line: Parquet with any bytes is rows or a typed error': hostile,
  'command line: Parquet is read page by page': streams,
  'package: what is bundled comes with its licences': bundled,
};
