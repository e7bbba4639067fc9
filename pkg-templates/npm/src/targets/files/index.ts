/** Archives as files: those of Node, Deno and Bun by their path, those of browsers by a handle or as a download. */

import type { ArchiveSource } from '../../archive/types.js';
import { invalid, unavailable } from '../../fault.js';
import { checkOptions, isBoolean } from '../../validate.js';
import type { ArchiveSink, BackupTarget } from '../target.js';
import { handleSink, handleSource } from './handle-file.js';
import { pathSink, pathSource } from './path-file.js';

/** A path where there are paths, or what `showSaveFilePicker` and the origin's private file system give. */
export type FilePlace = string | FileSystemFileHandle;

export interface ToFileOptions {
  /** Replaces what is under that path. False by default; a handle is always replaced, its picker has asked. */
  replace?: boolean;
}

/**
 * One archive in one file, which appears whole or not at all: it is written under another name beside it.
 *
 * @throws LodestoreError `Conflict` (when it begins) for a path that is there already.
 */
export function toFile(place: FilePlace, options: ToFileOptions = {}): BackupTarget {
  checkOptions('toFile', options, { replace: isBoolean });
  const { replace = false } = options;
  const begin = isPath('toFile', place) ? () => pathSink(place, replace) : () => handleSink(place);
  return { begin, fetch: () => fromFile(place) };
}

/** An archive in a file: a `File` by a handle, a stream by a path. */
export async function fromFile(place: FilePlace): Promise<ArchiveSource> {
  return isPath('fromFile', place) ? pathSource(place) : handleSource(place);
}

function isPath(where: string, place: FilePlace): place is string {
  if (typeof place === 'string' && place !== '') return true;
  if (typeof place === 'object' && place?.kind === 'file') return false;
  throw invalid(`${where}: hand over a path or a FileSystemFileHandle`);
}

/** From here on, pieces of a download are the browser's to keep, and it may keep them on the disk. */
const GATHER_BYTES = 16 << 20;

/** A download of a page, for browsers that cannot write to a handle. Where the user puts it, nobody is told. */
export function download(name: string): BackupTarget {
  if (typeof name !== 'string' || name === '') throw invalid('download: say how the file is to be called');
  return {
    begin: async () => downloadSink(name),
    fetch: async () => {
      throw invalid('download: where it went is not known: let the user pick the file, and hand that over');
    },
  };
}

function downloadSink(name: string): ArchiveSink {
  if (typeof document === 'undefined') throw unavailable('download: only a page can offer a file');
  const type = 'application/octet-stream';
  let blob = new Blob([], { type });
  let pieces: Uint8Array<ArrayBuffer>[] = [];
  let held = 0;
  const gather = (): void => {
    blob = new Blob([blob, ...pieces], { type });
    pieces = [];
    held = 0;
  };
  return {
    write: async (piece) => {
      pieces.push(piece as Uint8Array<ArrayBuffer>);
      held += piece.length;
      if (held >= GATHER_BYTES) gather();
    },
    close: async () => {
      gather();
      const url = URL.createObjectURL(blob);
      const link = document.createElement('a');
      link.href = url;
      link.download = name;
      link.click();
      // The browser reads it after this returns; it has no event for when it is done.
      setTimeout(() => URL.revokeObjectURL(url), 60_000);
      return { name, sent: { pieces: 1, bytes: blob.size, skipped: 0, skippedBytes: 0 } };
    },
    abort: async () => {
      pieces = [];
      blob = new Blob([]);
    },
  };
}
