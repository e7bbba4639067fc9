/** An engine on WebAssembly in this very context. */

import type {
  Answer,
  Engine,
  EngineOptions,
  NamedMethod,
  PastMethod,
  QueryAsk,
  RequestName,
  Soon,
  UpkeepMethod,
} from './engine.js';
import { ArchiveDesk } from './archive/desk.js';
import { readOf } from './past-read.js';
import { type LodestoreError, toLodestoreError } from './errors.js';
import { Handles, handleClosed } from './handles.js';
import { StorageHost } from './host.js';
import { hasMore, loadMore } from './load.js';
import type { ProgressSink } from './progress.js';
import { salvaged } from './salvage.js';
import { claim, type Lock, pickStorage } from './storage/index.js';
import { Shell } from './storage/shell.js';
import { type Known, statsOf } from './store-stats.js';
import { answered, checkWhole, fallen, isBroken, orFallen } from './trap.js';
import type { OpenReport, StorageObject, WriteResult } from './types.js';
import type { WasmAnswer, WasmExport, WasmIntake, WasmPast, WasmRebuild } from './wasm-api.js';
import type { WasmStore, WasmStoreClass } from './wasm-api.js';

/** Runs the store here: queries are synchronous underneath, long work yields through the host. */
export class DirectEngine implements Engine {
  readonly #store: WasmStore;
  readonly #storage: StorageObject;
  readonly #host: StorageHost;
  readonly #lock: Lock | undefined;
  readonly #sinks: Set<ProgressSink>;
  readonly #pasts = new Handles<WasmPast>('view of the past');
  readonly #exports = new Handles<WasmExport>('export');
  readonly #imports = new Handles<WasmIntake>('import');
  readonly #rebuilds = new Handles<WasmRebuild>('rebuild');
  readonly archives = new ArchiveDesk({
    now: (work) => this.#now(work),
    later: (work, progress) => this.#later(work, progress),
    more: (work, progress) => this.#more(work, progress),
    keys: () => this.#host.keys,
  });
  readonly #known: Known;
  /** What salvage adds to the open report. */
  readonly #salvaged: Partial<OpenReport>;
  /** Settles when the import that is being finished ends: what it loads cannot be read before. */
  #loading: Promise<unknown> | undefined;
  #closing: Promise<void> | undefined;

  private constructor(
    store: WasmStore,
    storage: StorageObject,
    host: StorageHost,
    lock: Lock | undefined,
    sinks: Set<ProgressSink>,
    known: Known,
    salvaged: Partial<OpenReport>,
  ) {
    this.#store = store;
    this.#storage = storage;
    this.#host = host;
    this.#lock = lock;
    this.#sinks = sinks;
    this.#known = known;
    this.#salvaged = salvaged;
  }

  /** Picks the storage and opens the store on it; if that fails, the storage's locks are let go. */
  static async open(
    wasm: WasmStoreClass,
    name: string,
    options: EngineOptions,
    progress?: ProgressSink,
  ): Promise<DirectEngine> {
    const { durability, directory, checkpointLogBytes, salvage, shared } = options;
    const sinks = new Set<ProgressSink>(progress ? [progress] : []);
    let lock: Lock | undefined;
    try {
      checkWhole();
      // Our own storages have locks that reach further; an object has at least this one.
      if (typeof options.storage === 'object') lock = claim(options.storage, 'The storage object');
      const storage =
        typeof options.storage === 'object'
          ? options.storage
          : await pickStorage(options.storage, name, { durability, directory, held: shared !== undefined });
      try {
        checkWhole();
        // What comes out of WebAssembly was copied on the way, for this storage alone.
        if (storage instanceof Shell) storage.keepsBytes = true;
        const host = new StorageHost(storage, sinks);
        const given = JSON.stringify({ checkpointLogBytes, requests: shared !== undefined });
        const before = salvage ? await salvaged(host, given) : {};
        const store = await orFallen(wasm.open(host, given));
        const known: Known = { name, storage: storage.kind ?? 'custom', durability, role: 'sole' };
        return new DirectEngine(store, storage, host, lock, sinks, known, before);
      } catch (error) {
        await storage.close?.().catch(() => undefined); // The first failure is the one to tell.
        throw fallen(error);
      }
    } catch (error) {
      await lock?.release();
      throw toLodestoreError(error);
    } finally {
      if (progress) sinks.delete(progress);
    }
  }

