/** A backup to where it is kept, in one call. */

import { throwIfAborted } from '../abort.js';
import type { BackupOptions, BackupResult } from '../archive/types.js';
import type { Database } from '../database.js';
import { invalid } from '../fault.js';
import { progressSink } from '../progress.js';
import type { Progress } from '../types.js';
import type { BackupTarget, Kept, Sent } from './target.js';

/** Of a backup, with what was sent so far. */
export interface BackupProgress extends Progress {
  sent: Sent;
}

export interface BackupToOptions extends Omit<BackupOptions, 'keep' | 'name' | 'onProgress'> {
  onProgress?: (progress: BackupProgress) => void;
}

/** What was made, and what of it went over the line. */
export interface BackedUp extends BackupResult, Kept {}

/**
 * Makes an archive and puts it where it is kept. The catalog has it, with the name that it is kept under, when it is there
 * as a whole and not before; so `db.drill({ backup: 'random', fetch: target.fetch })` finds it.
 *
 * @throws LodestoreError as `db.backup`, and what the target says: `Unavailable`, `Quota`, `Conflict`.
 */
export async function backupTo(
  db: Pick<Database, 'backup'>,
  target: BackupTarget,
  options: BackupToOptions = {},
): Promise<BackedUp> {
  const { onProgress, ...rest } = options;
  const { signal, compress, encrypt } = rest;
  throwIfAborted(signal);
  if (target.packs === true && (compress === true || encrypt !== undefined)) {
    throw invalid(
      'backupTo: this target compresses and encrypts by itself, so that equal content is sent once: say it there',
      'neither `compress` nor `encrypt`',
    );
  }
  let sent: Sent = { pieces: 0, bytes: 0, skipped: 0, skippedBytes: 0 };
  const arrival = new Arrival();
  let kept: Kept | undefined;
  const stream = await db.backup({
    ...rest,
    keep: async ({ bytes }) => {
      await arrival.of(bytes);
      kept = await sink?.close();
      return kept?.name;
    },
  });
  const { manifest, done } = stream;
  const progress = progressSink(onProgress && ((step) => onProgress({ ...step, sent: { ...sent } })));
  const reader = stream.getReader();
  let sink: Awaited<ReturnType<BackupTarget['begin']>> | undefined;
  try {
    const onSent = (now: Sent): void => void (sent = now);
    sink = await target.begin({ manifest, onSent, ...(signal && { signal }) });
    for (let step = await reader.read(); !step.done; step = await reader.read()) {
      await sink.write(step.value);
      arrival.more(step.value.length);
      progress?.('backup', Math.min(arrival.bytes, manifest.contentBytes), manifest.contentBytes);
    }
    const result = await done;
    if (kept === undefined) throw invalid('backupTo: the target did not say where it keeps the archive');
    return { ...result, ...kept };
  } catch (error) {
    arrival.fail(error);
    await reader.cancel(error).catch(() => undefined);
    if (kept === undefined) await sink?.abort().catch(() => undefined);
    throw error;
  }
}

/** Tells when so many bytes have arrived: the last of them are still under way when the backup has no more. */
class Arrival {
  bytes = 0;
  #expected: number | undefined;
  #failed: { error: unknown } | undefined;
  #settle: (() => void) | undefined;

  async of(bytes: number): Promise<void> {
    this.#expected = bytes;
    if (this.bytes < bytes && this.#failed === undefined) {
      await new Promise<void>((resolve) => (this.#settle = resolve));
    }
    if (this.#failed !== undefined) throw this.#failed.error;
  }

  more(bytes: number): void {
    this.bytes += bytes;
    if (this.#expected !== undefined && this.bytes >= this.#expected) this.#settle?.();
  }

  fail(error: unknown): void {
    this.#failed ??= { error };
    this.#settle?.();
  }
}
