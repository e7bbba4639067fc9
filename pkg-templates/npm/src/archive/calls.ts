/** Archives and restores of a database, wherever it runs: the part of an engine that is about them. */

import type { PastMethod, Soon } from '../engine.js';
import type { ProgressSink } from '../progress.js';

/** A key or a passphrase, as it crosses to the engine. */
export interface Lock {
  key: Uint8Array | undefined;
  passphrase: string | undefined;
}

/** Handles are numbers. `progress` is always the last parameter. Every failure is a `LodestoreError`. */
export interface ArchiveCalls {
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
  /** JSON `ImportResult`. */
  stageCommit(handle: number, progress?: ProgressSink): Promise<string>;
  stageAbort(handle: number): Promise<void>;
}

/** Every one of them, by name. */
export const ARCHIVE_METHODS = [
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

/** Those of an engine that is somewhere else: each becomes one call with a name. */
export function remoteArchives(
  call: <T>(
    method: ArchiveMethod,
    args: unknown[],
    transfer?: Transferable[],
    progress?: ProgressSink,
  ) => Promise<T>,
): ArchiveCalls {
  return {
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
    stageCommit: (handle, progress) => call('stageCommit', [handle], [], progress),
    stageAbort: (handle) => call('stageAbort', [handle]),
  };
}
