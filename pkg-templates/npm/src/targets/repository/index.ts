/** A repository: archives in a store of objects, where equal content is kept once. */

import { lockOf } from '../../archive/lock.js';
import type { Encryption } from '../../archive/types.js';
import { LodestoreError } from '../../errors.js';
import { invalid } from '../../fault.js';
import { progressSink } from '../../progress.js';
import type { LongOptions } from '../../types.js';
import { checkOptions, isAnything, isBoolean, isInteger, isString, LONG_OPTIONS } from '../../validate.js';
import type { ObjectStore } from '../stores/object-store.js';
import { Shelf } from '../stores/shelf.js';
import type { ArchiveAbout, ArchiveName, ArchiveSink, BackupTarget } from '../target.js';
import { check, collect, type CollectGround, type CollectReport, type RepositoryCheck } from './collect.js';
import { fromHex } from './hex.js';
import { type Keys, keysOf, type Lock, openKeys } from './keys.js';
import { Lease } from './lease.js';
import {
  ARCHIVES,
  decodeListing,
  type Listing,
  LISTING_BYTES_MAX,
  PIECES,
  type StoredArchive,
} from './listing.js';
import { unpack } from './packing.js';
import { readArchive, type ReadGround } from './reading.js';
import { Upload } from './upload.js';

export interface ObjectStoreOptions {
  /** What all its keys begin with, for example `'backups/notes/'`. Empty by default. One repository stands under one prefix. */
  prefix?: string;
  /** Encrypts all of it. A repository is encrypted from its first archive on, or never. */
  encrypt?: Encryption;
  /** Deflates what gets smaller by it. True by default. */
  compress?: boolean;
  /** How often a call of the store that failed is made again. 4 by default. */
  retries?: number;
  /** Milliseconds before the first of these; each wait is about twice the one before. 250 by default. */
  retryAfterMs?: number;
  /** Objects that are sent or fetched at once, of a megabyte at the most. 4 by default. */
  parallel?: number;
}

export interface CollectOptions extends LongOptions {
  /** Says what would be deleted, and deletes nothing. */
  dryRun?: boolean;
  /** Pieces that are younger stay, for an upload that was cut off and is run again. A day by default. */
  graceMs?: number;
}

export interface RepositoryCheckOptions extends LongOptions {
  /** Deletes pieces that are damaged, so that the next backup that has their content sends it again. False by default. */
  repair?: boolean;
}

const OPTIONS = {
  prefix: isString,
  encrypt: isAnything,
  compress: isBoolean,
  retries: isInteger(0, 100),
  retryAfterMs: isInteger(0, 600_000),
  parallel: isInteger(1, 64),
};
const DAY_MS = 24 * 3600_000;

/** What `objectStore` gives. Every method rejects with a `LodestoreError`. */
export class Repository implements BackupTarget {
  /** Archives are packed here: they come as they are. */
  readonly packs = true;
  /** As the `fetch` of `db.drill`: `read` by an entry of the catalog, with its length. */
  readonly fetch: (entry: ArchiveName) => Promise<Response>;
  /**
   * Removes an archive, by its id or by an entry of the catalog: as the `remove` of `db.prune`. Its pieces go with the next
   * `collect`. One that is not there is no failure. Called by itself, call `db.forget` as well.
   *
   * @throws LodestoreError `Invalid` when others go on from it: remove these first.
   */
  readonly remove: (archive: string | ArchiveName) => Promise<void>;
  readonly #shelf: Shelf;
  readonly #lock: Lock;
  readonly #compress: boolean;
  readonly #parallel: number;
  /** By id: a passphrase is meant to take long. */
  readonly #keys = new Map<string, Promise<Keys>>();

