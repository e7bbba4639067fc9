/**
 * What tabs and workers that share a database say to each other. All of them hear the channel of the database; calls
 * and answers go over a channel of their own for each follower, where nobody else has to read them.
 *
 * BroadcastChannel, because it is there in every window and worker that has Web Locks. A MessagePort cannot be sent
 * over it, and a SharedWorker, which could hand ports around, is missing in Chrome for Android.
 */

import type { Change } from '../changes.js';
import { LodestoreError } from '../errors.js';

/** Raised whenever a message changes its meaning, or a method of the engine its arguments or results. */
export const PROTOCOL = 3;
/** The newest file format that this build reads: `format::VERSION` in Rust (`tests/tidy.rs` compares them). */
export const FORMAT = 3;

/** In every message, in this place, in every future version: an old page still open must understand it. */
export interface Version {
  protocol: number;
  format: number;
}

export const VERSION: Version = { protocol: PROTOCOL, format: FORMAT };

/** On the channel of the database. */
export type Notice = { version: Version } & (
  | /** Somebody looks for the leader. */ { type: 'who' }
  | /** Told to who asked, and when it begins to open and when it has opened. */ {
      type: 'leader';
      leader: string;
      term: number;
      ready: boolean;
    }
  | /** A follower asks a leader for a session; it holds the lock named after the session for as long as it lives. */ {
      type: 'join';
      leader: string;
      session: string;
      durability: string;
    }
  | { type: 'welcome'; session: string; seq: number }
  | { type: 'refused'; session: string; message: string; expected: string; got: string }
  | { type: 'leave'; session: string }
  | /** The leader stopped; what it did not answer is to be asked of the next. */ {
      type: 'resigned';
      leader: string;
    }
  | /** The leader begins something during which it cannot answer. */ { type: 'busy'; leader: string }
  | { type: 'change'; change: Change }
);

/** What is in a notice beside the version. */
export type Said<T = Notice> = T extends Notice ? Omit<T, 'version'> : never;

/** Below zero where `theirs` is older than this build, above where it is newer. */
export function age(theirs: Version): number {
  return theirs.protocol - PROTOCOL || theirs.format - FORMAT;
}

export function outdated(label: string, theirs: Version): LodestoreError {
  return new LodestoreError(
    'Version',
    `${label} is open in another tab that runs a newer version of Lodestore: reload this page to get that version`,
    { expected: show(theirs), got: show(VERSION) },
  );
}

function show({ protocol, format }: Version): string {
  return `protocol ${protocol}, format ${format}`;
}

/** How often the leader is asked for a sign of life while something waits for it, ms. */
export const TICK_MS = 200;
/** After so long without one it is replaced, ms: within 2 s, opening included. */
export const SILENT_MS = 1_200;
/**
 * No tick counts for more than this, ms. When it was this context that stood still, answers may be waiting behind the
 * tick; in a hidden tab all ticks are a second apart.
 */
export const TICK_COUNTS_MS = 1_000;
/** A leader that said it is busy may be silent for so long, ms, or until it is heard again. */
export const BUSY_MS = 10_000;
/** How long a call waits while there is no leader at all, ms. */
export const PATIENCE_MS = 30_000;
