/** The change feed: who listens, and what a call changed. */

import type { Engine, EngineMethod } from './engine.js';
import type { WriteResult } from './types.js';

/** A change that was committed, by whichever tab or worker. */
export interface Change {
  /** The collection; null where it is about all of them. */
  collection: string | null;
  /**
   * What was done. `'unknown'`: the tab that ran the database went away before it told of its last changes; anything
   * up to `seq` may have changed.
   */
  op: 'upsert' | 'update' | 'delete' | 'drop' | 'rebuild' | 'import' | 'restore' | 'unknown';
  /** Sequence number of the last write that it covers. */
  seq: number;
  /** The rows, where they are few. */
  ids?: string[];
  /** Present instead of `ids` where they are many or not known. */
  many?: true;
}

export type ChangeListener = (change: Change) => void;

/** More ids than these are not listed. */
const IDS_MAX = 100;
/** Longer JSON is not looked at: an id has 512 bytes at most. */
const IDS_JSON_MAX = 64 * 1024;

export class Changes {
  readonly #listeners = new Set<ChangeListener>();
  readonly #ofShape = new Set<ChangeListener>();
  readonly #ofNumbers: ((seq: number) => void)[] = [];
  /** The newest write that was told of. */
  #seq = 0;

  get seq(): number {
    return this.#seq;
  }

  /** Returns what ends it. */
  on(listener: ChangeListener): () => void {
    // One of its own for each call, so that a function that listens twice is two listeners.
    const own: ChangeListener = (change) => listener(change);
    this.#listeners.add(own);
    return () => void this.#listeners.delete(own);
  }

  /** Whether somebody listens to changes of rows. */
  get isHeard(): boolean {
    return this.#listeners.size > 0;
  }

  /** Rows were changed, and nobody is there to be told. */
  untold(seq: number): void {
    this.#reach(seq);
  }

  /** Calls `listener` with the number of every write. */
  onNumber(listener: (seq: number) => void): void {
    this.#ofNumbers.push(listener);
  }

  /** Calls `listener` after changes of more than rows, and perhaps of those as well. */
  onShape(listener: ChangeListener): void {
    this.#ofShape.add(listener);
  }

  tell(change: Change): void {
    this.#reach(change.seq);
    for (const listener of [...this.#ofShape, ...this.#listeners]) {
      try {
        // One of its own for each, to keep or to change.
        listener({ ...change, ...(change.ids && { ids: [...change.ids] }) });
      } catch (error) {
        // What a listener throws is its own affair, and must not look like a failure of the write.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }

  /** The database is at `seq`: what was not told of until there is told as unknown, once. */
  catchUp(seq: number, first: boolean): void {
    if (seq <= this.#seq) return;
    if (first) this.#seq = seq;
    else this.tell({ collection: null, op: 'unknown', seq, many: true });
  }

  #reach(seq: number): void {
    this.#seq = Math.max(this.#seq, seq);
    for (const listener of this.#ofNumbers) listener(seq);
  }
}

const OPS: Readonly<Record<string, Change['op']>> = {
  upsert: 'upsert',
  updateMetadata: 'update',
  delete: 'delete',
  dropCollection: 'drop',
};

/** The sequence number in the answer to a write. */
export function seqOf(method: string, result: unknown): number | undefined {
  return Object.hasOwn(OPS, method) ? (result as WriteResult).seq : undefined;
}

/** Whether it is one row, or some, that a call can have changed: what a collection is stays as it was. */
export function isOfRows(method: string): boolean {
  return method === 'upsert' || method === 'updateMetadata' || method === 'delete';
}

/** What a call changed, if anything. `seq` is that of the last write that is known, for calls that do not say it. */
export function changeOf(method: string, args: unknown[], result: unknown, seq: number): Change | undefined {
  const op = Object.hasOwn(OPS, method) ? OPS[method] : undefined;
  const collection = String(args[0]);
  if (op !== undefined) {
    const written = result as WriteResult;
    if (written.count === 0 && op !== 'drop') return undefined;
    return { collection, op, seq: written.seq, ...rows(op, String(args[1])) };
  }
  if (method === 'importFinish') return { collection: null, op: 'import', seq, many: true };
  if (method === 'pastRestore' || method === 'stageCommit')
    return { collection: null, op: 'restore', seq, many: true };
  if (method === 'rebuildStart' && result === undefined)
    return { collection, op: 'rebuild', seq, many: true };
  if (method === 'rebuildCommit' && result !== undefined) {
    return { collection: null, op: 'rebuild', seq, many: true };
  }
  return undefined;
}

function rows(op: Change['op'], json: string): Pick<Change, 'ids' | 'many'> {
  if (op === 'drop' || json.length > IDS_JSON_MAX) return { many: true };
  const parsed = JSON.parse(json) as string[] | { ids?: string[] };
  const ids = Array.isArray(parsed) ? parsed : parsed.ids;
  if (ids === undefined || ids.length > IDS_MAX) return { many: true };
  return { ids: [...new Set(ids)] };
}

const CHANGING: readonly EngineMethod[] = [
  'upsert',
  'updateMetadata',
  'delete',
  'dropCollection',
  'rebuildStart',
  'rebuildCommit',
  'importFinish',
  'pastRestore',
  'stageCommit',
];

/** What a call that was answered changed; asks for the number of the last write where the answer does not say it. */
export async function noted(
  engine: Engine,
  method: string,
  args: unknown[],
  result: unknown,
): Promise<Change | undefined> {
  const change = changeOf(method, args, result, 0);
  if (change?.seq !== 0) return change;
  // Closed in the same moment: the change was made all the same.
  const ask = async () => engine.lastWrite();
  const seq = await ask().catch(() => 0);
  return { ...change, seq };
}

/** An engine that nobody shares, with `changes` told of what is done through it. */
export function observed(engine: Engine, changes: Changes): Engine {
  // Set on the engine itself: a wrapper around all of it would cost every query.
  for (const method of CHANGING) {
    const of: unknown = method in engine ? engine : engine.archives;
    const methods = of as Record<string, (...args: unknown[]) => Promise<unknown>>;
    const run = methods[method]?.bind(of);
    if (run === undefined) continue;
    const tell = (change: Change | undefined) => void (change !== undefined && changes.tell(change));
    methods[method] = isOfRows(method)
      ? (...args) => {
          const answer = run(...args);
          // Told before the caller goes on, and not on its way: a write of one row waits for every turn of the queue.
          const done = (result: unknown) =>
            changes.isHeard
              ? tell(changeOf(method, args, result, 0))
              : changes.untold((result as WriteResult).seq);
          answer.then(done, () => undefined);
          return answer;
        }
      : async (...args) => {
          const result = await run(...args);
          tell(await noted(engine, method, args, result));
          return result;
        };
  }
  return engine;
}
