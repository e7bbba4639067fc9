/**
 * One context's part in a shared database. It follows the leader or, when it gets the lock, leads; over and over, as
 * leaders close, die, freeze or leave for the back/forward cache.
 */

import type { Changes } from '../changes.js';
import type { Engine, Office } from '../engine.js';
import { LodestoreError, toLodestoreError } from '../errors.js';
import { closed, isFallen, unavailable } from '../fault.js';
import { Channel } from './channel.js';
import { Election, type Seat } from './election.js';
import { Follower } from './follower.js';
import { Leader } from './leader.js';
import { Lookout } from './lookout.js';
import type { Place } from './place.js';
import { age, BUSY_MS, type Notice, outdated, PATIENCE_MS, type Said, VERSION } from './protocol.js';
import { aliveLock } from './session.js';
import { Waiters } from './waiters.js';

export interface Terms {
  /** Name of the lock and of the channels. */
  key: string;
  /** For messages. */
  label: string;
  durability: string;
  /** Opens the engine on the storage, whose lock is held. */
  open(office: Office): Promise<Engine>;
}

/** Failures that another try, or another tab, would meet as well. */
const FINAL: ReadonlySet<string> = new Set(['Corrupt', 'Version', 'Invalid', 'Quota', 'Mismatch', 'Evicted']);

/** An engine that could not be opened is tried again after this long, ms. */
const AGAIN_MS = 250;

export class Membership {
  readonly #terms: Terms;
  readonly #changes: Changes;
  readonly #election: Election;
  readonly #lookout: Lookout;
  readonly #waiters = new Waiters();
  #channel: Channel | undefined;
  /** This context while it takes part, in the names of its sessions and of its lock. */
  #token = '';
  #leave: () => void = () => undefined;
  #sessions = 0;
  #seat: Seat | undefined;
  /** Settles when the database was opened under that lock, or could not be. */
  #leading: Promise<void> | undefined;
  /** Since when the database cannot be opened. */
  #troubled: number | undefined;
  #place: Place | undefined;
  #joining: Follower | undefined;
  #lastTerm = 0;
  #hadPlace = false;
  #closing: Promise<void> | undefined;
  #failure: LodestoreError | undefined;