  openReport(): string {
    const report = this.#now((store) => store.openReport());
    if (this.#salvaged.salvage === undefined) return report;
    return JSON.stringify({ ...(JSON.parse(report) as OpenReport), ...this.#salvaged });
  }

  collection(name: string, configJson: string | undefined): Promise<string> {
    return this.#later((store) => store.collection(name, configJson));
  }

  collections(): Soon<string> {
    return this.#read((store) => store.collections());
  }

  dropCollection(name: string): Promise<WriteResult> {
    return this.#write((store, answer) => store.dropCollection(name, answer));
  }

  upsert(
    name: string,
    idsJson: string,
    vectors: Float32Array,
    metadataJson: string | undefined,
  ): Promise<WriteResult> {
    return this.#write((store, answer) => store.upsert(name, idsJson, vectors, metadataJson, answer));
  }

  updateMetadata(name: string, targetJson: string, metadataJson: string, mode: string): Promise<WriteResult> {
    return this.#write((store, answer) => store.updateMetadata(name, targetJson, metadataJson, mode, answer));
  }

  delete(name: string, targetJson: string): Promise<WriteResult> {
    return this.#write((store, answer) => store.delete(name, targetJson, answer));
  }

  query(name: string, vectors: Float32Array, ask: QueryAsk): Soon<Answer> {
    return this.#read((store) => readOf.query(store, name, vectors, ask));
  }

  get(name: string, idsJson: string, optionsJson: string): Soon<Answer> {
    return this.#read((store) => readOf.get(store, name, idsJson, optionsJson));
  }

  list(name: string, optionsJson: string): Soon<Answer> {
    return this.#read((store) => readOf.list(store, name, optionsJson));
  }

  count(name: string, filterJson: string | undefined): Soon<number> {
    return this.#read((store) => store.count(name, filterJson));
  }

  optimize(name: string, run: number, progress?: ProgressSink): Promise<void> {
    return this.#more((store) => store.optimize(name, run), progress);
  }

  optimizeStop(run: number): void {
    this.#now((store) => store.optimizeStop(run));
  }

  checkpoint(progress?: ProgressSink): Promise<string> {
    return this.#later((store) => store.checkpoint(), progress);
  }

  check(repair: boolean, run: number, progress?: ProgressSink): Promise<string> {
    return this.#more((store) => store.check(repair, run), progress);
  }

  quarantine(): Promise<string> {
    return this.#more((store) => store.quarantine());
  }

  quarantineRead(name: string, at: number): Promise<Uint8Array> {
    return this.#more((store) => store.quarantineRead(name, at));
  }

  quarantineDrop(name: string | undefined): Promise<void> {
    return this.#more((store) => store.quarantineDrop(name));
  }

  stats(): Promise<string> {
    const loaded = Promise.resolve(this.#loading);
    return this.#later((store) => loaded.then(() => statsOf(store, this.#host, this.#known)));
  }

  lastWrite(): number {
    return this.#now((store) => store.lastWrite());
  }

  history(): Promise<string> {
    return this.#more((store) => store.history());
  }

  pastStart(pointJson: string): Promise<{ handle: number; seq: number; timeMs: number }> {
    return this.#more(async (store) => {
      const past = await store.asOf(pointJson);
      return { seq: past.seq(), timeMs: past.timeMs(), handle: this.#pasts.add(past) };
    });
  }

  async pastRead(handle: number, method: PastMethod, args: unknown[]): Promise<unknown> {
    const read = readOf[method] as (past: WasmPast, ...args: unknown[]) => unknown;
    return this.#now(() => read(this.#pasts.get(handle), ...args));
  }

  pastRestore(handle: number, progress?: ProgressSink): Promise<string> {
    return this.#later(() => this.#loads(this.#pasts.get(handle).restore()), progress);
  }

  pastClose(handle: number): void {
    this.#now(() => this.#pasts.end(handle));
  }

  upkeep(method: UpkeepMethod, first?: string, details?: string): Promise<unknown> {
    return this.#more((store) => store.upkeep(method, first, details));
  }

  exportStart(): Promise<{ handle: number; totalBytes: number }> {
    return this.#more(async (store) => {
      const running = await store.exportStart();
      return { handle: this.#exports.add(running), totalBytes: running.totalBytes() };
    });
  }

  exportNext(handle: number): Promise<Uint8Array | undefined> {
    return this.#later(() => this.#exports.get(handle).next());
  }

  exportClose(handle: number): void {
    this.#now(() => this.#exports.end(handle));
  }

  importStart(optionsJson: string): Promise<number> {
    return this.#more(async (store) => {
      const running = await store.importStart(optionsJson);
      if (this.#closing === undefined) return this.#imports.add(running);
      await running.abort();
      running.free();
      throw handleClosed();
    });
  }

  importWrite(handle: number, bytes: Uint8Array): Promise<void> {
    return this.#later(async () => void (await this.#imports.get(handle).write(bytes)));
  }

  importFinish(handle: number, progress?: ProgressSink): Promise<string> {
    return this.#later(async () => {
      const result = (await this.#loads(this.#imports.get(handle).finish())) as string;
      this.#imports.end(handle);
      return result;
    }, progress);
  }

