/** A file, or stdin, as a stream of bytes. */

import { type FileHandle, open } from 'node:fs/promises';
import { LodestoreError } from '../index.node.js';
import type { Call } from './command.js';

const PIECE_BYTES = 1 << 20;

export interface Source {
  /** For messages. */
  label: string;
  /** Absent for stdin and pipes. */
  size: number | undefined;
  /** Can be read once. */
  chunks: AsyncIterable<Uint8Array>;
  /** Exactly `length` bytes from `at` on. Absent for stdin and pipes, which have no positions. */
  read: Read | undefined;
}

export type Read = (at: number, length: number) => Promise<Uint8Array<ArrayBuffer>>;

/** Opens `file`, `-` being stdin, and shows how far it was read. */
export async function withSource<T>(
  call: Call,
  file: string,
  body: (source: Source) => Promise<T>,
): Promise<T> {
  if (file === '-') {
    const stdin = call.io.stdin(call.signal);
    // Let go of whatever happens: a writer that is not done would keep this process from ending.
    const source = { label: 'stdin', size: undefined, chunks: stdin, read: undefined };
    return counted(call, source, body).finally(() => stdin.destroy());
  }
  const { handle, size } = await openFile(file);
  try {
    const read = size === undefined ? undefined : positioned(handle, file);
    return await counted(call, { label: file, size, chunks: pieces(handle, file), read }, body);
  } finally {
    await handle.close();
  }
}

/** A pipe (`<(gunzip -c ...)` of a shell) is as good as a file, but tells no size. */
async function openFile(file: string): Promise<{ handle: FileHandle; size: number | undefined }> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(file, 'r');
    const stat = await handle.stat();
    if (!stat.isDirectory()) return { handle, size: stat.isFile() ? stat.size : undefined };
  } catch (error) {
    await handle?.close().catch(() => undefined);
    throw hostError(`cannot read ${file}`, error);
  }
  await handle.close();
  throw new LodestoreError('Invalid', `cannot read ${file}`, { expected: 'a file', got: 'a directory' });
}

/** A wrong path is a wrong argument, and the library's advice about its own storage would mislead here. */
export function hostError(doing: string, error: unknown): LodestoreError {
  if (error instanceof LodestoreError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT')
    return new LodestoreError('Invalid', `${doing}: there is no such file or directory`, { cause: error });
  const ours = code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG' ? 'Quota' : 'Unavailable';
  return new LodestoreError(ours, `${doing}: ${message}`, { cause: error });
}

async function* pieces(handle: FileHandle, file: string): AsyncGenerator<Uint8Array> {
  for (;;) {
    const buffer = new Uint8Array(PIECE_BYTES);
    // From where the last read ended: a pipe has no positions.
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, null).catch((error: unknown) => {
      throw hostError(`cannot read ${file}`, error);
    });
    if (bytesRead === 0) return;
    yield buffer.subarray(0, bytesRead);
  }
}

function positioned(handle: FileHandle, file: string): Read {
  return async (at, length) => {
    const buffer = new Uint8Array(length);
    for (let done = 0; done < length;) {
      const { bytesRead } = await handle
        .read(buffer, done, length - done, at + done)
        .catch((error: unknown) => {
          throw hostError(`cannot read ${file}`, error);
        });
      if (bytesRead === 0) throw new LodestoreError('Corrupt', `${file} became shorter while it was read`);
      done += bytesRead;
    }
    return buffer;
  };
}

async function counted<T>(call: Call, source: Source, body: (source: Source) => Promise<T>): Promise<T> {
  const bar = call.io.bar();
  let done = 0;
  const count = (bytes: number): void => {
    done += bytes;
    bar.bytes('read', done, source.size);
  };
  async function* chunks(): AsyncGenerator<Uint8Array> {
    for await (const chunk of source.chunks) {
      call.signal.throwIfAborted();
      yield chunk;
      count(chunk.length);
    }
    bar.end();
  }
  const { read } = source;
  const counting: Read | undefined =
    read &&
    (async (at, length) => {
      call.signal.throwIfAborted();
      const bytes = await read(at, length);
      count(length);
      return bytes;
    });
  try {
    return await body({ ...source, chunks: chunks(), read: counting });
  } finally {
    bar.end();
  }
}
