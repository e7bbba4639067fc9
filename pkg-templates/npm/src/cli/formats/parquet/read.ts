/** Rows of a Parquet file, row group by row group and page by page. */

import type { Metadata } from '../../../index.node.js';
import type { Source } from '../../source.js';
import { parsed } from '../documents.js';
import { type IncomingRow, leaveOut, metadataOf, put, type ReadOptions, wrong } from '../row.js';
import { type Roles, rolesOf } from './columns.js';
import { type Cell, Cursor } from './cursor.js';
import { holding } from './damaged.js';
import { chunkOf, openParquet, type ParquetFile } from './file.js';
import { pagesOf } from './pages.js';
import { type Column, type Leaf, leavesOf, type Shape } from './schema.js';
import { type Convert, convertOf } from './values.js';

type Cells = ReadonlyMap<Leaf, Cell>;

export async function* readParquet(
  source: Source,
  options: ReadOptions,
): AsyncGenerator<IncomingRow, void, undefined> {
  const file = await openParquet(source);
  const roles = rolesOf(file.label, file.columns, options);
  const rows = new Rows(roles, options);
  let row = 0;
  for (const [i, group] of file.groups.entries()) {
    const count = Number(group.num_rows);
    if (count === 0) continue;
    const cursors = roles.leaves.map((leaf) => [leaf, cursorOf(file, i, leaf)] as const);
    const cells = new Map<Leaf, Cell>();
    for (let n = 0; n < count; n += 1) {
      for (const [leaf, cursor] of cursors) {
        if (!cursor.ready) await cursor.fill();
        cells.set(leaf, cursor.take());
      }
      const at = `row ${row}`;
      yield holding(`${file.label}, ${at}`, () => rows.row(cells, at));
      row += 1;
    }
    for (const [, cursor] of cursors) await cursor.finish();
  }
}

function cursorOf(file: ParquetFile, i: number, leaf: Leaf): Cursor {
  const where = `${file.label}, row group ${i}, column ${leaf.path}`;
  const group = file.groups[i];
  if (group === undefined) throw wrong(where, 'there is no such row group');
  const chunk = holding(where, () => chunkOf(file, group, leaf, where));
  return new Cursor(leaf, where, pagesOf(file, chunk, leaf, where));
}

/** Makes rows of what the leaves have. */
class Rows {
  readonly #roles: Roles;
  readonly #options: ReadOptions;
  readonly #converts = new Map<Leaf, Convert>();

  constructor(roles: Roles, options: ReadOptions) {
    this.#roles = roles;
    this.#options = options;
    for (const { name, shape } of [...roles.own, ...(roles.metadata === undefined ? [] : [roles.metadata])])
      for (const leaf of leavesOf(shape)) this.#converts.set(leaf, convertOf(name, leaf.element));
  }

  row(cells: Cells, at: string): IncomingRow {
    const { id, metadata, own } = this.#roles;
    const cell = cells.get(id.leaf);
    if (cell === undefined || cell.level !== id.leaf.full)
      throw wrong(at, 'there is no id', 'a string', 'null');
    const keys = metadata === undefined ? {} : this.#metadata(metadata, cells, at);
    for (const { name, shape } of own) {
      const value = this.#value(name, shape, cells, at);
      if (value !== undefined) put(keys, at, name, value);
    }
    return { id: id.text(cell.value, at), vector: this.#vector(cells, at), metadata: keys, at };
  }

  #vector(cells: Cells, at: string): number[] | Float32Array {
    const { leaf, name, number } = this.#roles.vector;
    const cell = cells.get(leaf);
    if (cell === undefined || cell.level < (leaf.list?.there ?? 0))
      throw wrong(at, `there is no vector in "${name}"`, 'numbers', 'null');
    const values = cell.value as ArrayLike<unknown>;
    if (values.length === 0) throw wrong(at, 'the vector is empty', 'numbers');
    if (values instanceof Float32Array) return values;
    return Array.from(values, (value, i) => {
      if (value !== undefined) return number(value);
      throw wrong(at, `number ${i} of the vector is none`, 'a number', 'null');
    });
  }

  /** A struct, or text that is a JSON object, as `export` writes it. */
  #metadata({ name, shape }: Column, cells: Cells, at: string): Metadata {
    const value = this.#value(name, shape, cells, at);
    // JSON that is told as such was read already.
    if (typeof value === 'string') return value === '' ? {} : metadataOf(at, parsed(`${at}, ${name}`, value));
    return metadataOf(at, value);
  }

  /** Nothing where it is null. */
  #value(name: string, shape: Shape, cells: Cells, at: string): unknown {
    if (shape.kind === 'none') return leaveOut(at, `${shape.what} ("${name}")`, this.#options);
    if (shape.kind === 'struct') return this.#struct(name, shape, cells, at);
    const { leaf } = shape;
    const cell = cells.get(leaf);
    const convert = this.#converts.get(leaf);
    if (cell === undefined || convert === undefined) return undefined;
    const one = (raw: unknown): unknown => convert(raw, at, this.#options);
    if (leaf.list === undefined) return cell.level === leaf.full ? one(cell.value) : undefined;
    if (cell.level < leaf.list.there) return undefined;
    // A place in a list stays one.
    return Array.from(cell.value as ArrayLike<unknown>, (raw) =>
      raw === undefined ? null : (one(raw) ?? null),
    );
  }

  #struct(name: string, shape: Shape & { kind: 'struct' }, cells: Cells, at: string): unknown {
    const [leaf] = leavesOf(shape);
    const level = leaf === undefined ? undefined : cells.get(leaf)?.level;
    if (level !== undefined && level < shape.there) return undefined;
    const struct: Metadata = {};
    for (const field of shape.fields) {
      const value = this.#value(`${name}.${field.name}`, field.shape, cells, at);
      if (value !== undefined) put(struct, at, field.name, value);
    }
    return struct;
  }
}
