/** Rows as they were beside rows as they are, and making these those. */

import type { Collection } from './collection.js';
import { mismatch } from './fault.js';
import { type Target, targetJson } from './target.js';
import type { Metadata, Row } from './types.js';

/** Which rows: as for `update` and `delete`. A filter names those that matched then. */
export type RowScope = Target;

/** A row that is not what it was. */
export interface RowChange {
  id: string;
  /** `changed` since; `deleted` since, so that restoring brings it back; or `added` since, so that restoring deletes it. */
  change: 'changed' | 'deleted' | 'added';
  /** As it was, with its vector. */
  then?: Row;
  /** As it is, with its vector. */
  now?: Row;
}

export interface RestoreResult {
  /** Rows that were written as they were then. */
  written: number;
  /** Rows that were deleted, because they were not there then. */
  deleted: number;
  /** The last write; that of before where nothing had to be written. */
  seq: number;
}

/** Rows of a page, and of one write. */
const PAGE = 1_000;
const WITH_VECTORS = { returnVectors: true } as const;

/** Rows of then, page by page; by id also those that were not there. */
async function* rowsOf(
  then: Collection,
  scope: RowScope | undefined,
): AsyncGenerator<[string, Row | undefined][]> {
  const ids = idsOf(scope);
  if (ids !== undefined) {
    for (let at = 0; at < ids.length; at += PAGE) {
      const some = ids.slice(at, at + PAGE);
      const rows = await then.get(some, WITH_VECTORS);
      yield some.map((id, i) => [id, rows[i]]);
    }
    return;
  }
  const filter = scope === undefined ? {} : { filter: (scope as { filter: Metadata }).filter };
  let cursor: string | undefined;
  do {
    const page = await then.list({
      ...WITH_VECTORS,
      ...filter,
      limit: PAGE,
      ...(cursor !== undefined && { cursor }),
    });
    yield page.rows.map((row) => [row.id, row]);
    cursor = page.cursor;
  } while (cursor !== undefined);
}

function idsOf(scope: RowScope | undefined): string[] | undefined {
  if (typeof scope === 'string') return [scope];
  if (Array.isArray(scope)) return [...new Set(scope as readonly string[])];
  const { ids } = (scope ?? {}) as { ids?: readonly string[] };
  return ids === undefined ? undefined : [...new Set(ids)];
}

/** Changes, page by page. */
async function* changesOf(
  then: Collection,
  now: Collection,
  scope: RowScope | undefined,
): AsyncGenerator<RowChange[]> {
  if (scope !== undefined) targetJson('the scope', scope);
  for (const [what, was, is] of [
    ['dimension', then.dimension, now.dimension],
    ['metric', then.metric, now.metric],
    ['model', JSON.stringify(then.model), JSON.stringify(now.model)],
  ] as const) {
    if (was !== is)
      throw mismatch(`the collection "${now.name}" had another ${what} then`, `${is}`, `${was}`);
  }
  for await (const page of rowsOf(then, scope)) {
    const rows =
      page.length === 0
        ? []
        : await now.get(
            page.map(([id]) => id),
            WITH_VECTORS,
          );
    yield page.flatMap(([id, was], i): RowChange[] => {
      const is = rows[i];
      if (was === undefined) return is === undefined ? [] : [{ id, change: 'added', now: is }];
      if (is === undefined) return [{ id, change: 'deleted', then: was }];
      return isSame(was, is) ? [] : [{ id, change: 'changed', then: was, now: is }];
    });
  }
}

function isSame(was: Row, is: Row): boolean {
  if (was.seq === is.seq) return true;
  if (JSON.stringify(was.metadata) !== JSON.stringify(is.metadata)) return false;
  return was.vector?.every((number, i) => Object.is(number, is.vector?.[i])) ?? true;
}

export async function diffRows(
  then: Collection,
  now: Collection,
  scope: RowScope | undefined,
): Promise<RowChange[]> {
  const all: RowChange[] = [];
  for await (const changes of changesOf(then, now, scope)) all.push(...changes);
  return all;
}

export async function restoreRows(
  then: Collection,
  now: Collection,
  scope: RowScope | undefined,
): Promise<RestoreResult> {
  const result: RestoreResult = { written: 0, deleted: 0, seq: 0 };
  for await (const changes of changesOf(then, now, scope)) {
    const back = changes.flatMap((one) => (one.then === undefined ? [] : [one.then]));
    if (back.length > 0) {
      const rows = back.map(({ id, metadata, vector = new Float32Array() }) => ({ id, metadata, vector }));
      const { count, seq } = await now.upsert(rows);
      result.written += count;
      result.seq = seq;
    }
    const added = changes.filter(({ change }) => change === 'added').map(({ id }) => id);
    if (added.length > 0) {
      const { count, seq } = await now.delete(added);
      result.deleted += count;
      result.seq = seq;
    }
  }
  // Nothing had to be written: a delete of nothing says where the database is.
  if (result.seq === 0) result.seq = (await now.delete([])).seq;
  return result;
}
