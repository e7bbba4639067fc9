/** Archives in a folder, each in a file of its own: by a path, or by a handle that the user gave. */

import { hostCode, toLodestoreError } from '../../errors.js';
import { invalid, unavailable } from '../../fault.js';
import { isNode, loadNode } from '../../storage/node.js';
import type { ArchiveAbout, ArchiveName, ArchiveSink, BackupTarget } from '../target.js';
import { handleSink, handleSource } from './handle-file.js';
import { pathSink, pathSource } from './path-file.js';

/** A path where there are paths, or what `showDirectoryPicker` and the origin's private file system give. */
export type FolderPlace = string | FileSystemDirectoryHandle;

const ENDING = '.lode';

/**
 * Every archive in a file of this folder, which is made where it is not there: `<time>-<type>-<id>.lode`. For many archives
 * of one database; `objectStore` keeps what they have in common once.
 */
export function toFolder(place: FolderPlace): BackupTarget & Required<Pick<BackupTarget, 'remove'>> {
  if (typeof place === 'string' && place !== '') return byPath(place);
  if (typeof place === 'object' && place?.kind === 'directory') return byHandle(place);
  throw invalid('toFolder: hand over a path or a FileSystemDirectoryHandle');
}

function nameOf({ manifest }: ArchiveAbout): string {
  const time = new Date(manifest.toMs)
    .toISOString()
    .replace(/\.\d+Z$/, '')
    .replaceAll(':', '-');
  return `${time}-${manifest.type}-${manifest.archive}${ENDING}`;
}

/** The name in the folder, which the catalog keeps. It may come from anywhere: it does not lead out of the folder. */
function fileOf({ archive, name }: ArchiveName): string {
  const file = name?.split(/[\\/]/).at(-1);
  if (file === undefined || !file.endsWith(`-${archive}${ENDING}`)) {
    throw invalid(
      'toFolder: this archive is not kept in a folder',
      `a name that ends in -${archive}${ENDING}`,
      name,
    );
  }
  return file;
}

function byPath(folder: string): ReturnType<typeof toFolder> {
  const host = async () => {
    if (!isNode())
      throw unavailable('toFolder: there are no paths here: hand over a FileSystemDirectoryHandle');
    return loadNode();
  };
  return {
    begin: async (about) => {
      const { fs, path } = await host();
      await fs.mkdir(folder, { recursive: true }).catch((error: unknown) => {
        throw toLodestoreError(error, `toFolder: ${folder}`);
      });
      return pathSink(path.join(folder, nameOf(about)), false);
    },
    fetch: async (entry) => pathSource((await host()).path.join(folder, fileOf(entry))),
    remove: async (entry) => {
      const { fs, path } = await host();
      await fs.unlink(path.join(folder, fileOf(entry))).catch((error: unknown) => {
        if (hostCode(error) !== 'ENOENT') throw toLodestoreError(error, `toFolder: ${folder}`);
      });
    },
  };
}

function byHandle(folder: FileSystemDirectoryHandle): ReturnType<typeof toFolder> {
  const doing = `toFolder: ${folder.name}`;
  const isAbsent = (error: unknown): boolean => (error as Error | null)?.name === 'NotFoundError';
  const remove = async (file: string): Promise<void> => {
    await folder.removeEntry(file).catch((error: unknown) => {
      if (!isAbsent(error)) throw toLodestoreError(error, doing);
    });
  };
  const handleOf = (file: string, create: boolean): Promise<FileSystemFileHandle> =>
    folder.getFileHandle(file, { create }).catch((error: unknown) => {
      if (isAbsent(error) && !create) throw invalid(`toFolder: ${file} is not there any more`);
      throw toLodestoreError(error, doing);
    });
  return {
    begin: async (about): Promise<ArchiveSink> => {
      const file = nameOf(about);
      // The name is there from now on, with an empty file: a handle cannot be had without it.
      const handle = await handleOf(file, true);
      try {
        const sink = await handleSink(handle);
        const abort = async (): Promise<void> => {
          await sink.abort().catch(() => undefined);
          await remove(file);
        };
        return { ...sink, abort };
      } catch (error) {
        await remove(file);
        throw error;
      }
    },
    fetch: async (entry) => handleSource(await handleOf(fileOf(entry), false)),
    remove: (entry) => remove(fileOf(entry)),
  };
}
