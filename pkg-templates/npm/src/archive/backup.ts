/** A backup as a stream: made as it is read, ended by whoever loses interest first. */

import { throwIfAborted } from '../abort.js';
import { noteIfPossible } from '../audit.js';
import type { Engine } from '../engine.js';
import { invalid } from '../fault.js';
import { progressSink } from '../progress.js';
import {
  checkOptions,
  isAnything,
  isBoolean,
  isFunction,
  isOneOf,
  isString,
  LONG_OPTIONS,
} from '../validate.js';
import type { LookCalls } from './calls.js';
import { ArchiveInput } from './input.js';
import { type Keyring, lockOf } from './lock.js';
import type {
  ArchiveManifest,
  ArchiveReference,
  BackupOptions,
  BackupResult,
  BackupStream,
} from './types.js';

const OPTIONS = {
  type: isOneOf('full', 'differential', 'incremental'),
  since: isAnything,
  compress: isBoolean,
  encrypt: isAnything,
  sinceEncrypt: isAnything,
  index: isBoolean,
  vectors: isOneOf('exact', 'int8'),
  name: isString,
  keep: isFunction,
  ...LONG_OPTIONS,
};

/** Bytes before the trailer of an archive that are not in its digest: the trailer itself. */
const TRAILER_BYTES = 52;
/** Where in it the digest stands. */
const DIGEST = { start: 16, end: 48 };

function isReference(value: unknown): value is ArchiveReference {
  return (
    typeof value === 'object' &&
    value !== null &&
    'reference' in value &&
    value.reference instanceof Uint8Array
  );
}

/** What an archive is followed by: of one that was made here, or from its first bytes. */
async function referenceOf(
  archives: LookCalls,
  { since, sinceEncrypt }: BackupOptions,
  own: Keyring,
): Promise<Uint8Array | undefined> {
  if (since === undefined) return undefined;
  if (isReference(since)) return since.reference;
  const keys = sinceEncrypt === undefined ? own.share() : lockOf('backup', sinceEncrypt);
  const input = new ArchiveInput(since);
  try {
    const { reference } = await input.head(archives, keys);
    if (reference !== undefined) return reference;
    throw invalid(
      'backup: `since` cannot be followed: it is an archive of format 1 to 3, or encrypted and `sinceEncrypt` is missing',
    );
  } finally {
    keys.end();
    input.cancel();
  }
}

/** Bytes as hexadecimal digits. */
function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** What `db.backup()` does. */
export async function backup(engine: Engine, options: BackupOptions = {}): Promise<BackupStream> {
  checkOptions('backup', options, OPTIONS);
  const { signal, compress, keep, type = 'full', vectors } = options;
  throwIfAborted(signal);
  const progress = progressSink(options.onProgress);
  const index = options.index ?? type === 'full';
  const asked = JSON.stringify({ type, compress, index, lossy: vectors === 'int8' });
  const { archives } = engine;
  const keys = lockOf('backup', options.encrypt);
  const begin = async () => {
    const since = await referenceOf(archives, options, keys);
    const started = performance.now();
    const begun = await keys.lend((lock) => archives.backupStart(asked, since, lock, progress));
    return { ...begun, started };
  };
  const { handle, manifest: json, reference, started } = await begin().finally(() => keys.end());
  const manifest = JSON.parse(json) as ArchiveManifest;

  let bytes = 0;
  let tail = new Uint8Array(0);
  let over = false;
  let settle: { resolve: (value: BackupResult) => void; reject: (reason: unknown) => void };
  const done = new Promise<BackupResult>((resolve, reject) => (settle = { resolve, reject }));
  // Whoever reads the stream hears of a failure there.
  done.catch(() => undefined);
  const close = async () => {
    over = true;
    signal?.removeEventListener('abort', giveUp);
    // A closed database has closed its backups already.
    await Promise.resolve(archives.backupClose(handle)).catch(() => undefined);
  };
  const fail = async (error: unknown) => {
    await close();
    settle.reject(error);
    const { archive, toSeq } = manifest;
    await noteIfPossible(engine, 'backup', { archive, type, toSeq, ok: false, error: String(error) });
  };
  let erred: ((reason: unknown) => void) | undefined;
  const giveUp = () => {
    if (over) return;
    erred?.(signal?.reason);
    void fail(signal?.reason);
  };
  const ended = async (): Promise<boolean> => {
    const sha256 = hex(tail.subarray(DIGEST.start, DIGEST.end));
    const { archive, base, fromSeq, toSeq, fromMs, toMs, rows } = manifest;
    const result = { archive, reference, manifest, bytes, sha256, ms: performance.now() - started };
    const kept = await keep?.(result);
    // Given up while it was put away: that was noted already.
    if (over) return false;
    await close();
    const name = typeof kept === 'string' ? kept : options.name;
    const about = { archive, type, base, fromSeq, toSeq, fromMs, toMs, rows, bytes, sha256, name, ok: true };
    await noteIfPossible(engine, 'backup', about);
    settle.resolve(result);
    return true;
  };

  const stream = new ReadableStream<Uint8Array>({
    start(controller) {
      erred = (reason) => controller.error(reason);
      if (signal?.aborted) giveUp();
      else signal?.addEventListener('abort', giveUp, { once: true });
    },
    async pull(controller) {
      try {
        const piece = await archives.backupNext(handle);
        if (over) return;
        if (piece === undefined) {
          if (await ended()) controller.close();
          return;
        }
        bytes += piece.length;
        tail = piece.length >= TRAILER_BYTES ? piece.slice(-TRAILER_BYTES) : tail;
        progress?.('archive', Math.min(bytes, manifest.contentBytes), manifest.contentBytes);
        controller.enqueue(piece);
      } catch (error) {
        if (over) return;
        await fail(error);
        throw error;
      }
    },
    async cancel(reason: unknown) {
      if (!over) await fail(reason ?? new Error('the stream was cancelled'));
    },
  });
  return Object.assign(stream, { manifest, done });
}
