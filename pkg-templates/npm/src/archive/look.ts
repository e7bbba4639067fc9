/** Verifying an archive, which needs no database: as far as level 3, in WebAssembly. */

import { throwIfAborted } from '../abort.js';
import { toLodestoreError } from '../errors.js';
import { StorageHost } from '../host.js';
import { verifier } from '../load.js';
import type { ProgressSink } from '../progress.js';
import { openMemory } from '../storage/memory.js';
import { checkWhole, fallen } from '../trap.js';
import type { Lock } from './calls.js';
import type { VerifyReport } from './types.js';

/** What was found, and by what an archive that follows this one is made. */
export interface Looked {
  report: VerifyReport;
  reference: Uint8Array | undefined;
}

/** Verifies the bytes that `next` gives. Reads no more of them than the level needs. */
export async function look(
  level: 1 | 2 | 3,
  { key, passphrase }: Lock,
  total: number | undefined,
  next: () => Promise<Uint8Array | undefined>,
  progress?: ProgressSink,
  signal?: AbortSignal,
): Promise<Looked> {
  const verifyStart = await verifier();
  checkWhole();
  const host = new StorageHost(await openMemory(), new Set(progress ? [progress] : []));
  const intake = verifyStart(host, level, key, passphrase, total ?? 0);
  let ended = false;
  try {
    for (;;) {
      throwIfAborted(signal);
      const bytes = await next();
      if (bytes === undefined || (await intake.write(bytes))) break;
    }
    ended = true;
    const [json, reference] = (await intake.finish()) as [string, Uint8Array | undefined];
    return { report: JSON.parse(json) as VerifyReport, reference };
  } catch (error) {
    if (!ended) await intake.abort().catch(() => undefined);
    if (signal?.aborted && error === signal.reason) throw error;
    throw toLodestoreError(fallen(error));
  } finally {
    intake.free();
  }
}
