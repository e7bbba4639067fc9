/** The follower's side: calls go to the leader of another context. */

import { unavailable } from '../fault.js';
import type { ProgressSink } from '../progress.js';
import { RpcClient } from '../rpc.js';
import { Channel } from './channel.js';
import type { Place } from './place.js';
import { sessionChannel } from './session.js';

/**
 * Writes that are under way at once: half of what the database remembers of each context, so that a new leader can
 * say what became of them.
 */
const WRITES_MAX = 32;

export class Follower implements Place {
  readonly leader: string;
  readonly term: number;
  readonly session: string;
  over = false;
  seq = 0;
  /** How long it was asked for a sign of life since the last one came, ms. */
  silentMs = 0;
  /** Until when silence means nothing: the leader said that it is busy. */
  excusedUntil = 0;
  readonly #channel: Channel;
  readonly #rpc: RpcClient;
  #writes = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(base: string, leader: string, term: number, session: string) {
    this.leader = leader;
    this.term = term;
    this.session = session;
    this.#channel = new Channel(sessionChannel(base, session));
    this.#rpc = new RpcClient(this.#channel);
    const receive = this.#channel.onmessage;
    this.#channel.onmessage = (event) => {
      this.silentMs = 0;
      this.excusedUntil = 0;
      receive?.(event);
    };
  }

  async run(method: string, args: unknown[], progress: ProgressSink | undefined): Promise<unknown> {
    if (method !== 'named') return this.#rpc.call(method, args, [], progress);
    if (this.#writes >= WRITES_MAX) await new Promise<void>((go) => this.#waiting.push(go));
    this.#writes += 1;
    try {
      return await this.#rpc.call(method, args);
    } finally {
      this.#writes -= 1;
      this.#waiting.shift()?.();
    }
  }

  /** Asks for a sign of life. */
  probe(): void {
    this.#rpc.call('ping', []).catch(() => undefined);
  }

  /** Gives up what was not answered: the calls fail, with `over` set, and are asked again elsewhere. */
  end(): void {
    if (this.over) return;
    this.over = true;
    this.#channel.close();
    this.#rpc.fail(unavailable('the tab that ran the database went away'));
  }
}