  /** @internal */
  constructor(store: ObjectStore, options: ObjectStoreOptions) {
    checkOptions('objectStore', options, OPTIONS);
    const { prefix = '', compress = true, retries = 4, retryAfterMs = 250, parallel = 4 } = options;
    this.#shelf = new Shelf(store, prefix, { retries, retryAfterMs });
    this.#lock = lockOf('objectStore', options.encrypt);
    this.#compress = compress;
    this.#parallel = parallel;
    this.fetch = async ({ archive }) => {
      const listing = await this.#listing(archive, undefined);
      const headers = { 'content-length': String(listing.about.bytes) };
      return new Response(
        readArchive(this.#ground, async () => listing, undefined),
        { headers },
      );
    };
    this.remove = async (named) => this.#remove(typeof named === 'string' ? named : named.archive);
  }

  /** Called by `backupTo`. `Conflict` while pieces are collected, `Mismatch` for another key. */
  async begin(about: ArchiveAbout): Promise<ArchiveSink> {
    const { signal } = about;
    const lease = await Lease.take(this.#shelf, 'upload', signal);
    try {
      const keys = await openKeys(this.#shelf, this.#lock, (id) => this.#keysBy(id), signal);
      const there = new Set((await this.#shelf.list(PIECES, signal)).map(({ key }) => PIECES + key));
      const ground = {
        shelf: this.#shelf,
        keys,
        lease,
        there,
        compress: this.#compress,
        parallel: this.#parallel,
      };
      return new Upload(ground, about);
    } catch (error) {
      await lease.end();
      throw error;
    }
  }

  /**
   * An archive as the very bytes that `db.backup` gave: for `db.restore` and `db.verify`. Each piece is verified as it comes.
   * The stream fails with `Corrupt` where something is missing, damaged or not what was put there, `Invalid` where there is no such archive.
   */
  read(archive: string, { signal }: { signal?: AbortSignal } = {}): ReadableStream<Uint8Array> {
    return readArchive(this.#ground, () => this.#listing(archive, signal), signal);
  }

  /** The archives in it, oldest first. Reads the list of pieces of each. `Corrupt` when one is damaged: `check` says which. */
  async list({ signal }: { signal?: AbortSignal } = {}): Promise<StoredArchive[]> {
    const all: StoredArchive[] = [];
    for await (const { listing } of this.#listings(signal)) {
      if (listing instanceof LodestoreError) throw listing;
      all.push(listing.about);
    }
    return all.sort((a, b) => a.to.getTime() - b.to.getTime() || a.toSeq - b.toSeq);
  }

  /**
   * Deletes pieces that no archive names. Nothing that an upload under way may need: while there is one, this is refused,
   * and while this goes on, uploads are.
   *
   * @throws LodestoreError `Conflict` beside an upload; `Corrupt` when an archive's list of pieces cannot be read: nothing is deleted then.
   */
  collect(options: CollectOptions = {}): Promise<CollectReport> {
    checkOptions('collect', options, {
      dryRun: isBoolean,
      graceMs: isInteger(0, 366 * DAY_MS),
      ...LONG_OPTIONS,
    });
    const { dryRun = false, graceMs = DAY_MS, signal, onProgress } = options;
    return collect(this.#ground, { dryRun, graceMs, signal, progress: progressSink(onProgress) });
  }

  /** Reads every piece of every archive and says which archives cannot be read back. */
  check(options: RepositoryCheckOptions = {}): Promise<RepositoryCheck> {
    checkOptions('check', options, { repair: isBoolean, ...LONG_OPTIONS });
    const { repair = false, signal, onProgress } = options;
    return check(this.#ground, { repair, signal, progress: progressSink(onProgress) });
  }

  get #encrypted(): boolean {
    return this.#lock.key !== undefined || this.#lock.passphrase !== undefined;
  }

  get #ground(): CollectGround & ReadGround {
    return {
      shelf: this.#shelf,
      find: (id) => this.#keysBy(id),
      encrypted: this.#encrypted,
      parallel: this.#parallel,
      listings: (signal) => this.#listings(signal),
    };
  }

  #keysBy(id: string): Promise<Keys> {
    let keys = this.#keys.get(id);
    if (keys === undefined) {
      keys = keysOf(this.#shelf, id, this.#lock, undefined);
      this.#keys.set(id, keys);
      // What failed may go well the next time.
      keys.catch(() => this.#keys.delete(id));
    }
    return keys;
  }

  async #remove(archive: string): Promise<void> {
    if (fromHex(archive, 16) === undefined) throw absent(archive);
    for await (const one of this.#listings(undefined)) {
      if (!(one.listing instanceof LodestoreError) && one.listing.about.base === archive) {
        throw invalid(`remove: the archive ${one.archive} goes on from ${archive}: remove it first`);
      }
    }
    await this.#shelf.delete(ARCHIVES + archive);
  }

  async #listing(archive: string, signal: AbortSignal | undefined): Promise<Listing> {
    if (fromHex(archive, 16) === undefined) throw absent(archive);
    const key = ARCHIVES + archive;
    const bytes = await this.#shelf.get(key, signal);
    if (bytes === undefined) throw absent(archive);
    const find = (id: string) => this.#keysBy(id);
    const { raw } = await unpack('LIST', key, bytes, find, this.#encrypted, LISTING_BYTES_MAX);
    return decodeListing(archive, raw);
  }

  async *#listings(
    signal: AbortSignal | undefined,
  ): AsyncGenerator<{ archive: string; listing: Listing | LodestoreError }> {
    for (const { key } of await this.#shelf.list(ARCHIVES, signal)) {
      try {
        yield { archive: key, listing: await this.#listing(key, signal) };
      } catch (error) {
        // Another key, or a store that does not answer, says nothing about this archive.
        if (!(error instanceof LodestoreError) || (error.code !== 'Corrupt' && error.code !== 'Version'))
          throw error;
        yield { archive: key, listing: error };
      }
    }
  }
}

function absent(archive: string): LodestoreError {
  return invalid(
    `there is no archive ${toPrintable(archive)} in this repository: list() gives those that are there`,
  );
}

function toPrintable(text: unknown): string {
  return JSON.stringify(String(text).slice(0, 64));
}

/**
 * Archives in a store of objects: R2, S3, or anything that can put, get, list and delete. Content that is there already is not
 * sent again, whichever archive it came with; an upload that was cut off leaves no archive, and the next one goes on from it.
 *
 * @throws LodestoreError `Invalid` for a wrong option or a store without one of its methods.
 */
export function objectStore(store: ObjectStore, options: ObjectStoreOptions = {}): Repository {
  return new Repository(store, options);
}
