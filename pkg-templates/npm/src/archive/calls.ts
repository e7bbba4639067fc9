/** Archives and restores of a database, wherever it runs: the part of an engine that is about them. */

import type { PastMethod, Soon } from '../engine.js';
import type { ProgressSink } from '../progress.js';

/** A key or a passphrase, as it crosses to the engine: of `Keyring.lend`, for the time of one call. */
export interface Lock {
  key: Uint8Array | undefined;
  passphrase: string | undefined;
  /** Keys that were derived from the passphrase before: records of `DerivedKeys`. */
  derived: Uint8Array;
}

/** Verifying archives as far as level 3, where the engine is. Its database plays no part in it. */
export interface LookCalls {
  lookStart(level: 1 | 2 | 3, lock: Lock, totalBytes: number): Promise<number>;
  /** True when no more bytes are wanted. */
  lookWrite(handle: number, bytes: Uint8Array, progress?: ProgressSink): Promise<boolean>;
  /** Nothing comes any more. JSON `VerifyReport`; `reference`: by what it is followed. */
  lookFinish(
    handle: number,
    progress?: ProgressSink,
  ): Promise<{ json: string; reference: Uint8Array | undefined }>;
  /** Ends it, finished or not: what was derived for it, as in a lock. Undefined where it had ended. */
  lookClose(handle: number): Promise<Uint8Array | undefined>;
}

/** Handles are numbers. `progress` is always the last parameter. Every failure is a `LodestoreError`. */
export interface ArchiveCalls extends LookCalls {
  /** `since`: what `verifyStart` gave as the reference of an archive. `manifest`: JSON `ArchiveManifest`. `reference`: by what it is followed. */
  backupStart(
    optionsJson: string,
    since: Uint8Array | undefined,
    lock: Lock,
    progress?: ProgressSink,
  ): Promise<{ handle: number; manifest: string; reference: Uint8Array }>;
  backupNext(handle: number): Promise<Uint8Array | undefined>;
  backupClose(handle: number): Soon<void>;
  /** Of archives, up to a point if there is one. */
  stageStart(pointJson: string | undefined): Promise<number>;
  /** Of what the database was. */
  stagePast(pointJson: string, progress?: ProgressSink): Promise<number>;
  /** The next archive begins; its bytes follow. */
  stageAdd(handle: number, lock: Lock, totalBytes: number): Promise<void>;
  stageWrite(handle: number, bytes: Uint8Array): Promise<void>;
  /** The archive ends here. JSON `ArchiveManifest`; undefined for one of an older version. */
  stageAdded(handle: number): Promise<string | undefined>;
  /** Ends the content phase. JSON `ImportResult`. */
  stageFinish(
    handle: number,
    progress?: ProgressSink,
  ): Promise<{ result: string; seq: number; timeMs: number }>;
  /** Works on the index for so long: steps that are left. */
  stageIndex(handle: number, ms: number): Promise<number>;
  stageRead(handle: number, method: PastMethod, args: unknown[]): Promise<unknown>;
  /** `moreJson`: an object, whose fields the entry about it puts to the result. JSON `ImportResult`. */
  stageCommit(handle: number, moreJson: string, progress?: ProgressSink): Promise<string>;
  stageAbort(handle: number): Promise<void>;
}

/** Every one of them, by name. */
export const ARCHIVE_METHODS = [
  'lookStart',
  'lookWrite',
  'lookFinish',
  'lookClose',
  'backupStart',
  'backupNext',
  'backupClose',
  'stageStart',
  'stagePast',
  'stageAdd',
  'stageWrite',
  'stageAdded',
  'stageFinish',
  'stageIndex',
  'stageRead',
  'stageCommit',
  'stageAbort',
] as const satisfies readonly (keyof ArchiveCalls)[];

export type ArchiveMethod = (typeof ARCHIVE_METHODS)[number];

/**
 * Those of an engine that is somewhere else: each becomes one call with a name. `looks`: where archives are looked at, if that
 * is not there as well.
 */
export function remoteArchives(
  call: <T>(
    method: ArchiveMethod,
    args: unknown[],
    transfer?: Transferable[],
    progress?: ProgressSink,
  ) => Promise<T>,
  looks?: LookCalls,
): ArchiveCalls {
  const remote: LookCalls = {
    lookStart: (level, lock, totalBytes) => call('lookStart', [level, lock, totalBytes]),
    lookWrite: (handle, bytes, progress) => {
      const own = bytes.slice();
      return call('lookWrite', [handle, own], [own.buffer], progress);
    },
    lookFinish: (handle, progress) => call('lookFinish', [handle], [], progress),
    lookClose: (handle) => call('lookClose', [handle]),
  };
  const { lookStart, lookWrite, lookFinish, lookClose } = looks ?? remote;
  return {
    lookStart: lookStart.bind(looks),
    lookWrite: lookWrite.bind(looks),
    lookFinish: lookFinish.bind(looks),
    lookClose: lookClose.bind(looks),
    backupStart: (optionsJson, since, lock, progress) =>
      call('backupStart', [optionsJson, since?.slice(), lock], [], progress),
    backupNext: (handle) => call('backupNext', [handle]),
    backupClose: (handle) => call('backupClose', [handle]),
    stageStart: (pointJson) => call('stageStart', [pointJson]),
    stagePast: (pointJson, progress) => call('stagePast', [pointJson], [], progress),
    stageAdd: (handle, lock, totalBytes) => call('stageAdd', [handle, lock, totalBytes]),
    stageWrite: (handle, bytes) => {
      const own = bytes.slice();
      return call('stageWrite', [handle, own], [own.buffer]);
    },
    stageAdded: (handle) => call('stageAdded', [handle]),
    stageFinish: (handle, progress) => call('stageFinish', [handle], [], progress),
    stageIndex: (handle, ms) => call('stageIndex', [handle, ms]),
    stageRead: (handle, method, args) => call('stageRead', [handle, method, args]),
    stageCommit: (handle, moreJson, progress) => call('stageCommit', [handle, moreJson], [], progress),
    stageAbort: (handle) => call('stageAbort', [handle]),
  };
}
