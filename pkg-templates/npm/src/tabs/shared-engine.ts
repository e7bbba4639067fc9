/** An engine that several contexts share: each call goes to where the database is run now. */

import type { Changes } from '../changes.js';
import { seqOf } from '../changes.js';
import {
  type Answer,
  type Engine,
  type EngineMethod,
  NAMED_METHODS,
  type QueryAsk,
  type RequestName,
  type Soon,
} from '../engine.js';
import { LookDesk } from '../archive/looks.js';
import { unavailable } from '../fault.js';
import type { ProgressSink } from '../progress.js';
import { RemoteEngine } from '../remote-engine.js';
import type { Stats, WriteResult } from '../types.js';
import { Copies } from './copies.js';
import { HANDLE_ENDS, Handles } from './handles.js';
import { Leader } from './leader.js';
import { Membership, type Terms } from './membership.js';
import { isOvertaken, type Place } from './place.js';

/** A call that was carried from one leader to the next this often is given up. */
const PLACES_MAX = 20;

const NAMED: ReadonlySet<string> = new Set(NAMED_METHODS);

export class SharedEngine extends RemoteEngine {
  readonly #membership: Membership;
  /** Where leaders are pages: another page must not stand still for what this one looks at. */
  readonly #looks: LookDesk | undefined;
  readonly #handles = new Handles();
  readonly #copies = new Copies();
  /** Below 2^53, so that it is exact as a number. */
  readonly #client = randomName();
  readonly #unwatch: () => void;
  #counter = 0;
  /** The newest write that was heard of here. */
  #seen = 0;

