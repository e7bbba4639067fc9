/** Backups as files of this origin's private file system: written as they come, so that no backup is in memory. */

import type { Incoming, KeptBackup, Shelf } from './shelf.js';

const FOLDER = 'dictionary-backups';

/** Nothing where the browser has no such files, or lets only workers write them. */
export async function openFiles(): Promise<Shelf | undefined> {
  const writable = 'FileSystemFileHandle' in window && 'createWritable' in FileSystemFileHandle.prototype;
  if (!writable || navigator.storage?.getDirectory === undefined) return undefined;
  const root = await navigator.storage.getDirectory();
  return new Files(await root.getDirectoryHandle(FOLDER, { create: true }));
}

class Files implements Shelf {
  readonly where = 'private files of this site in this browser (OPFS)';
  readonly #folder: FileSystemDirectoryHandle;

  constructor(folder: FileSystemDirectoryHandle) {
    this.#folder = folder;
  }

  async list(): Promise<KeptBackup[]> {
    const kept: KeptBackup[] = [];
    for await (const [name, handle] of entriesOf(this.#folder)) {
      if (handle.kind !== 'file' || !name.endsWith('.json')) continue;
      const file = await (handle as FileSystemFileHandle).getFile();
      kept.push(JSON.parse(await file.text()) as KeptBackup);
    }
    return kept.sort((a, b) => a.madeMs - b.madeMs);
  }

  async bytesOf(archive: string): Promise<Blob> {
    return (await this.#folder.getFileHandle(`${archive}.lode`)).getFile();
  }

  async put(archive: string): Promise<Incoming> {
    const bytes = await this.#writer(`${archive}.lode`);
    return {
      write: (piece) => bytes.write(piece as Uint8Array<ArrayBuffer>),
      done: async (about) => {
        await bytes.close();
        // Last, because it is what makes it count.
        const json = await this.#writer(`${archive}.json`);
        await json.write(JSON.stringify(about));
        await json.close();
      },
      abort: () => bytes.abort().catch(() => undefined),
    };
  }

  async remove(archive: string): Promise<void> {
    for (const name of [`${archive}.json`, `${archive}.lode`]) {
      await this.#folder.removeEntry(name).catch((error: unknown) => {
        if ((error as Error).name !== 'NotFoundError') throw error;
      });
    }
  }

  async #writer(name: string): Promise<FileSystemWritableFileStream> {
    return (await this.#folder.getFileHandle(name, { create: true })).createWritable();
  }
}

/** Not yet in the types that come with the compiler. */
function entriesOf(folder: FileSystemDirectoryHandle): AsyncIterable<[string, FileSystemHandle]> {
  return (folder as unknown as { entries(): AsyncIterable<[string, FileSystemHandle]> }).entries();
}
