/** Errors as a reader of the dictionary should see them: what happened, and what is still as it was. */

import { LodestoreError } from 'lodestore';

const UNCHANGED = 'Nothing was changed.';

export function importError(error: unknown): string {
  if (isAbort(error)) return `Import cancelled. ${UNCHANGED}`;
  if (!(error instanceof LodestoreError))
    return `The file could not be read: ${messageOf(error)} ${UNCHANGED}`;
  switch (error.code) {
    case 'Corrupt':
      return `This file is damaged or incomplete: ${error.message} ${UNCHANGED}`;
    case 'Version':
      return `This file was made by a newer Lodestore: ${error.message} ${UNCHANGED}`;
    case 'Invalid':
      if (error.message.includes('is encrypted'))
        return `This file is locked: add it in the Backups section, which asks for its passphrase. ${UNCHANGED}`;
      return `This is not a Lodestore archive: ${error.message} ${UNCHANGED}`;
    case 'Mismatch':
      return `This archive was made with another model: ${error.message}`;
    case 'Quota':
      return `There is no room for this archive in the browser's storage. ${UNCHANGED}`;
    default:
      return `The import failed: ${error.message}`;
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

export function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}
