/** An engine in a dedicated worker: the same methods, each a message. */

import type { EngineMethod, EngineOptions } from './engine.js';
import { closed, fallen } from './fault.js';
import type { ExplicitModules } from './load.js';
import type { ProgressSink } from './progress.js';
import { RemoteEngine } from './remote-engine.js';
import { RpcClient } from './rpc.js';
import type { LodestoreError } from './errors.js';
import { PAGE_HIDDEN, watchPageHide } from './storage/lock.js';

/** Runs the store in a worker of its own, so that this context never blocks. */
export class WorkerEngine extends RemoteEngine {
  readonly #worker: Worker;
  readonly #rpc: RpcClient;
  readonly #stopWatching: () => void;
  #closing: Promise<void> | undefined;

  private constructor(worker: Worker) {
    super();
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
    modules: ExplicitModules,
    name: string,
    options: EngineOptions,
    progress?: ProgressSink,
  ): Promise<WorkerEngine> {
    const engine = new WorkerEngine(worker);
    try {
      await engine.#rpc.call('open', [modules, name, options], [], progress);
      return engine;
    } catch (error) {
      engine.#end(closed('the database was never opened'));
      throw error;
    }
  }

  protected call<T>(
    method: EngineMethod,
    args: unknown[],
    transfer?: Transferable[],
    progress?: ProgressSink,
  ): Promise<T> {
    return this.#rpc.call(method, args, transfer, progress);
  }

  abandon(): void {
    this.#closing ??= Promise.resolve();
    this.#end(closed('the database is run elsewhere by now'));
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
    this.#end(fallen(1, ` (${why}); open the database again`));
  }

  /** Ends the worker; whatever is called from here on, or waits for an answer, gets `error`. */
  #end(error: LodestoreError): void {
    this.#stopWatching();
    this.#worker.terminate();
    this.#rpc.fail(error);
  }
}