  constructor(terms: Terms, changes: Changes) {
    this.#terms = terms;
    this.#changes = changes;
    this.#election = new Election(
      terms.key,
      (seat) => void (this.#leading = this.#lead(seat)),
      (seat) => this.#deposed(seat),
    );
    this.#lookout = new Lookout({
      needed: () => this.#seat === undefined && this.#channel !== undefined && this.#waiters.any,
      follower: () => (this.#place instanceof Follower ? this.#place : undefined),
      seek: () => {
        this.#post({ type: 'who' });
        this.#election.renew();
      },
      lost: () => {
        this.#drop();
        void this.#election.seize(() => this.#lookout.isSilent && this.#seat === undefined);
      },
      giveUp: () =>
        this.#waiters.fail(
          unavailable(
            `${this.#terms.label} is held by a tab or worker that does not answer; close that one, or try again`,
          ),
        ),
    });
  }

  /** The place to ask now, if there is one. */
  get place(): Place | undefined {
    return this.#place?.over === false ? this.#place : undefined;
  }

  /** Why it takes part no more. */
  get failure(): LodestoreError | undefined {
    return this.#failure;
  }

  /** The place to ask, as soon as there is one. */
  async find(): Promise<Place> {
    if (this.#failure !== undefined) throw this.#failure;
    return this.place ?? this.#wait();
  }

  /** Sees to it that a leader that falls silent is noticed while `work` waits for it. */
  async watched<T>(work: Promise<T>): Promise<T> {
    const done = this.#waiters.enter();
    if (this.#seat === undefined) this.#lookout.start();
    try {
      return await work;
    } finally {
      done();
    }
  }

  /** Takes part, from now on or again. */
  async start(): Promise<void> {
    if (this.#channel !== undefined || this.#failure !== undefined) return;
    const { key } = this.#terms;
    const token = crypto.randomUUID();
    const channel = new Channel(key);
    this.#token = token;
    this.#channel = channel;
    channel.onmessage = (event) => this.#heard(event.data as Notice);
    // Before anybody hears of this token: who gets this lock takes its holder for gone.
    await new Promise<void>((held) => {
      const hold = (): Promise<void> => {
        held();
        return new Promise((end) => (this.#leave = end));
      };
      navigator.locks.request(aliveLock(key, token), hold).catch(() => held());
    });
    if (this.#channel !== channel) return;
    this.#election.stand();
    this.#post({ type: 'who' });
    this.#lookout.start();
  }

  /** Lets go of everything at once, without waiting: the page may stand still in the next moment. */
  suspend(): void {
    if (this.#channel === undefined) return;
    this.#election.withdraw();
    const place = this.#place;
    const seat = this.#seat;
    this.#seat = undefined;
    if (place instanceof Leader) {
      this.#post({ type: 'resigned', leader: place.leader });
      place.end();
      letGo(place.engine);
    }
    void seat?.release();
    this.#drop();
    this.#quit();
  }

  close(): Promise<void> {
    this.#failure ??= closed('the database was closed; open it again');
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#election.withdraw();
    // The lock is let go when nothing is opened under it any more.
    if (this.#seat !== undefined && this.#place === undefined) await this.#leading;
    const place = this.#place;
    const seat = this.#seat;
    try {
      // The leader finishes what it was asked before.
      if (place instanceof Leader) await place.engine.close();
    } finally {
      this.#seat = undefined;
      if (place instanceof Leader) {
        place.end();
        this.#post({ type: 'resigned', leader: place.leader });
      }
      await seat?.release();
      this.#drop();
      this.#waiters.fail(this.#failure ?? closed('the database was closed; open it again'));
      this.#quit();
    }
  }

  #quit(): void {
    this.#channel?.close();
    this.#channel = undefined;
    this.#leave();
  }

  /** For good: what waits, and what is asked from here on, fails. */
  #fail(failure: LodestoreError): void {
    this.#failure ??= failure;
    void this.close().catch(() => undefined);
  }

  #wait(): Promise<Place> {
    const place = this.#waiters.place();
    this.#lookout.start();
    return place;
  }

  #post(said: Said): void {
    this.#channel?.postMessage({ version: VERSION, ...said });
  }

  /** Leaves the place, for another one to be found. */
  #drop(): void {
    if (this.#place instanceof Follower) {
      this.#post({ type: 'leave', session: this.#place.session });
      this.#place.end();
    }
    this.#place = undefined;
    this.#joining?.end();
    this.#joining = undefined;
  }

  #settle(place: Place): void {
    this.#place = place;
    this.#lastTerm = Math.max(this.#lastTerm, place.term);
    this.#changes.catchUp(place.seq, !this.#hadPlace);
    this.#hadPlace = true;
    this.#troubled = undefined;
    this.#waiters.found(place);
  }

  async #lead(seat: Seat): Promise<void> {
    if (this.#channel === undefined || this.#failure !== undefined) return void seat.release();
    this.#drop();
    this.#seat = seat;
    const leader = crypto.randomUUID();
    const term = Math.max(Date.now(), this.#lastTerm + 1);
    this.#lastTerm = term;
    const announce = (ready: boolean) => this.#post({ type: 'leader', leader, term, ready });
    announce(false);
    // Whoever asks while it opens is told to wait.
    this.#opening = () => announce(false);
    let engine: Engine | undefined;
    try {
      engine = await this.#terms.open({ key: this.#terms.key, leader, term });
      const seq = await engine.lastWrite();
      if (this.#seat !== seat) throw unavailable('the lock was lost while the database was opened');
      if (this.#failure !== undefined) throw this.#failure;
      const place = new Leader(this.#terms.key, leader, term, engine, seq, {
        changed: (change, others) => {
          this.#changes.tell(change);
          if (others) this.#post({ type: 'change', change });
        },
        untold: (seq) => {
          if (this.#changes.isHeard) return false;
          this.#changes.untold(seq);
          return true;
        },
        busy: () => this.#post({ type: 'busy', leader }),
        overtaken: () => this.#deposed(seat),
        // Who waits for an answer gets it before: asked again elsewhere, what broke this one might break the next.
        fallen: () => void setTimeout(() => this.#deposed(seat)),
      });
      this.#opening = () => announce(true);
      this.#settle(place);
      announce(true);
    } catch (error) {
      await engine?.close().catch(() => undefined);
      if (this.#seat !== seat) return;
      this.#seat = undefined;
      await seat.release();
      if (this.#failure !== undefined) return;
      const failure = advised(toLodestoreError(error));
      // At the first opening whatever fails is told; later on it is tried again for as long as calls may wait.
      if (FINAL.has(failure.code) || (!this.#hadPlace && failure.code !== 'Conflict'))
        return this.#fail(failure);
      this.#troubled ??= performance.now();
      // A module that failed stays so: only somebody else can lead.
      if (isFallen(failure)) this.#waiters.fail(failure);
      else if (performance.now() - this.#troubled > PATIENCE_MS) {
        this.#troubled = undefined;
        this.#waiters.fail(unavailable(`${failure.message}; try again`));
      }
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
      if (this.#seat === undefined) this.#rejoin();
    }
  }

  #opening: () => void = () => undefined;

  /** The lock was taken away, or the storage answered that somebody else owns it. */
  #deposed(seat: Seat): void {
    if (this.#seat !== seat) return;
    this.#seat = undefined;
    const place = this.#place;
    this.#place = undefined;
    if (place instanceof Leader) {
      this.#post({ type: 'resigned', leader: place.leader });
      place.end();
      letGo(place.engine);
    }
    void seat.release();
    if (this.#failure === undefined) this.#rejoin();
  }

  #rejoin(): void {
    if (this.#channel === undefined) return;
    this.#election.stand();
    this.#post({ type: 'who' });
    this.#lookout.start();
  }

  #heard(notice: Notice): void {
    const skew = age(notice.version);
    if (skew > 0) return this.#fail(outdated(this.#terms.label, notice.version));
    // An older page is to hear that there is a newer one; from it there is nothing to be learnt.
    if (skew < 0) return notice.type === 'who' || notice.type === 'join' ? this.#answer() : undefined;
    switch (notice.type) {
      case 'who':
        if (this.#seat !== undefined) this.#opening();
        return;
      case 'leader':
        return this.#follow(notice);
      case 'join':
        return this.#admit(notice);
      case 'welcome':
        if (this.#joining?.session !== notice.session) return;
        this.#joining.seq = notice.seq;
        this.#settle(this.#joining);
        this.#joining = undefined;
        return;
      case 'refused':
        if (this.#joining?.session !== notice.session) return;
        return this.#fail(
          new LodestoreError('Mismatch', notice.message, { expected: notice.expected, got: notice.got }),
        );
      case 'leave':
        if (this.#place instanceof Leader) this.#place.leave(notice.session);
        return;
      case 'resigned':
        if (this.#place?.leader === notice.leader || this.#joining?.leader === notice.leader) {
          this.#drop();
          this.#rejoin();
        }
        return;
      case 'busy':
        if (this.#place instanceof Follower && this.#place.leader === notice.leader)
          this.#place.excusedUntil = performance.now() + BUSY_MS;
        return;
      case 'change':
        return this.#changes.tell(notice.change);
    }
  }

  /** Any message tells an old page of the newer version. */
  #answer(): void {
    if (this.#seat !== undefined) this.#opening();
    else this.#post({ type: 'leave', session: '' });
  }

  #follow({ leader, term, ready }: Said & { type: 'leader' }): void {
    // One that was frozen and goes on with an old term will find out by itself.
    if (this.#seat !== undefined || term < this.#lastTerm) return;
    this.#lookout.heard();
    if (this.#place?.leader === leader) return;
    if (this.#joining?.leader !== leader) {
      this.#drop();
      this.#lastTerm = term;
      if (!ready) return;
      this.#sessions += 1;
      this.#joining = new Follower(this.#terms.key, leader, term, `${this.#token}.${this.#sessions}`);
    }
    const { session } = this.#joining;
    this.#post({ type: 'join', leader, session, durability: this.#terms.durability });
  }

  #admit({ leader, session, durability }: Said & { type: 'join' }): void {
    const place = this.#place;
    if (!(place instanceof Leader) || place.leader !== leader || place.over) return;
    const mine = this.#terms.durability;
    if (durability === 'strict' && mine !== 'strict') {
      const message = `${this.#terms.label} is open in another tab with less durability; open it the same way everywhere`;
      return this.#post({ type: 'refused', session, message, expected: mine, got: durability });
    }
    place.join(session);
    this.#post({ type: 'welcome', session, seq: place.seq });
  }
}

/** Ends an engine that is replaced. What it acknowledged is stored; what it did not is asked of the next one. */
function letGo(engine: Engine): void {
  if (engine.abandon !== undefined) engine.abandon();
  else void engine.close().catch(() => undefined);
}

function advised(failure: LodestoreError): LodestoreError {
  if (failure.code !== 'Version') return failure;
  const { message, expected, got } = failure;
  const details = { expected, got, cause: failure.cause };
  return new LodestoreError('Version', `${message}; reload this page if there is a newer one`, details);
}
