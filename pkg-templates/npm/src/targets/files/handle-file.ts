/** A file that the user picked, or one of the origin's own: File System Access. */

import { toLodestoreError } from '../../errors.js';
import { invalid, unavailable } from '../../fault.js';
import type { ArchiveSink } from '../target.js';

/** Writes beside the file; `close` puts it in its place in one step. */
export async function handleSink(handle: FileSystemFileHandle): Promise<ArchiveSink> {
  if (typeof handle.createWritable !== 'function') {
    throw unavailable('toFile: this browser cannot write to a file handle: use download()');
  }
  const doing = `toFile: ${handle.name}`;
  const typed = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (error) {
      throw toLodestoreError(error, doing);
    }
  };
  const file = await typed(handle.createWritable());
  let bytes = 0;
  return {
    write: async (piece) => {
      await typed(file.write(piece as Uint8Array<ArrayBuffer>));
      bytes += piece.length;
    },
    close: async () => {
      await typed(file.close());
      return { name: handle.name, sent: { pieces: 1, bytes, skipped: 0, skippedBytes: 0 } };
    },
    abort: () => file.abort(),
  };
}

/** What is in it now. */
export async function handleSource(handle: FileSystemFileHandle): Promise<Blob> {
  try {
    return await handle.getFile();
  } catch (error) {
    if ((error as Error | undefined)?.name === 'NotFoundError')
      throw invalid(`fromFile: ${handle.name} is not there any more`);
    throw toLodestoreError(error, `fromFile: ${handle.name}`);
  }
}