  /** What cannot be read while this goes on can be when it ends. */
  #loads<T>(work: Promise<T>): Promise<T> {
    const over = () => (this.#loading = undefined);
    this.#loading = work.then(over, over);
    return work;
  }

  async importAbort(handle: number): Promise<void> {
    await this.#imports.find(handle)?.abort();
    this.#imports.end(handle);
  }

  async rebuildStart(name: string, configJson: string, hasEmbed: boolean): Promise<number | undefined> {
    // Without waiting where it is loaded: see `named`.
    if (!hasMore()) await loadMore();
    const configure = () => this.#write((store, answer) => store.configure(name, configJson, answer));
    if (!hasEmbed) return void (await configure());
    return this.#later(async (store) => this.#rebuilds.add(await store.rebuildStart(name, configJson)));
  }

  rebuildNext(handle: number, max: number): Promise<string | undefined> {
    return this.#later(() => this.#rebuilds.get(handle).next(max));
  }

  rebuildPut(handle: number, vectors: Float32Array): Promise<void> {
    return this.#later(() => this.#rebuilds.get(handle).put(vectors));
  }

  rebuildProgress(handle: number): string {
    return this.#now(() => this.#rebuilds.get(handle).progress());
  }

  rebuildCommit(handle: number, progress?: ProgressSink): Promise<string | undefined> {
    return this.#later(async () => {
      const result = await this.#rebuilds.get(handle).commit();
      if (result !== undefined) this.#rebuilds.end(handle);
      return result;
    }, progress);
  }

  rebuildAbort(handle: number): Promise<void> {
    return this.#later(async () => {
      await this.#rebuilds.find(handle)?.abort();
      this.#rebuilds.end(handle);
    });
  }

  named(request: RequestName, method: NamedMethod, args: unknown[]): Promise<unknown> {
    if (method === 'rebuildStart' && !hasMore())
      return loadMore().then(() => this.named(request, method, args));
    try {
      this.#now((store) => store.request(request[0], request[1], request[2]));
    } catch (error) {
      return Promise.reject(error as LodestoreError);
    }
    // Nothing may come between: the name is for the next write, which this calls before it returns.
    return (this[method] as (...args: unknown[]) => Promise<unknown>)(...args);
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async #close(): Promise<void> {
    try {
      // An import waits for its source, which may be silent for ever.
      if (!isBroken()) {
        await orFallen(Promise.allSettled(this.#imports.all().map((running) => running.abort())));
        await orFallen(this.archives.quiet());
        await orFallen(this.#store.close());
      }
    } catch (error) {
      throw toLodestoreError(fallen(error));
    } finally {
      // WebAssembly memory is not collected: what is not freed here stays for as long as the page does.
      for (const handles of [this.#imports, this.#exports, this.#rebuilds, this.#pasts]) handles.endAll();
      this.archives.end();
      this.#store.free();
      // Locks and handles go even when the last flush failed: the next opening reconciles.
      try {
        await this.#storage.close?.();
      } finally {
        await this.#lock?.release();
      }
    }
  }

  #now<T>(work: (store: WasmStore) => T): T {
    if (this.#closing !== undefined) throw handleClosed();
    checkWhole();
    try {
      return work(this.#store);
    } catch (error) {
      throw toLodestoreError(fallen(error));
    }
  }

  /** As `#now`; while an import is loaded, the answer comes when that is done. */
  #read<T>(work: (store: WasmStore) => T): Soon<T> {
    try {
      return this.#now(work);
    } catch (error) {
      if (this.#loading === undefined || (error as LodestoreError).code !== 'Unavailable') throw error;
      return this.#loading.then(() => this.#now(work));
    }
  }

  /** As `#later`, of what the second part has. */
  async #more<T>(work: (store: WasmStore) => Promise<T>, progress?: ProgressSink): Promise<T> {
    await loadMore();
    return this.#later(work, progress);
  }

  #later<T>(work: (store: WasmStore) => Promise<T>, progress?: ProgressSink): Promise<T> {
    if (progress === undefined) return this.#answer(work);
    this.#sinks.add(progress);
    return this.#answer(work).finally(() => this.#sinks.delete(progress));
  }

  // Not `async`, and as flat as can be: a promise more, and each call, counts for a write of one row.
  #answer<T>(work: (store: WasmStore) => Promise<T>): Promise<T> {
    try {
      return orFallen(this.#now(work));
    } catch (error) {
      return Promise.reject(error as LodestoreError);
    }
  }

  #write(work: (store: WasmStore, answer: WasmAnswer) => void): Promise<WriteResult> {
    return answered((answer) => {
      if (this.#closing !== undefined) throw handleClosed();
      work(this.#store, answer);
    });
  }
}
