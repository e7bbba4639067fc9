/** Looking at an archive, wherever the engine is: verifying it as far as level 3, or reading its head. */

import { throwIfAborted } from '../abort.js';
import { toLodestoreError } from '../errors.js';
import type { ProgressSink } from '../progress.js';
import type { LookCalls } from './calls.js';
import type { Keyring } from './lock.js';
import type { VerifyReport } from './types.js';

/** What was found, and by what an archive that follows this one is made. */
export interface Looked {
  report: VerifyReport;
  reference: Uint8Array | undefined;
}

/** Verifies the bytes that `next` gives. Reads no more of them than the level needs. */
export async function look(
  archives: LookCalls,
  level: 1 | 2 | 3,
  keys: Keyring,
  total: number | undefined,
  next: () => Promise<Uint8Array | undefined>,
  progress?: ProgressSink,
  signal?: AbortSignal,
): Promise<Looked> {
  const handle = await keys.lend((lock) => archives.lookStart(level, lock, total ?? 0));
  try {
    for (;;) {
      throwIfAborted(signal);
      const bytes = await next();
      if (bytes === undefined || (await archives.lookWrite(handle, bytes, progress))) break;
    }
    const { json, reference } = await archives.lookFinish(handle, progress);
    return { report: JSON.parse(json) as VerifyReport, reference };
  } catch (error) {
    if (signal?.aborted && error === signal.reason) throw error;
    throw toLodestoreError(error);
  } finally {
    const derived = await archives.lookClose(handle).catch(() => undefined);
    if (derived !== undefined) keys.learn(derived);
  }
}
