/** The leader's side: the engine that owns the storage, asked by this context and by the sessions of the others. */

import { type Change, changeOf, noted, seqOf } from '../changes.js';
import { callMethod, type Engine, type QueryAsk } from '../engine.js';
import { MANY } from '../query.js';
import { isFallen } from '../fault.js';
import type { ProgressSink } from '../progress.js';
import type { WriteResult } from '../types.js';
import { isOvertaken, type Place } from './place.js';
import { Session } from './session.js';

export interface LeaderEvents {
  /** A write was committed. `others` says whether anybody follows. */
  changed(change: Change, others: boolean): void;
  /** Rows were written while nobody follows. False where somebody here wants to know which. */
  untold(seq: number): boolean;
  /** This context is going to answer nobody for a while. */
  busy(): void;
  /** The storage belongs to somebody else by now. */
  overtaken(): void;
  /** The engine is no more: its module failed. */
  fallen(): void;
}

export class Leader implements Place {
  readonly leader: string;
  readonly term: number;
  readonly engine: Engine;
  over = false;
  #seq: number;
  readonly #base: string;
  readonly #events: LeaderEvents;
  readonly #sessions = new Map<string, Session>();

  /** `seq` is that of the last write of `engine`. */
  constructor(base: string, leader: string, term: number, engine: Engine, seq: number, events: LeaderEvents) {
    this.#base = base;
    this.leader = leader;
    this.term = term;
    this.engine = engine;
    this.#seq = seq;
    this.#events = events;
  }

  get seq(): number {
    return this.#seq;
  }

  async run(method: string, args: unknown[], progress: ProgressSink | undefined): Promise<unknown> {
    if (method === 'query') this.begin(args[2] as QueryAsk);
    try {
      const result = await callMethod(
        this.engine,
        method,
        progress === undefined ? args : [...args, progress],
      );
      const [asked, own] = method === 'named' ? [String(args[1]), args[2] as unknown[]] : [method, args];
      await this.#note(asked, own, result);
      return result;
    } catch (error) {
      this.refused(method, args, error);
      throw error;
    }
  }

  /** A write of rows, made by the engine itself, was answered. */
  wrote(method: string, args: unknown[], result: WriteResult): void {
    this.#seq = Math.max(this.#seq, result.seq);
    if (this.over || (this.#sessions.size === 0 && this.#events.untold(result.seq))) return;
    const change = changeOf(method, args, result, 0);
    if (change !== undefined) this.#events.changed(change, this.#sessions.size > 0);
  }

  /** A call failed with this, perhaps because somebody else owns the storage by now. */
  refused(method: string, args: unknown[], error: unknown): void {
    if (!this.over && isOvertaken(method, args, error)) this.#events.overtaken();
    this.failed(error);
  }

  /** A call failed with this. */
  failed(error: unknown): void {
    if (!this.over && isFallen(error)) this.#events.fallen();
  }

  /** Many queries in one call run without a pause: the others are told, or they would take this for a standstill. */
  begin({ flags }: QueryAsk): void {
    if (flags & MANY && this.#sessions.size > 0) this.#events.busy();
  }

  /** Opens a session for a follower. One that there is already stays. */
  join(session: string): void {
    if (this.over || this.#sessions.has(session)) return;
    const ended = () => void this.#sessions.delete(session);
    this.#sessions.set(session, new Session(this.#base, session, this, ended));
  }

  leave(session: string): void {
    this.#sessions.get(session)?.end();
  }

  /** Answers nobody any more. What runs, runs on. */
  end(): void {
    this.over = true;
    for (const session of [...this.#sessions.values()]) session.mute();
    this.#sessions.clear();
  }

  async #note(method: string, args: unknown[], result: unknown): Promise<void> {
    this.#seq = Math.max(this.#seq, seqOf(method, result) ?? 0);
    if (this.over) return;
    const change = await noted(this.engine, method, args, result);
    if (change === undefined || this.over) return;
    this.#seq = Math.max(this.#seq, change.seq);
    this.#events.changed(change, this.#sessions.size > 0);
  }
}
