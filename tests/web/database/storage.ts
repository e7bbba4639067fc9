/** A storage as a user would write one: an object with the five verbs, that counts calls and can be told to fail. */

import type { FileInfo, StorageObject } from 'lodestore';

export type Verb = 'list' | 'read' | 'create' | 'append' | 'remove';

/** What is called around a verb; what it throws is what the storage throws. */
export type Hook = (verb: Verb, name: string, bytes: Uint8Array) => void;

const NONE = new Uint8Array();

export class ObjectStorage implements StorageObject {
  readonly kind = 'object';
  readonly files: Map<string, Uint8Array>;
  readonly calls: Record<Verb, number> = { list: 0, read: 0, create: 0, append: 0, remove: 0 };

  /** Another storage over the same files is what a second process has. */
  constructor(files = new Map<string, Uint8Array>()) {
    this.files = files;
  }

  /** Called before anything happened. */
  before: Hook | undefined;
  /** Called when it has happened. */
  after: Hook | undefined;

  async list(): Promise<FileInfo[]> {
    return this.#around('list', '', NONE, () =>
      Array.from(this.files, ([name, bytes]) => ({ name, length: bytes.length })),
    );
  }

  async read(name: string, start: number, end: number): Promise<Uint8Array> {
    return this.#around('read', name, NONE, () => {
      const bytes = this.files.get(name);
      if (bytes === undefined || end > bytes.length) throw new Error(`${name} is not that long`);
      return bytes.slice(start, end);
    });
  }

  async create(name: string, chunks: AsyncIterable<Uint8Array>): Promise<void> {
    let all = NONE;
    for await (const chunk of chunks) all = joined(all, chunk);
    this.#around('create', name, all, () => {
      if (this.files.has(name)) throw Object.assign(new Error(`${name} exists`), { code: 'Conflict' });
      this.files.set(name, all);
    });
  }

  async append(name: string, at: number, bytes: Uint8Array): Promise<void> {
    this.#around('append', name, bytes, () => {
      const have = this.files.get(name) ?? NONE;
      if (have.length !== at) throw Object.assign(new Error(`${name} has grown`), { code: 'Conflict' });
      this.grow(name, bytes);
    });
  }

  async remove(name: string): Promise<void> {
    this.#around('remove', name, NONE, () => this.files.delete(name));
  }

  /** Puts bytes at the end of a file, whoever asks. */
  grow(name: string, bytes: Uint8Array): void {
    this.files.set(name, joined(this.files.get(name) ?? NONE, bytes));
  }

  #around<T>(verb: Verb, name: string, bytes: Uint8Array, work: () => T): T {
    this.calls[verb] += 1;
    this.before?.(verb, name, bytes);
    const result = work();
    this.after?.(verb, name, bytes);
    return result;
  }
}

export function joined(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}
