/** `lodestore import`. */

import { type Collection, type CollectionConfig, type Database, LodestoreError } from '../../index.node.js';
import { batches } from '../batches.js';
import { type Call, type Command, DATABASE_OPTIONS, NAME, type Outcome } from '../command.js';
import { CONFIG_OPTIONS, configOf, MODEL_OPTION } from '../config-options.js';
import { formatOf, type IncomingRow, type ReadOptions, READERS, type RowReader } from '../formats/index.js';
import { argument } from '../options.js';
import { withDatabase } from '../place.js';
import { withSource } from '../source.js';
import { count, durationText } from '../text.js';
import { UsageError } from '../usage-error.js';

const BATCH_DEFAULT = 1000;
const FORMATS = Object.keys(READERS);

export const importRows: Command = {
  name: 'import',
  summary: 'read rows of a file, or of what another store gives, into a collection',
  description: [
    'Writes the rows of FILE into the collection, batch by batch; a row whose id is there already is replaced. Database and collection are made where they are not there, with the dimension of the first row and what --metric, --index and so on say. A collection that is there must agree with them (Mismatch).',
    'A row that is wrong ends the import with the place where it stands. The batches before it stay, and the message says how many rows that is: importing the same file again once it is right does no harm.',
    'jsonl and csv: what export writes. Columns of a CSV other than id, vector and metadata become strings in the metadata; empty fields are left out.',
    'parquet: what export writes, and tables of other programs. The ids are the column id, strings or whole numbers, or the one that --id-column names; the vectors are the column vector, embedding, embeddings or values, a list of numbers, or the one that --vector-column names. A column metadata that is JSON text or a struct is the metadata; every other column becomes a key of it: numbers, strings, booleans, lists and structs of them as they are; dates, times and timestamps as ISO text with as many digits as their unit has, and Z where they are UTC; nulls and NaN are left out, and stay null inside lists. Whole numbers beyond 2^53, infinities, binary data, maps and lists of lists have no place: refused, or left out with --lossy. Pages may be compressed with snappy, gzip, brotli, zstd or lz4. The file is read page by page and must be one with positions: no pipe. One that is damaged or cut short ends the import with Corrupt.',
    'pinecone: what fetch and query with values give, an array of {id, values, metadata}, or such objects one a line. qdrant: what scroll with "with_vector": true and retrieve give, or points one a line; ids that are numbers become text, the payload becomes the metadata. chroma: collection.get(include=["embeddings", "documents", "metadatas"]) as JSON; documents go into the metadata. A file of one object a line is read as a stream; a single JSON value is held in memory, 500,000,000 characters at most.',
    'Sparse values, further named vectors, uris and data have no place in Lodestore: such a row is refused unless --lossy is given, which leaves them out and says how many.',
    'A collection that is made has, where nothing else is said, metric cosine, index auto, quantization int8 (none with index flat), memory full, m 16, ef-construction 200, ef 64 and seed 1; oversample is by the quantization.',
    'The graph is built in the background of the next program that opens the database, or by optimize.',
  ],
  args: [
    NAME,
    { name: 'COLLECTION', text: 'Name of the collection.' },
    { name: 'FILE', text: 'The file to read; - is stdin (not with parquet).', complete: 'file' },
  ],
  options: {
    ...DATABASE_OPTIONS,
    format: {
      value: 'FORMAT',
      words: FORMATS,
      text: 'Default by the ending of FILE (.jsonl, .ndjson, .csv, .parquet).',
    },
    batch: { value: 'N', text: `Rows in one durable write, 1 to 100000. Default ${BATCH_DEFAULT}.` },
    vector: { value: 'NAME', text: 'Which of several named vectors to take (qdrant).' },
    'id-column': { value: 'NAME', text: 'Which column the ids are (parquet). Default id.' },
    'vector-column': {
      value: 'NAME',
      text: 'Which column the vectors are (parquet). Default the one that is there of vector, embedding, embeddings, values.',
    },
    'document-field': { value: 'KEY', text: 'Key of the metadata for documents (chroma). Default document.' },
    lossy: { text: 'Leave out what has no place in Lodestore rather than refuse the row.' },
    ...CONFIG_OPTIONS,
    ...MODEL_OPTION,
  },
  examples: [
    ['lodestore import notes words words.jsonl --metric cosine --model all-MiniLM-L6-v2@1', 'a file of rows'],
    ['gunzip -c words.csv.gz | lodestore import notes words - --format csv', 'through a pipe'],
    [
      'lodestore import notes words train.parquet --id-column key --vector-column emb',
      'a table of another program',
    ],
    ['lodestore import notes points scroll.json --format qdrant --vector text', 'from Qdrant'],
  ],
  failure:
    'a row is wrong, the file is damaged (Corrupt), the collection is another (Mismatch), or there is no room (Quota)',
  run: async (call) => {
    const [name, of, file] = [argument(call.args, 0), argument(call.args, 1), argument(call.args, 2)];
    const reader = readerOf(formatOf(call.options.text('format'), file, FORMATS));
    const config = configOf(call.options);
    const most = call.options.integer('batch', 1, 100_000) ?? BATCH_DEFAULT;
    const options: ReadOptions = {
      lossy: call.options.flag('lossy'),
      vector: call.options.text('vector'),
      idColumn: call.options.text('id-column'),
      vectorColumn: call.options.text('vector-column'),
      documentField: call.options.text('document-field') ?? 'document',
      leftOut: new Map(),
    };
    const started = performance.now();
    return withSource(call, file, async (source) => {
      const groups = batches(reader(source, options), most);
      // Read before anything is opened: a file that is wrong from the start must not leave a database behind.
      const first = await groups.next();
      if (first.done === true) throw new LodestoreError('Invalid', `${source.label} has no rows`);
      return withDatabase(call, name, { make: true }, async (db) => {
        const target = await targetOf(db, of, config, first.value);
        const rows = await write(call, target.collection, first.value, groups);
        return outcome(target, rows, options, Math.round(performance.now() - started));
      });
    });
  },
};

