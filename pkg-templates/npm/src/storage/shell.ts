/**
 * What every adapter shares: arguments are checked, bytes are copied, changes go one after another, close ends
 * everything, and whatever the host throws becomes a `LodestoreError`. An adapter is then only a `Backend`.
 */

import { LodestoreError, toLodestoreError } from '../errors.js';
import type { FileInfo, RoomEstimate, StorageObject } from '../types.js';
import { checkFileName } from './names.js';

/** A file being made. Nobody sees it before `commit`. */
export interface Draft {
  /** The bytes belong to the draft. */
  write(bytes: Uint8Array): Promise<void>;
  /** Makes the file visible and durable; `Conflict` when the name exists by now. Called inside the queue. */
  commit(): Promise<void>;
  /** Frees what the draft holds; does nothing after `commit` or a second time. */
  discard(): Promise<void>;
}

/** One host's way of keeping files. Names and numbers arrive checked, bytes arrive copied. */
export interface Backend {
  readonly kind: string;
  list(): Promise<FileInfo[]>;
  read(name: string, start: number, end: number): Promise<Uint8Array>;
  /** `Conflict` when the name exists. */
  begin(name: string): Promise<Draft>;
  append(name: string, at: number, bytes: Uint8Array): Promise<void>;
  remove(name: string): Promise<void>;
  /** Where the host can read without waiting: fills `target`, or throws `outOfRange`. */
  readInto?(name: string, at: number, target: Uint8Array): void;
  /** Where the host can append without waiting: true when that is done, false where this time it has to be waited for. */
  appendNow?(name: string, at: number, bytes: Uint8Array): boolean;
  /** Where the host can say how much room there is. */
  estimate?(): Promise<RoomEstimate>;
  /** Called once, when nothing is under way. Must free everything even if part of that fails. */
  close(): Promise<void>;
}

/** What the factories return: `kind` and `close` are always there. */
export interface OpenStorage extends StorageObject {
  readonly kind: string;
  close(): Promise<void>;
}

export class Shell implements OpenStorage {
  readonly kind: string;
  /** Bytes that come in belong to the caller, who may change them. The store gives its own away. */
  keepsBytes = false;
  /** There where the backend has it, so that a caller can ask. */
  readonly readInto?: (name: string, at: number, target: Uint8Array) => number;
  readonly estimate?: () => Promise<RoomEstimate>;
  readonly #backend: Backend;
  readonly #label: string;
  readonly #drafts = new Set<Draft>();
  readonly #underWay = new Set<Promise<unknown>>();
  #tail: Promise<unknown> = Promise.resolve();
  /** Changes that are queued or under way. */
  #queue = 0;
  #closed: string | undefined;
  #closing: Promise<void> | undefined;

  /** `label` names the storage in messages. */
  constructor(backend: Backend, label: string) {
    this.kind = backend.kind;
    this.#backend = backend;
    this.#label = label;
    if (backend.readInto !== undefined) {
      this.readInto = (name, at, target) => this.#readInto(name, at, target);
    }
    const estimate = backend.estimate?.bind(backend);
    if (estimate !== undefined) this.estimate = () => this.#run('estimate', estimate);
  }

  list(): Promise<FileInfo[]> {
    // In the queue, so that a listing never shows a change that is half done.
    return this.#queued('list', () => this.#backend.list());
  }

  async read(name: string, start: number, end: number): Promise<Uint8Array> {
    checkFileName(name);
    const fits = Number.isSafeInteger(start) && Number.isSafeInteger(end) && 0 <= start && start <= end;
    if (!fits) {
      throw new LodestoreError('Invalid', `read of ${name}: not a range`, {
        expected: '0 <= start <= end, whole numbers',
        got: `${String(start)}..${String(end)}`,
      });
    }
    return this.#run(`read of ${name}`, () => this.#backend.read(name, start, end));
  }

