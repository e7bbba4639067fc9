/** A file of Node, Deno or Bun that appears whole or not at all. */

import { hostCode, LodestoreError, toLodestoreError } from '../../errors.js';
import { invalid, unavailable } from '../../fault.js';
import { FileWriter } from '../../storage/file-writer.js';
import { isNode, loadNode, type Node } from '../../storage/node.js';
import type { ArchiveSink } from '../target.js';
import { fileStream } from './file-stream.js';

async function host(where: string): Promise<Node> {
  if (!isNode())
    throw unavailable(
      `${where}: there are no paths here: hand over a FileSystemFileHandle, or use download()`,
    );
  return loadNode();
}

function there(path: string): LodestoreError {
  return new LodestoreError(
    'Conflict',
    `toFile: ${path} is there already and stays as it is; { replace: true } replaces it`,
  );
}

/** Writes under a name of its own beside it, and gives it the name when everything is on the disk. */
export async function pathSink(path: string, replace: boolean): Promise<ArchiveSink> {
  const { fs, path: paths } = await host('toFile');
  const doing = `toFile: ${path}`;
  const typed = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (error) {
      throw toLodestoreError(error, doing);
    }
  };
  const whole = paths.resolve(path);
  // Asked first, so that nobody waits for a backup that cannot be kept.
  const taken = async (): Promise<boolean> =>
    fs.stat(whole).then(
      () => true,
      () => false,
    );
  if (!replace && (await taken())) throw there(path);
  const folder = paths.dirname(whole);
  const random = Array.from(crypto.getRandomValues(new Uint32Array(2)), (number) => number.toString(36)).join(
    '',
  );
  const draft = `${whole}.${random}.part`;
  const file = new FileWriter(await typed(fs.open(draft, 'wx')));
  let bytes = 0;

  /** A link fails where the name is taken, whoever took it meanwhile; a rename would replace that. */
  const give = async (): Promise<void> => {
    if (replace) return fs.rename(draft, whole);
    try {
      await fs.link(draft, whole);
    } catch (error) {
      if (hostCode(error) === 'EEXIST' || (await taken())) throw there(path);
      // File systems without hard links: the look and the rename are two steps there.
      return fs.rename(draft, whole);
    }
    // It has its name: one more is a left-over, and no failure.
    await fs.unlink(draft).catch(() => undefined);
  };
  /** The name, too, is on the disk, where the host can do that with a directory. */
  const syncFolder = async (): Promise<void> => {
    const handle = await fs.open(folder, 'r').catch(() => undefined);
    await handle?.sync().catch(() => undefined);
    await handle?.close();
  };

  return {
    write: async (piece) => {
      // Beside what comes next, and synced on the way: at the end little is left to be waited for.
      await typed(file.write(piece));
      bytes += piece.length;
    },
    close: async () => {
      await typed(file.finish());
      await typed(give());
      await syncFolder();
      return { name: path, sent: { pieces: 1, bytes, skipped: 0, skippedBytes: 0 } };
    },
    abort: async () => {
      await file.close().catch(() => undefined);
      await fs.unlink(draft).catch(() => undefined);
    },
  };
}

/** Its bytes, read as they are asked for. */
export async function pathSource(path: string): Promise<ReadableStream<Uint8Array>> {
  const { fs } = await host('fromFile');
  const doing = `fromFile: ${path}`;
  const file = await fs.open(path, 'r').catch((error: unknown) => {
    if (hostCode(error) === 'ENOENT') throw invalid(`fromFile: ${path} is not there`);
    throw toLodestoreError(error, doing);
  });
  const { size } = await file.stat().catch(() => ({ size: 0 }));
  return fileStream(file, size, (error) => toLodestoreError(error, doing));
}
