/** An engine in a dedicated worker: the same methods, each a message. */

import type { Answer, Engine, EngineOptions, QueryAsk } from './engine.js';
import { closed, unavailable } from './fault.js';
import type { ProgressSink } from './progress.js';
import { RpcClient } from './rpc.js';
import type { LodestoreError } from './errors.js';
import { PAGE_HIDDEN, watchPageHide } from './storage/lock.js';

/** Runs the store in a worker of its own, so that this context never blocks. */
export class WorkerEngine implements Engine {
  readonly #worker: Worker;
  readonly #rpc: RpcClient;
  readonly #stopWatching: () => void;
  #closing: Promise<void> | undefined;

  private constructor(worker: Worker) {
    this.#worker = worker;
    this.#rpc = new RpcClient(worker);
    worker.onerror = (event) => {
      event.preventDefault();
      this.#lost(event.message || 'its script could not be loaded');
    };
    worker.onmessageerror = () => this.#lost('a message from it could not be read');
    // The worker is not told that its page is left. It would hold the database's lock for as long as the browser
    // keeps the page; what was acknowledged is stored, so it can end here and now.
    this.#stopWatching = watchPageHide(() => {
      this.#closing ??= Promise.resolve();
      this.#end(closed(`the database was closed: ${PAGE_HIDDEN}`));
    });
  }

  /** Opens the database in `worker`, which from then on belongs to this engine. */
  static async open(
    worker: Worker,
    module: WebAssembly.Module | undefined,
    name: string,
    options: EngineOptions,
    progress?: ProgressSink,
  ): Promise<WorkerEngine> {
    const engine = new WorkerEngine(worker);
    try {
      await engine.#rpc.call('open', [module, name, options], [], progress);
      return engine;
    } catch (error) {
      engine.#end(closed('the database was never opened'));
      throw error;
    }
  }

  openReport(): Promise<string> {
    return this.#rpc.call('openReport', []);
  }

  collection(name: string, configJson: string | undefined): Promise<string> {
    return this.#rpc.call('collection', [name, configJson]);
  }

  collections(): Promise<string> {
    return this.#rpc.call('collections', []);
  }

  dropCollection(name: string): Promise<string> {
    return this.#rpc.call('dropCollection', [name]);
  }

  upsert(
    name: string,
    idsJson: string,
    vectors: Float32Array,
    metadataJson: string | undefined,
  ): Promise<string> {
    const own = vectors.slice();
    return this.#rpc.call('upsert', [name, idsJson, own, metadataJson], [own.buffer]);
  }

  updateMetadata(name: string, targetJson: string, metadataJson: string, mode: string): Promise<string> {
    return this.#rpc.call('updateMetadata', [name, targetJson, metadataJson, mode]);
  }

  delete(name: string, targetJson: string): Promise<string> {
    return this.#rpc.call('delete', [name, targetJson]);
  }

  query(name: string, vectors: Float32Array, ask: QueryAsk): Promise<Answer> {
    // A copy: cloning a view would clone the whole of its buffer.
    const own = vectors.slice();
    return this.#rpc.call('query', [name, own, ask], [own.buffer]);
  }

  get(name: string, idsJson: string, optionsJson: string): Promise<Answer> {
    return this.#rpc.call('get', [name, idsJson, optionsJson]);
  }

  list(name: string, optionsJson: string): Promise<Answer> {
    return this.#rpc.call('list', [name, optionsJson]);
  }

  count(name: string, filterJson: string | undefined): Promise<number> {
    return this.#rpc.call('count', [name, filterJson]);
  }

  optimize(name: string, run: number, progress?: ProgressSink): Promise<void> {
    return this.#rpc.call('optimize', [name, run], [], progress);
  }

  optimizeStop(run: number): Promise<void> {
    return this.#rpc.call('optimizeStop', [run]);
  }

  checkpoint(progress?: ProgressSink): Promise<string> {
    return this.#rpc.call('checkpoint', [], [], progress);
  }

  check(progress?: ProgressSink): Promise<string> {
    return this.#rpc.call('check', [], [], progress);
  }

  stats(): Promise<string> {
    return this.#rpc.call('stats', []);
  }

  exportStart(): Promise<{ handle: number; totalBytes: number }> {
    return this.#rpc.call('exportStart', []);
  }

  exportNext(handle: number): Promise<Uint8Array | undefined> {
    return this.#rpc.call('exportNext', [handle]);
  }

  exportClose(handle: number): Promise<void> {
    return this.#rpc.call('exportClose', [handle]);
  }

  importStart(optionsJson: string): Promise<number> {
    return this.#rpc.call('importStart', [optionsJson]);
  }

  importWrite(handle: number, bytes: Uint8Array): Promise<void> {
    const own = bytes.slice();
    return this.#rpc.call('importWrite', [handle, own], [own.buffer]);
  }

  importFinish(handle: number, progress?: ProgressSink): Promise<string> {
    return this.#rpc.call('importFinish', [handle], [], progress);
  }

  importAbort(handle: number): Promise<void> {
    return this.#rpc.call('importAbort', [handle]);
  }

  rebuildStart(name: string, configJson: string, hasEmbed: boolean): Promise<number | undefined> {
    return this.#rpc.call('rebuildStart', [name, configJson, hasEmbed]);
  }

  rebuildNext(handle: number, max: number): Promise<string | undefined> {
    return this.#rpc.call('rebuildNext', [handle, max]);
  }

  rebuildPut(handle: number, vectors: Float32Array): Promise<void> {
    const own = vectors.slice();
    return this.#rpc.call('rebuildPut', [handle, own], [own.buffer]);
  }

  rebuildProgress(handle: number): Promise<string> {
    return this.#rpc.call('rebuildProgress', [handle]);
  }

  rebuildCommit(handle: number, progress?: ProgressSink): Promise<string | undefined> {
    return this.#rpc.call('rebuildCommit', [handle], [], progress);
  }

  rebuildAbort(handle: number): Promise<void> {
    return this.#rpc.call('rebuildAbort', [handle]);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    try {
      await this.#rpc.call('close', []);
    } finally {
      this.#end(closed('the database was closed; open it again'));
    }
  }

  #lost(why: string): void {
    // A worker that threw where nobody caught it may hold half a state; what is stored is whole.
    this.#end(unavailable(`the worker that ran the database stopped (${why}); open the database again`));
  }

  /** Ends the worker; whatever is called from here on, or waits for an answer, gets `error`. */
  #end(error: LodestoreError): void {
    this.#stopWatching();
    this.#worker.terminate();
    this.#rpc.fail(error);
  }
}
