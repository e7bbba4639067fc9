/** A restore that is given up however its work ends: after a commit that does nothing. */

import type { Restore } from '../index.node.js';

export async function withRestore<T>(
  begun: Promise<Restore>,
  body: (restore: Restore) => Promise<T>,
): Promise<T> {
  const restore = await begun;
  let value: T;
  try {
    value = await body(restore);
  } catch (error) {
    // What went wrong first is what is told.
    await restore.abort().catch(() => undefined);
    throw error;
  }
  await restore.abort();
  return value;
}
