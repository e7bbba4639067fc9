/** What salvage, check and repair report, and what the audit log says. */

import type { LongOptions } from './types.js';

/** A file that salvage or repair kept aside. */
export interface QuarantinedFile {
  /** `quarantine-<generation>-<name of the damaged file>`, or `-report` for the report of a salvage, as JSON. */
  name: string;
  bytes: number;
}

/** What a salvage kept, and what is gone. */
export interface SalvageReport {
  /** Why the database did not open. */
  cause: string;
  /** Generation of the snapshot that was used; null where there were only logs. */
  snapshot: number | null;
  collections: { name: string; rows: number }[];
  /** The row groups (1,024 rows) that do not verify. */
  groups: QuarantinedGroup[];
  /** Writes after the snapshot that are missing: rows may be older than they were, or there though deleted. */
  lost: LostWrites[];
  /** Further entries of `lost`. */
  moreLost: number;
  /** The damaged files, kept aside, and this report. */
  files: QuarantinedFile[];
}

export interface QuarantinedGroup {
  collection: string;
  group: number;
  /** Rows that it held and that are not there; null where that cannot be read. */
  rows: number | null;
  /** Their ids as far as they can be read: up to 10,000 in all groups together. */
  ids: string[];
  reason: string;
  /** The files that hold its blocks. */
  files: string[];
}

export interface LostWrites {
  /** Generation of the log where they should be; 0 where that is not known. */
  log: number;
  fromSeq: number;
  /** Null where nothing follows that would tell. */
  toSeq: number | null;
  /** Bytes of the log that do not verify. */
  bytes: number;
  reason: string;
}

export interface CheckOptions extends LongOptions {
  /** Make good what can be. Default false: nothing is changed. */
  repair?: boolean;
}

export interface CheckReport {
  /** Whether there is no problem, or every one was repaired. */
  ok: boolean;
  /** Up to 100. */
  problems: CheckProblem[];
  moreProblems: number;
  /** Rows compared. */
  rows: number;
  /** Blocks verified, each once. */
  blocks: number;
  /** Frames of logs verified. */
  frames: number;
  /** Damaged files that a repair kept aside. */
  files: QuarantinedFile[];
}

export interface CheckProblem {
  /**
   * In storage: `manifest`, `block`, `log`, `stored-graph`. Where storage and memory differ: `row`, `collection`, which
   * are never repaired, as nobody knows which is right. `retention`: the policy cannot be read; `setRetention` mends that. What follows from the rows: `codes`, `graph`, `secondary`.
   */
  code:
    | 'manifest'
    | 'block'
    | 'log'
    | 'stored-graph'
    | 'retention'
    | 'row'
    | 'collection'
    | 'codes'
    | 'graph'
    | 'secondary';
  /** File or collection. */
  where: string;
  what: string;
  /** It is about an index, which follows from the rows; no row is lost and it can be made again. */
  derived: boolean;
  file?: string;
  collection?: string;
  group?: number;
  id?: string;
  /** What was done about it; absent where nothing was. */
  repaired?: string;
}

export interface AuditOptions {
  /** At most so many entries, the newest. Default 100. */
  last?: number;
  /** Only entries of this kind. */
  kind?: AuditKind;
}

/** `restore` is of imports and of going back; an application may have noted kinds of its own. */
export type AuditKind =
  'backup' | 'verify' | 'restore' | 'drill' | 'prune' | 'forget' | 'retention' | (string & {});

/** Something that was done. */
export interface AuditEntry {
  /** Entries are numbered from 1. */
  seq: number;
  /** When it was noted, which is when it ended. */
  time: Date;
  kind: AuditKind;
  /** Of what it was done and how it went: `ok`, and by kind what else is known. */
  details: Record<string, unknown>;
}

export interface AuditLog {
  /** Oldest first. */
  entries: AuditEntry[];
  /** What of the files that were read is damaged; the entries that verify are given all the same. */
  damage: { file: string; what: string }[];
}
