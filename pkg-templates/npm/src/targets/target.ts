/** Where archives are kept: what `backupTo` writes to, and what a drill fetches from. */

import type { ArchiveManifest, ArchiveSource } from '../archive/types.js';

/** A place that takes archives and gives them back. */
export interface BackupTarget {
  /** Begins to take an archive. Nothing is there under its name until `close` of what this resolves to. */
  begin(about: ArchiveAbout): Promise<ArchiveSink>;
  /**
   * Gets an archive back: as the `fetch` of `db.drill`, by an entry of the catalog. It needs no `this`.
   *
   * @throws LodestoreError `Invalid` when it is not there.
   */
  readonly fetch: (entry: ArchiveName) => Promise<ArchiveSource>;
  /** Removes an archive: as the `remove` of `db.prune`. It needs no `this`; one that is not there is no failure. */
  readonly remove?: (entry: ArchiveName) => Promise<void>;
  /** Whether it packs by itself: then it takes archives that are neither compressed nor encrypted. */
  readonly packs?: boolean;
}

/** By what an archive is known: an entry of the catalog says it. */
export interface ArchiveName {
  archive: string;
  name?: string;
}

/** An archive that is about to come. */
export interface ArchiveAbout {
  manifest: ArchiveManifest;
  signal?: AbortSignal;
  /** Told of what was sent so far, and what was there already. */
  onSent?: (sent: Sent) => void;
}

/** Takes the bytes of one archive, in order. */
export interface ArchiveSink {
  write(bytes: Uint8Array): Promise<void>;
  /** That was all: it is there when this resolves. */
  close(): Promise<Kept>;
  /** Leaves nothing under its name. */
  abort(): Promise<void>;
}

/** What went over the line. */
export interface Sent {
  /** Pieces that were sent, and their bytes as sent; a file counts as one. */
  pieces: number;
  bytes: number;
  /** Pieces that were there already, and their bytes before packing. */
  skipped: number;
  skippedBytes: number;
}

/** An archive that is where it belongs. */
export interface Kept {
  /** Under which name. */
  name: string;
  sent: Sent;
}
