/** Saving a backup as a file: where the reader says, or into the downloads where the browser has no such question. */

import { h } from '../dom.js';
import type { Shelf } from './shelf.js';

/** Where it will go; has to be asked while the click is still fresh. */
export interface Place {
  /** Undefined: into the downloads. */
  handle: FileSystemFileHandle | undefined;
}

interface PickerOptions {
  suggestedName: string;
  types: { description: string; accept: Record<string, string[]> }[];
}

type Picker = (options: PickerOptions) => Promise<FileSystemFileHandle>;

/** Throws an AbortError where the reader changed their mind. */
export async function placeFor(name: string): Promise<Place> {
  const picker = (window as { showSaveFilePicker?: Picker }).showSaveFilePicker;
  if (picker === undefined) return { handle: undefined };
  const types = [{ description: 'Lodestore archive', accept: { 'application/octet-stream': ['.lode'] } }];
  return { handle: await picker({ suggestedName: name, types }) };
}

/** Copies what is on the shelf. The file is there as a whole or not at all. */
export async function save(shelf: Shelf, archive: string, name: string, place: Place): Promise<void> {
  const bytes = await shelf.bytesOf(archive);
  if (place.handle !== undefined) {
    await bytes.stream().pipeTo(await place.handle.createWritable());
    return;
  }
  const link = h('a', { href: URL.createObjectURL(bytes), download: name });
  link.click();
  // The browser reads the blob after the click returned.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
