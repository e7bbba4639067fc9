/** Where bytes go: a file that appears whole or not at all, or stdout. */

import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { type FileHandle, link, open, rename, unlink } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { LodestoreError } from '../index.node.js';
import type { Call } from './command.js';
import { hostError } from './source.js';
import { UsageError } from './usage-error.js';

export interface Sink {
  write(bytes: Uint8Array): Promise<void>;
}

/** Gathered before they are written: exports come in small pieces. */
const GATHER_BYTES = 1 << 20;

/**
 * Runs `body` with what it writes going to `file`, `-` being stdout. A file gets its name when everything is in it and on
 * the disk; one that is there is left alone unless `force`.
 *
 * @returns what `body` gives, and the bytes written.
 */
export async function withSink<T>(
  call: Call,
  file: string,
  force: boolean,
  body: (sink: Sink) => Promise<T>,
): Promise<{ value: T; bytes: number }> {
  if (file !== '-') return toFile(file, force, body);
  if (call.io.json) throw new UsageError('--json and - both need stdout: name a file');
  let bytes = 0;
  const value = await body({
    write: async (chunk) => {
      await call.io.write(chunk);
      bytes += chunk.length;
    },
  });
  return { value, bytes };
}

async function toFile<T>(
  file: string,
  force: boolean,
  body: (sink: Sink) => Promise<T>,
): Promise<{ value: T; bytes: number }> {
  // Asked first, so that nobody waits for a backup that cannot be kept.
  if (!force && existsSync(file)) throw there(file);
  const folder = dirname(resolve(file));
  const draft = join(folder, `.${basename(file)}.${randomUUID()}.part`);
  const handle = await open(draft, 'wx').catch((error: unknown) => {
    throw hostError(`cannot write ${file}`, error);
  });
  try {
    const gathered = new Gathered(handle, file);
    const value = await body(gathered).catch((error: unknown) => closeFirst(handle, error));
    await gathered.flush().catch((error: unknown) => closeFirst(handle, error));
    await handle.close();
    await give(draft, file, force);
    await syncFolder(folder);
    return { value, bytes: gathered.bytes };
  } catch (error) {
    await unlink(draft).catch(() => undefined);
    throw error;
  }
}

async function closeFirst(handle: FileHandle, error: unknown): Promise<never> {
  await handle.close().catch(() => undefined);
  throw error;
}

class Gathered implements Sink {
  readonly #handle: FileHandle;
  readonly #file: string;
  #chunks: Uint8Array[] = [];
  #held = 0;
  bytes = 0;

  constructor(handle: FileHandle, file: string) {
    this.#handle = handle;
    this.#file = file;
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.#chunks.push(bytes);
    this.#held += bytes.length;
    this.bytes += bytes.length;
    if (this.#held >= GATHER_BYTES) await this.#out();
  }

  /** Everything is on the disk. */
  async flush(): Promise<void> {
    await this.#out();
    await this.#told(this.#handle.sync());
  }

  async #out(): Promise<void> {
    const all = Buffer.concat(this.#chunks);
    this.#chunks = [];
    this.#held = 0;
    for (let at = 0; at < all.length;) {
      at += (await this.#told(this.#handle.write(all, at, all.length - at))).bytesWritten;
    }
  }

  #told<T>(work: Promise<T>): Promise<T> {
    return work.catch((error: unknown) => {
      throw hostError(`cannot write ${this.#file}`, error);
    });
  }
}

/** A link fails where the name is taken, whoever took it meanwhile; a rename would replace that. */
async function give(draft: string, file: string, force: boolean): Promise<void> {
  try {
    if (force) return await rename(draft, file);
    await link(draft, file);
    await unlink(draft);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') throw there(file);
    // File systems without hard links: the look and the rename are two steps there.
    if (force || existsSync(file)) throw hostError(`cannot write ${file}`, error);
    await rename(draft, file).catch((again: unknown) => {
      throw hostError(`cannot write ${file}`, again);
    });
  }
}

/** The name, too, is on the disk, where the host can do that with a directory. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => undefined);
  if (handle === undefined) return;
  await handle.sync().catch(() => undefined);
  await handle.close();
}

function there(file: string): LodestoreError {
  const message = `${file} is there already and stays as it is; --force replaces it`;
  return new LodestoreError('Conflict', message);
}
