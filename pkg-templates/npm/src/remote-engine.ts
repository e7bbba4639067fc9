/** An engine that is somewhere else: every method becomes one call with a name. */

import type {
  Answer,
  Engine,
  EngineMethod,
  NamedMethod,
  PastMethod,
  QueryAsk,
  RequestName,
  Soon,
  UpkeepMethod,
} from './engine.js';
import { type ArchiveCalls, type LookCalls, remoteArchives } from './archive/calls.js';
import type { ProgressSink } from './progress.js';
import type { WriteResult } from './types.js';

/** Vectors and bytes are copied once, so that the caller may use its arrays again at once and the copies can move. */
export abstract class RemoteEngine implements Engine {
  readonly archives: ArchiveCalls;

  /** `looks`: where archives are looked at, if that is not over there. */
  constructor(looks?: LookCalls) {
    this.archives = remoteArchives((...asked) => this.call(...asked), looks);
  }

  /** Runs `method` over there. What is in `transfer` may be moved. */
  protected abstract call<T>(
    method: EngineMethod,
    args: unknown[],
    transfer?: Transferable[],
    progress?: ProgressSink,
  ): Promise<T>;

  abstract close(): Promise<void>;

  named(request: RequestName, method: NamedMethod, args: unknown[]): Promise<unknown> {
    return this.call('named', [request, method, args]);
  }

  openReport(): Promise<string> {
    return this.call('openReport', []);
  }

  collection(name: string, configJson: string | undefined): Promise<string> {
    return this.call('collection', [name, configJson]);
  }

  collections(): Promise<string> {
    return this.call('collections', []);
  }

  dropCollection(name: string): Promise<WriteResult> {
    return this.call('dropCollection', [name]);
  }

  upsert(
    name: string,
    idsJson: string,
    vectors: Float32Array,
    metadataJson: string | undefined,
  ): Promise<WriteResult> {
    const own = vectors.slice();
    return this.call('upsert', [name, idsJson, own, metadataJson], [own.buffer]);
  }

  updateMetadata(name: string, targetJson: string, metadataJson: string, mode: string): Promise<WriteResult> {
    return this.call('updateMetadata', [name, targetJson, metadataJson, mode]);
  }

  delete(name: string, targetJson: string): Promise<WriteResult> {
    return this.call('delete', [name, targetJson]);
  }

  query(name: string, vectors: Float32Array, ask: QueryAsk): Soon<Answer> {
    // A copy: cloning a view would clone the whole of its buffer.
    const own = vectors.slice();
    return this.call('query', [name, own, ask], [own.buffer]);
  }

  get(name: string, idsJson: string, optionsJson: string): Promise<Answer> {
    return this.call('get', [name, idsJson, optionsJson]);
  }

  list(name: string, optionsJson: string): Promise<Answer> {
    return this.call('list', [name, optionsJson]);
  }

  count(name: string, filterJson: string | undefined): Promise<number> {
    return this.call('count', [name, filterJson]);
  }

  optimize(name: string, run: number, progress?: ProgressSink): Promise<void> {
    return this.call('optimize', [name, run], [], progress);
  }

  optimizeStop(run: number): Promise<void> {
    return this.call('optimizeStop', [run]);
  }

  checkpoint(progress?: ProgressSink): Promise<string> {
    return this.call('checkpoint', [], [], progress);
  }

  check(repair: boolean, run: number, progress?: ProgressSink): Promise<string> {
    return this.call('check', [repair, run], [], progress);
  }

  quarantine(): Promise<string> {
    return this.call('quarantine', []);
  }

  quarantineRead(name: string, at: number): Promise<Uint8Array> {
    return this.call('quarantineRead', [name, at]);
  }

  quarantineDrop(name: string | undefined): Promise<void> {
    return this.call('quarantineDrop', [name]);
  }

  stats(): Promise<string> {
    return this.call('stats', []);
  }

  lastWrite(): Promise<number> {
    return this.call('lastWrite', []);
  }

  history(): Promise<string> {
    return this.call('history', []);
  }

  pastStart(pointJson: string): Promise<{ handle: number; seq: number; timeMs: number }> {
    return this.call('pastStart', [pointJson]);
  }

  pastRead(handle: number, method: PastMethod, args: unknown[]): Promise<unknown> {
    return this.call('pastRead', [handle, method, args]);
  }

  pastRestore(handle: number, progress?: ProgressSink): Promise<string> {
    return this.call('pastRestore', [handle], [], progress);
  }

  pastClose(handle: number): Promise<void> {
    return this.call('pastClose', [handle]);
  }

  upkeep(method: UpkeepMethod, first?: string, details?: string): Promise<unknown> {
    return this.call('upkeep', [method, first, details]);
  }

  exportStart(): Promise<{ handle: number; totalBytes: number }> {
    return this.call('exportStart', []);
  }

  exportNext(handle: number): Promise<Uint8Array | undefined> {
    return this.call('exportNext', [handle]);
  }

  exportClose(handle: number): Promise<void> {
    return this.call('exportClose', [handle]);
  }

  importStart(optionsJson: string): Promise<number> {
    return this.call('importStart', [optionsJson]);
  }

  importWrite(handle: number, bytes: Uint8Array): Promise<void> {
    const own = bytes.slice();
    return this.call('importWrite', [handle, own], [own.buffer]);
  }

  importFinish(handle: number, progress?: ProgressSink): Promise<string> {
    return this.call('importFinish', [handle], [], progress);
  }

  importAbort(handle: number): Promise<void> {
    return this.call('importAbort', [handle]);
  }

  rebuildStart(name: string, configJson: string, hasEmbed: boolean): Promise<number | undefined> {
    return this.call('rebuildStart', [name, configJson, hasEmbed]);
  }

  rebuildNext(handle: number, max: number): Promise<string | undefined> {
    return this.call('rebuildNext', [handle, max]);
  }

  rebuildPut(handle: number, vectors: Float32Array): Promise<void> {
    const own = vectors.slice();
    return this.call('rebuildPut', [handle, own], [own.buffer]);
  }

  rebuildProgress(handle: number): Promise<string> {
    return this.call('rebuildProgress', [handle]);
  }

  rebuildCommit(handle: number, progress?: ProgressSink): Promise<string | undefined> {
    return this.call('rebuildCommit', [handle], [], progress);
  }

  rebuildAbort(handle: number): Promise<void> {
    return this.call('rebuildAbort', [handle]);
  }
}
