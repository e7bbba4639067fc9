/** What backups, verification and restores are asked for, and what they say. */

import type { ImportSource } from '../import-source.js';
import type { Moment } from '../past.js';
import type { RowScope } from '../restore-rows.js';
import type { IndexKind, LongOptions } from '../types.js';

/** Where an archive comes from: all that `import` takes. A `Blob` or bytes can be read again, a stream once. */
export type ArchiveSource = ImportSource;

/** What an archive holds: everything, the blocks that a full one does not have, or the writes after another archive. */
export type BackupType = 'full' | 'differential' | 'incremental';

/**
 * What encrypts an archive, and opens it: a random key of 32 bytes, or a passphrase. Of the latter a key is derived (Argon2id,
 * 64 MiB, 3 passes: up to a second) once for each archive in an operation, and in no page that may start workers; it is
 * overwritten when the operation is over.
 */
export type Encryption = { key: Uint8Array } | { passphrase: string };

/** What an archive says of itself, before anything else in it. */
export interface ArchiveManifest {
  type: BackupType;
  /** Its identity: 32 hexadecimal digits. */
  archive: string;
  /** The archive that it follows; absent in a full one. */
  base?: string;
  /** The last write that `base` covers, and when that was; 0 in a full one. */
  fromSeq: number;
  fromMs: number;
  /** The last write that it covers, and when that was, in milliseconds since 1970. */
  toSeq: number;
  toMs: number;
  /** Bytes of what is in it, before compression. */
  contentBytes: number;
  /** Writes, in an incremental one. */
  frames: number;
  /** Rows at the end of what it covers. */
  rows: number;
  /** Whether vectors were kept as 8 bits a number. */
  lossy: boolean;
  collections: ArchivedCollection[];
}

/** A collection at the end of what an archive covers. */
export interface ArchivedCollection {
  name: string;
  rows: number;
  /** What its configuration asks for. */
  index: IndexKind;
  /** Rows that have a node in a graph that is in the archive. */
  nodes: number;
  dimension: number;
  model?: { id: string; version: string };
}

export interface BackupOptions extends LongOptions {
  /** `'full'` by default. A differential one is made after a full one; an incremental one after any. */
  type?: BackupType;
  /** The archive that this one follows: what `backup` gave, or the archive itself. */
  since?: ArchiveReference | ArchiveSource;
  /** Deflates what gets smaller by it: rows do, vectors hardly. */
  compress?: boolean;
  encrypt?: Encryption;
  /** What opens `since`; `encrypt` without it. */
  sinceEncrypt?: Encryption;
  /** Takes saved graphs along, so that they need not be built again. True by default, in a differential one false. */
  index?: boolean;
  /** `'int8'` keeps 8 bits of each number: a quarter of the size, and not what was stored. `'exact'` by default. */
  vectors?: 'exact' | 'int8';
  /** Noted in the audit log and the catalog: where the application puts it. */
  name?: string;
  /**
   * Waited for when everything was read, before the backup counts as made: what puts the archive where it is kept. What it
   * resolves to, if that is a text, is noted in place of `name`. If it rejects, so do the stream and `done`, and the
   * catalog does not have the archive.
   */
  keep?: (result: BackupResult) => Promise<unknown>;
}

/** By what an archive is followed: opaque bytes, about as many as its manifest has. */
export interface ArchiveReference {
  readonly archive: string;
  readonly reference: Uint8Array;
}

/** An archive that is made while it is read. */
export interface BackupStream extends ReadableStream<Uint8Array> {
  /** What it says of itself. */
  readonly manifest: ArchiveManifest;
  /** What a later archive can be made `since`; there once the stream has ended. */
  readonly done: Promise<BackupResult>;
}

export interface BackupResult extends ArchiveReference {
  manifest: ArchiveManifest;
  /** Bytes of the archive. */
  bytes: number;
  /** Digest of all of it, as hexadecimal digits (FORMAT.md: the SHA-256 of those of its parts): what `verify` says, too. */
  sha256: string;
  ms: number;
}

/** How thoroughly: 1 header, manifest, size; 2 every checksum and the digest; 3 contents; 4 restored and asked. */
export type VerifyLevel = 1 | 2 | 3 | 4;

export interface VerifyOptions extends LongOptions {
  /** 3 by default. */
  level?: VerifyLevel;
  /** What opens it. Without, an encrypted one can be verified up to level 2. */
  encrypt?: Encryption;
  /** For level 4: queries whose answers are compared with an exact search. Rows of the archive by default. */
  queries?: number;
}

export interface VerifyReport {
  /** Version of the format. */
  version: number;
  /** The database of which it is: 32 hexadecimal digits. */
  database: string;
  /** Absent in archives of format 1 to 3, and where an encrypted one was looked at without its key. */
  manifest?: ArchiveManifest;
  encrypted: boolean;
  /** Whether it is a passphrase that opens it. */
  passphrase: boolean;
  compressed: boolean;
  seq: number;
  timeMs: number;
  collections: number;
  rows: number;
  /** Blocks and frames that were verified. */
  blocks: number;
  frames: number;
  /** Bytes that were read. */
  bytes: number;
  sha256?: string;
  levels: { level: VerifyLevel; ms: number }[];
  /** Of level 4. */
  restored?: RestoredReport;
}

/** What was found when an archive was restored into memory and asked. */
export interface RestoredReport {
  /** Rows that were read back, one by one. */
  rows: number;
  /** Rows that came into an index. */
  indexed: number;
  queries: number;
  /** Of the 10 nearest by an exact search, the share that the index found. 1 without queries. */
  recall: number;
}

export interface RestoreOptions {
  /** Up to which moment; everything that the archives have without it. */
  to?: Moment;
  /**
   * Restores only some rows into the live database, by ordinary writes: of ids, of a filter, or without either all that the
   * collection had then. Others stay.
   */
  only?:
    | { collection: string; ids?: string | readonly string[]; filter?: never }
    | { collection: string; filter: object };
  encrypt?: Encryption;
  /** Restores into another database of this name, beside this one, in the same kind of storage. */
  into?: string;
  /** With `into`: replaces a database that is there and not empty. False by default. */
  replace?: boolean;
  /** Takes an archive whose collections have other model tags than those of now. False by default. */
  allowModelChange?: boolean;
}

/** What a restore would do, before it does anything. */
export interface RestorePlan {
  /** Manifests of the archives, in their order; `undefined` for one of an older version. */
  archives: (ArchiveManifest | undefined)[];
  /** At the end of what is restored, as far as the manifests say. */
  collections: ArchivedCollection[];
  rows: number;
  /** Bytes of archives that are read; undefined where a stream does not say. */
  bytes: number | undefined;
  /** Rows that have to be put into an index again. */
  rowsToIndex: number;
  /** Milliseconds that each phase will take, about: by what was measured in this process, or else by the audit log. */
  etaMs: { content: number | undefined; index: number };
  /** What one should know before going on. */
  warnings: string[];
}

/** What was found of a restore before the switch. */
export interface RestoreValidation {
  /** The last write in it, and when it was made. */
  seq: number;
  time: Date;
  collections: number;
  rows: number;
  /** Sample queries: rows of it that were looked for by their own vectors, and how many of them were found. */
  queries: number;
  found: number;
  /** What the phases took, in milliseconds. */
  ms: { content: number; index: number };
  /** What the index phase was expected to take, all of it, when a tenth was done. */
  indexEtaMs: number;
}

export type { LongOptions, Moment, RowScope };
