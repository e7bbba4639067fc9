/** Files of archives, which are read as often as they are asked for; and stdin, which is read once. */

import { type FileHandle, open, stat } from 'node:fs/promises';
import { type ArchiveSource, LodestoreError } from '../index.node.js';
import type { Call } from './command.js';
import { fileStream } from '../targets/files/file-stream.js';
import { hostError } from './source.js';
import { UsageError } from './usage-error.js';

const PIECE_BYTES = 1 << 20;

export interface ArchiveFile {
  /** For messages: as it was named. */
  label: string;
  /** Absent for stdin and pipes, which can be read once. */
  size: number | undefined;
  source(): ArchiveSource;
}

/** Makes sure that the files are there, and hands them over; `-` is stdin. */
export async function withArchives<T>(
  call: Call,
  names: readonly string[],
  body: (archives: ArchiveFile[]) => Promise<T>,
): Promise<T> {
  try {
    return await handed(call, names, body);
  } catch (error) {
    // Of a source that an interrupt ended, others say that it failed.
    call.signal.throwIfAborted();
    throw error;
  }
}

async function handed<T>(
  call: Call,
  names: readonly string[],
  body: (archives: ArchiveFile[]) => Promise<T>,
): Promise<T> {
  if (!names.includes('-')) return body(await Promise.all(names.map(archiveFile)));
  if (names.length > 1) throw new UsageError('- is one archive: name the files of a chain');
  const stdin = call.io.stdin(call.signal);
  // Let go of whatever happens: a writer that is not done would keep this process from ending.
  return body([{ label: 'stdin', size: undefined, source: () => stdin }]).finally(() => stdin.destroy());
}

export async function archiveFile(label: string): Promise<ArchiveFile> {
  const found = await stat(label).catch((error: unknown) => {
    throw hostError(`cannot read ${label}`, error);
  });
  if (found.isDirectory())
    throw new LodestoreError('Invalid', `cannot read ${label}`, { expected: 'a file', got: 'a directory' });
  if (!found.isFile()) return { label, size: undefined, source: () => pieces(label) };
  const { size } = found;
  const failure = (error: unknown) => hostError(`cannot read ${label}`, error);
  return { label, size, source: () => fileStream(() => open(label, 'r'), size, failure) };
}

/** The bytes of what is no file, which is open from the first read to the last or until nobody reads on. */
function pieces(file: string): ReadableStream<Uint8Array> {
  let handle: FileHandle | undefined;
  const close = async () => {
    await handle?.close();
    handle = undefined;
  };
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          handle ??= await open(file, 'r');
          const buffer = new Uint8Array(PIECE_BYTES);
          // From where the last read ended: a pipe has no positions.
          const { bytesRead } = await handle.read(buffer, 0, buffer.length, null);
          if (bytesRead > 0) return controller.enqueue(buffer.subarray(0, bytesRead));
          await close();
          controller.close();
        } catch (error) {
          await close().catch(() => undefined);
          throw hostError(`cannot read ${file}`, error);
        }
      },
      cancel: close,
    },
    { highWaterMark: 0 },
  );
}
