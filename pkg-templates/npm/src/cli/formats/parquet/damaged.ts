/** What a file that does not hold together ends as. */

import { LodestoreError } from '../../../index.node.js';

export function damaged(where: string, what: string, cause?: unknown): LodestoreError {
  const message = `${where}: the file is damaged or cut short: ${what}`;
  return new LodestoreError('Corrupt', message, cause === undefined ? {} : { cause });
}

/** What fails in `body` without a word of ours fails because the bytes are not what they must be. */
export function holding<T>(where: string, body: () => T): T {
  try {
    return body();
  } catch (error) {
    if (error instanceof LodestoreError) throw error;
    throw damaged(where, error instanceof Error ? error.message : String(error), error);
  }
}
