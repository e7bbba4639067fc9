/** Where a call is run: by the engine of this context, or by the leader of another. */

import { LodestoreError } from '../errors.js';
import type { ProgressSink } from '../progress.js';

export interface Place {
  readonly leader: string;
  readonly term: number;
  /** The last write that was known when this place was taken. */
  readonly seq: number;
  /** True once nothing more can be asked here: what was not answered is to be asked elsewhere. */
  readonly over: boolean;
  run(method: string, args: unknown[], progress: ProgressSink | undefined): Promise<unknown>;
}

/** Methods that find out that somebody else owns the storage: their `Conflict` is about that and nothing else. */
const FENCED: ReadonlySet<string> = new Set([
  'collection',
  'dropCollection',
  'upsert',
  'updateMetadata',
  'delete',
  'checkpoint',
  'optimize',
  'check',
  'history',
  'pastStart',
  'pastRestore',
  'upkeep',
  'exportStart',
  'importStart',
  'importWrite',
  'backupStart',
  'stageStart',
  'stagePast',
  'stageFinish',
  'stageCommit',
  'importFinish',
]);

/** Whether a failure says that this engine was overtaken by another. */
export function isOvertaken(method: string, args: unknown[], error: unknown): boolean {
  const asked = method === 'named' ? String(args[1]) : method;
  return error instanceof LodestoreError && error.code === 'Conflict' && FENCED.has(asked);
}
