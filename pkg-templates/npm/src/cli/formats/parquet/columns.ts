/** Which columns are the ids, the vectors and the metadata, and what else becomes a key of the metadata. */

import { LodestoreError } from '../../../index.node.js';
import type { ReadOptions } from '../row.js';
import { type Column, type Leaf, leavesOf } from './schema.js';
import { idConvertOf, numberConvertOf } from './values.js';

const ID = 'id';
const VECTORS = ['vector', 'embedding', 'embeddings', 'values'];
const METADATA = 'metadata';

export interface Roles {
  id: { leaf: Leaf; text: (raw: unknown, at: string) => string };
  vector: { name: string; leaf: Leaf; number: (raw: unknown) => number };
  /** Its keys are the metadata. */
  metadata: Column | undefined;
  /** Each is a key of the metadata. */
  own: readonly Column[];
  leaves: readonly Leaf[];
}

export function rolesOf(label: string, columns: readonly Column[], options: ReadOptions): Roles {
  const names = columns.map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw new LodestoreError('Invalid', `${label}: there are two columns "${twice}"`);
  const idColumn = named(label, columns, options.idColumn ?? ID, '--id-column', options.idColumn);
  const vectorColumn = named(
    label,
    columns,
    vectorName(label, columns, options),
    '--vector-column',
    options.vectorColumn,
  );
  const id = idOf(label, idColumn);
  const vector = vectorOf(label, vectorColumn);
  const rest = columns.filter((column) => column !== idColumn && column !== vectorColumn);
  const metadata = rest.find(({ name }) => name === METADATA);
  const own = rest.filter((column) => column !== metadata);
  const leaves = [id.leaf, vector.leaf, ...rest.flatMap(({ shape }) => leavesOf(shape))];
  return { id, vector, metadata, own, leaves };
}

function vectorName(label: string, columns: readonly Column[], options: ReadOptions): string {
  if (options.vectorColumn !== undefined) return options.vectorColumn;
  const [first, second] = VECTORS.filter((name) => columns.some((column) => column.name === name));
  if (second === undefined) return first ?? 'vector';
  throw new LodestoreError(
    'Invalid',
    `${label}: the columns "${first}" and "${second}" could both be the vectors: choose one with --vector-column`,
  );
}

function named(
  label: string,
  columns: readonly Column[],
  name: string,
  option: string,
  asked: string | undefined,
): Column {
  const column = columns.find((one) => one.name === name);
  if (column !== undefined) return column;
  const missing = asked === undefined ? `no column "${name}": name it with ${option}` : `no column "${name}"`;
  throw new LodestoreError('Invalid', `${label}: there is ${missing}`, {
    expected: option === '--id-column' ? ID : VECTORS.join(', '),
    got: columns.map((one) => one.name).join(', '),
  });
}

function idOf(label: string, { name, shape }: Column): Roles['id'] {
  const text = shape.kind === 'value' ? idConvertOf(shape.leaf.element) : undefined;
  if (shape.kind === 'value' && text !== undefined) return { leaf: shape.leaf, text };
  throw kindError(label, name, 'the ids must be strings or whole numbers', 'strings or whole numbers', shape);
}

function vectorOf(label: string, { name, shape }: Column): Roles['vector'] {
  const number = shape.kind === 'list' ? numberConvertOf(shape.leaf.element) : undefined;
  if (shape.kind === 'list' && number !== undefined) return { name, leaf: shape.leaf, number };
  throw kindError(label, name, 'the vectors must be lists of numbers', 'lists of numbers', shape);
}

function kindError(
  label: string,
  name: string,
  what: string,
  expected: string,
  shape: Column['shape'],
): LodestoreError {
  return new LodestoreError('Invalid', `${label}, column "${name}": ${what}`, {
    expected,
    got: kindText(shape),
  });
}

/** What a column has, for messages. */
function kindText(shape: Column['shape']): string {
  if (shape.kind === 'none') return shape.what;
  if (shape.kind === 'struct') return 'structs';
  const { type, logical_type: logical, converted_type: converted } = shape.leaf.element;
  const kind = logical?.type ?? converted ?? type ?? 'nothing';
  return shape.kind === 'list' ? `lists of ${kind}` : kind;
}