  #readInto(name: string, at: number, target: Uint8Array): number {
    checkFileName(name);
    this.#alive();
    const doing = `read of ${name}`;
    if (!Number.isSafeInteger(at) || at < 0) throw noOffset(doing, at);
    if (!(target instanceof Uint8Array)) throw noBytes(doing, target);
    try {
      this.#backend.readInto?.(name, at, target);
    } catch (error) {
      throw toLodestoreError(error, doing);
    }
    return target.length;
  }

  async create(name: string, chunks: AsyncIterable<Uint8Array>): Promise<void> {
    checkFileName(name);
    const doing = `create of ${name}`;
    const draft = await this.#queued(doing, () => this.#backend.begin(name));
    this.#drafts.add(draft);
    try {
      // Only the host's failures are translated: what the source throws is the caller's own and passes as it is.
      for await (const chunk of chunks) {
        const bytes = this.#own(chunk, doing);
        if (bytes.length > 0) await this.#run(doing, () => draft.write(bytes));
      }
      await this.#queued(doing, () => draft.commit());
    } catch (error) {
      // The first failure is the one to tell; what cannot be freed now is swept at the next open.
      await this.#settle(() => draft.discard()).catch(() => undefined);
      throw error;
    } finally {
      this.#drafts.delete(draft);
    }
  }

  append(name: string, at: number, bytes: Uint8Array): Promise<void> {
    const doing = `append to ${name}`;
    try {
      checkFileName(name);
      if (!Number.isSafeInteger(at) || at < 0) throw noOffset(doing, at);
      // Copied before anything else can happen: the caller may reuse the buffer, and a view of a WebAssembly memory
      // must neither be kept (the memory may move) nor cloned (a clone takes the whole memory with it).
      const own = this.#own(bytes, doing);
      return this.#queued(doing, () => this.#backend.append(name, at, own));
    } catch (error) {
      return Promise.reject(error as LodestoreError);
    }
  }

  /**
   * Appends before it returns, where the backend can and nothing is under way: then it is true. Else nothing was done, and
   * `append` is the way.
   */
  appendNow(name: string, at: number, bytes: Uint8Array): boolean {
    if (this.#backend.appendNow === undefined || this.#underWay.size > 0) return false;
    this.#alive();
    try {
      return this.#backend.appendNow(name, at, bytes);
    } catch (error) {
      throw toLodestoreError(error, `append to ${name}`);
    }
  }

  async remove(name: string): Promise<void> {
    checkFileName(name);
    return this.#queued(`remove of ${name}`, () => this.#backend.remove(name));
  }

  close(): Promise<void> {
    return this.shut('it was closed; open it again');
  }

  /** Refuses every later call with `reason`, lets what is under way end, then frees everything. */
  shut(reason: string): Promise<void> {
    this.#closed ??= reason;
    this.#closing ??= this.#end();
    return this.#closing;
  }

  async #end(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.allSettled(this.#underWay);
    // A source may never end: its file is given up here and the create fails at its next chunk.
    await Promise.allSettled([...this.#drafts].map((draft) => draft.discard()));
    try {
      await this.#backend.close();
    } catch (error) {
      throw toLodestoreError(error, 'close');
    }
  }

  #own(bytes: unknown, doing: string): Uint8Array<ArrayBuffer> {
    if (!(bytes instanceof Uint8Array)) throw noBytes(doing, bytes);
    return this.keepsBytes ? (bytes as Uint8Array<ArrayBuffer>) : new Uint8Array(bytes);
  }

  #alive(): void {
    if (this.#closed !== undefined) {
      throw new LodestoreError('Closed', `${this.#label} is closed: ${this.#closed}`);
    }
  }

  async #run<T>(doing: string, task: () => Promise<T>): Promise<T> {
    this.#alive();
    try {
      return await this.#settle(task);
    } catch (error) {
      throw toLodestoreError(error, doing);
    }
  }

  /**
   * Runs `task` after everything queued before it. What was queued before a close is still done. One promise behind the
   * task's own and no more: every turn of the queue counts for an append of one row.
   */
  #queued<T>(doing: string, task: () => Promise<T>): Promise<T> {
    let turn: Promise<T>;
    try {
      this.#alive();
      turn = this.#queue === 0 ? task() : this.#tail.then(task);
    } catch (error) {
      return Promise.reject(toLodestoreError(error, doing));
    }
    this.#queue += 1;
    this.#underWay.add(turn);
    const over = () => {
      this.#queue -= 1;
      this.#underWay.delete(turn);
    };
    const answer = turn.then(
      (value) => {
        over();
        return value;
      },
      (error: unknown) => {
        over();
        throw toLodestoreError(error, doing);
      },
    );
    this.#tail = answer.catch(() => undefined);
    return answer;
  }

  async #settle<T>(task: () => Promise<T>): Promise<T> {
    const promise = task();
    this.#underWay.add(promise);
    try {
      return await promise;
    } finally {
      this.#underWay.delete(promise);
    }
  }
}

/** The error for a file that is absent or too short for a read. */
export function outOfRange(name: string, start: number, end: number, length: number | undefined): Error {
  const got = length === undefined ? 'no such file' : `${length} bytes`;
  return new LodestoreError('Invalid', `read of ${name}: the bytes asked for are not there`, {
    expected: `bytes ${start} to ${end}`,
    got,
  });
}

/** The error for a name that is taken. */
export function exists(name: string): Error {
  return new LodestoreError(
    'Conflict',
    `create of ${name}: there is already a file of this name; remove it first`,
  );
}

/** Throws unless the file exists and is `at` bytes long. */
export function checkEnd(name: string, at: number, length: number | undefined): void {
  if (length === at) return;
  const problem =
    length === undefined ? 'there is no such file; create it first' : 'somebody else wrote to it';
  throw new LodestoreError('Conflict', `append to ${name}: ${problem}`, {
    expected: `${at} bytes`,
    got: length === undefined ? 'no such file' : `${length} bytes`,
  });
}

function noBytes(doing: string, got: unknown): LodestoreError {
  return new LodestoreError('Invalid', `${doing}: bytes are needed`, {
    expected: 'a Uint8Array',
    got: got === null ? 'null' : typeof got,
  });
}

function noOffset(doing: string, got: unknown): LodestoreError {
  return new LodestoreError('Invalid', `${doing}: not an offset`, {
    expected: 'a whole number from 0',
    got: String(got),
  });
}