function readerOf(format: string): RowReader {
  const reader = READERS[format];
  if (reader === undefined) throw new UsageError(`there is no format "${format}"`);
  return reader;
}

interface Target {
  collection: Collection;
  made: boolean;
}

async function targetOf(
  db: Database,
  name: string,
  config: Partial<CollectionConfig>,
  rows: readonly IncomingRow[],
): Promise<Target> {
  const known = (await db.collections()).find((one) => one.name === name);
  const dimension = known?.dimension ?? rows[0]?.vector.length ?? 0;
  // Looked at before the collection is made, which would then stay.
  checkDimension(rows, dimension);
  const collection = await db.collection(name, { dimension, ...config });
  return { collection, made: known === undefined };
}

function checkDimension(rows: readonly IncomingRow[], dimension: number): void {
  const other = rows.find((row) => row.vector.length !== dimension);
  if (other === undefined) return;
  const details = { expected: `${dimension} numbers`, got: String(other.vector.length) };
  throw new LodestoreError(
    'Invalid',
    `${other.at}: the vector has another dimension than the collection`,
    details,
  );
}

async function write(
  call: Call,
  collection: Collection,
  first: IncomingRow[],
  rest: AsyncGenerator<IncomingRow[]>,
): Promise<number> {
  let written = 0;
  const put = async (rows: IncomingRow[]): Promise<void> => {
    call.signal.throwIfAborted();
    checkDimension(rows, collection.dimension);
    await collection
      .upsert(rows.map(({ id, vector, metadata }) => ({ id, vector, metadata })))
      .catch((error: unknown) => {
        throw placed(error, `${rows[0]?.at ?? ''} to ${rows.at(-1)?.at ?? ''}`);
      });
    written += rows.length;
  };
  try {
    await put(first);
    for await (const rows of rest) await put(rows);
    return written;
  } catch (error) {
    throw placed(error, undefined, `${count(written, 'row')} before that were written and stay`);
  }
}

/** The same error, with where it came from and what was done before. */
function placed(error: unknown, where?: string, done?: string): unknown {
  if (!(error instanceof LodestoreError)) return error;
  const { code, message, expected, got } = error;
  const told = `${where === undefined ? '' : `${where}: `}${message}${done === undefined ? '' : `; ${done}`}`;
  return new LodestoreError(code, told, { expected, got, cause: error });
}

async function outcome(
  { collection, made }: Target,
  rows: number,
  options: ReadOptions,
  ms: number,
): Promise<Outcome> {
  const info = await collection.stats();
  const leftOut = Object.fromEntries(options.leftOut);
  const lines = [
    `${collection.name}: ${count(rows, 'row')} read, ${count(info.rows, 'row')} of ${info.dimension} numbers in the collection, ${durationText(ms)}`,
    ...[...options.leftOut].map(([what, n]) => `left out: ${what} of ${count(n, 'row')}`),
  ];
  return { ok: true, result: { rows, made, leftOut, collection: info, ms }, lines };
}