  private constructor(membership: Membership, looks: LookDesk | undefined) {
    super(looks);
    this.#looks = looks;
    this.#membership = membership;
    this.#unwatch = watchPage(
      () => membership.suspend(),
      () => void membership.start(),
    );
  }

  /** `inWorker`: whether whoever leads has its engine in a worker. */
  static async open(terms: Terms, changes: Changes, inWorker: boolean): Promise<SharedEngine> {
    const membership = new Membership(terms, changes);
    const engine = new SharedEngine(membership, inWorker ? undefined : new LookDesk());
    try {
      await membership.start();
      await membership.watched(membership.find());
      return engine;
    } catch (error) {
      await engine.close().catch(() => undefined);
      throw error;
    }
  }

  // Reads are answered at once where the engine is here, as they are without sharing.
  override query(name: string, vectors: Float32Array, ask: QueryAsk): Soon<Answer> {
    const place = this.#membership.place;
    if (!(place instanceof Leader)) return super.query(name, vectors, ask);
    place.begin(ask);
    try {
      const answer = place.engine.query(name, vectors, ask);
      if (answer instanceof Promise) answer.catch((error: unknown) => place.failed(error));
      return answer;
    } catch (error) {
      place.failed(error);
      throw error;
    }
  }

  override upsert(
    name: string,
    idsJson: string,
    vectors: Float32Array,
    metadataJson: string | undefined,
  ): Promise<WriteResult> {
    if (this.#here === undefined) return super.upsert(name, idsJson, vectors, metadataJson);
    // A copy, since it may be asked for again elsewhere, when the caller has put something else there.
    const own = this.#copies.take(vectors);
    return this.#write('upsert', [name, idsJson, own, metadataJson], own);
  }

  override updateMetadata(...args: [string, string, string, string]): Promise<WriteResult> {
    return this.#write('updateMetadata', args);
  }

  override delete(...args: [string, string]): Promise<WriteResult> {
    return this.#write('delete', args);
  }

  override async stats(): Promise<string> {
    const stats = JSON.parse(await super.stats()) as Stats;
    stats.role = this.#here === undefined ? 'follower' : 'leader';
    return JSON.stringify(stats);
  }

  async close(): Promise<void> {
    this.#unwatch();
    await this.#looks?.quiet();
    this.#looks?.end();
    await this.#membership.close();
  }

  get #here(): Engine | undefined {
    const place = this.#membership.place;
    return place instanceof Leader ? place.engine : undefined;
  }

  protected call<T>(
    method: EngineMethod,
    args: unknown[],
    _transfer?: Transferable[],
    progress?: ProgressSink,
  ): Promise<T> {
    const work = this.#handles.uses(method)
      ? this.#callHandle(method, args, progress)
      : this.#callAnywhere(method, args, progress);
    return this.#membership.watched(work) as Promise<T>;
  }

  /** A write of rows: straight to the engine where that is here, since every turn of the queue counts for one row. */
  #write(
    method: 'upsert' | 'updateMetadata' | 'delete',
    args: unknown[],
    own?: Float32Array,
  ): Promise<WriteResult> {
    const place = this.#membership.place;
    if (!(place instanceof Leader)) return this.call(method, args);
    const name: RequestName = [this.#client, ++this.#counter, undefined];
    const seen = (this.#seen = Math.max(this.#seen, place.seq));
    return place.engine.named(name, method, args).then(
      (result) => {
        place.wrote(method, args, result as WriteResult);
        this.#seen = Math.max(this.#seen, place.seq);
        if (own !== undefined) this.#copies.giveBack(own);
        return result as WriteResult;
      },
      async (error: unknown) => {
        place.refused(method, args, error);
        if (!isOver(place, method, args, error)) throw error;
        name[2] = seen;
        await nextTask();
        const again = this.#callAnywhere(method, args, undefined, name, seen);
        return this.#membership.watched(again) as Promise<WriteResult>;
      },
    );
  }

  /** Asks, and asks again elsewhere when the place went away before it answered. */
  async #callAnywhere(
    method: EngineMethod,
    args: unknown[],
    progress: ProgressSink | undefined,
    name: RequestName | undefined = NAMED.has(method)
      ? [this.#client, ++this.#counter, undefined]
      : undefined,
    seen?: number,
  ) {
    for (let left = PLACES_MAX; ; left -= 1) {
      const place = await this.#membership.find();
      seen ??= this.#seen = Math.max(this.#seen, place.seq);
      try {
        const result = await (name === undefined
          ? place.run(method, args, progress)
          : place.run('named', [name, method, args], progress));
        this.#seen = Math.max(this.#seen, seqOf(method, result) ?? 0);
        return this.#handles.enter(place, method, result);
      } catch (error) {
        if (!isOver(place, method, args, error) || left === 0) throw error;
        // It may have been made: from here on it is only made if it was not.
        if (name !== undefined) name[2] = seen;
        await nextTask();
      }
    }
  }

  async #callHandle(method: EngineMethod, args: unknown[], progress: ProgressSink | undefined) {
    const known = this.#handles.find(args[0]);
    const ends = HANDLE_ENDS.has(method);
    if (ends) this.#handles.forget(args[0]);
    if (known === undefined || known.place.over) {
      if (ends) return undefined;
      throw this.#membership.failure ?? gone(method);
    }
    const { place, handle } = known;
    try {
      return await place.run(method, [handle, ...args.slice(1)], progress);
    } catch (error) {
      if (!isOver(place, method, args, error)) throw error;
      if (ends) return undefined;
      throw this.#membership.failure ?? gone(method);
    }
  }
}

function isOver(place: Place, method: string, args: unknown[], error: unknown): boolean {
  return place.over || isOvertaken(method, args, error);
}

function gone(method: string) {
  const outcome = /Finish|Commit|Restore/.test(method)
    ? 'whether it was finished is not known: look before you start again'
    : 'start again';
  return unavailable(`the tab or worker that ran the database went away in the middle of this; ${outcome}`);
}

/** A place that is over is told to go; nothing is asked again before that was heard. */
function nextTask(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

function randomName(): number {
  const [high = 0, low = 0] = crypto.getRandomValues(new Uint32Array(2));
  return (high & 0x1fffff) * 2 ** 32 + low;
}

/**
 * A page that is left may stand still in the back/forward cache, and one in the background may be frozen: it lets go
 * before, and takes part again when it is back. Workers are not told; what stands still with one is noticed by others.
 */
function watchPage(hidden: () => void, shown: () => void): () => void {
  if (typeof document === 'undefined') return () => undefined;
  const events: [EventTarget, string, () => void][] = [
    [globalThis, 'pagehide', hidden],
    [globalThis, 'pageshow', shown],
    [document, 'freeze', hidden],
    [document, 'resume', shown],
  ];
  for (const [target, event, listener] of events) target.addEventListener(event, listener);
  return () => {
    for (const [target, event, listener] of events) target.removeEventListener(event, listener);
  };
}
