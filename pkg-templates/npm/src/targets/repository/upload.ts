/** An archive on its way into a repository: its pieces first, those that are not there yet, and its list at the end. */

import { toHex } from './hex.js';
import type { Shelf } from '../stores/shelf.js';
import type { ArchiveAbout, ArchiveSink, Kept, Sent } from '../target.js';
import { Cutter } from './cutter.js';
import type { Keys } from './keys.js';
import type { Lease } from './lease.js';
import { ARCHIVES, encodeListing, type Entry, PIECES } from './listing.js';
import { pack } from './packing.js';
import { Pool } from './pool.js';

export interface UploadGround {
  shelf: Shelf;
  keys: Keys;
  lease: Lease;
  /** Names of the pieces that are there, as hexadecimal digits. */
  there: Set<string>;
  compress: boolean;
  parallel: number;
}

export class Upload implements ArchiveSink {
  readonly #ground: UploadGround;
  readonly #about: ArchiveAbout;
  readonly #cutter = new Cutter();
  readonly #entries: Entry[] = [];
  readonly #pool: Pool;
  readonly #sent: Sent = { pieces: 0, bytes: 0, skipped: 0, skippedBytes: 0 };

  constructor(ground: UploadGround, about: ArchiveAbout) {
    this.#ground = ground;
    this.#about = about;
    this.#pool = new Pool(ground.parallel);
  }

  async write(bytes: Uint8Array): Promise<void> {
    const { shelf, keys, lease, there, compress } = this.#ground;
    const { signal } = this.#about;
    for (const { header, content } of this.#cutter.push(bytes)) {
      const raw = content.length;
      if (raw === 0) {
        this.#entries.push({ header, raw, name: undefined });
        continue;
      }
      const name = await keys.name(content);
      this.#entries.push({ header, raw, name });
      const key = PIECES + toHex(name);
      if (there.has(key)) {
        this.#sent.skipped += 1;
        this.#sent.skippedBytes += raw;
      } else {
        await lease.hold(signal);
        there.add(key);
        await this.#pool.add(async () => {
          const packed = await pack('LPCE', key, content, keys, compress);
          await shelf.put(key, packed, signal);
          this.#sent.pieces += 1;
          this.#sent.bytes += packed.length;
          this.#tell();
        });
      }
      this.#tell();
    }
  }

  async close(): Promise<Kept> {
    const { shelf, keys, lease } = this.#ground;
    const { manifest, signal } = this.#about;
    const { head, trailer } = this.#cutter.end();
    await this.#pool.end();
    await lease.hold(signal);
    const key = ARCHIVES + manifest.archive;
    const listing = encodeListing(manifest, { head, entries: this.#entries, trailer });
    const packed = await pack('LIST', key, listing, keys, true);
    await shelf.put(key, packed, signal);
    this.#sent.pieces += 1;
    this.#sent.bytes += packed.length;
    this.#tell();
    await lease.end();
    return { name: shelf.prefix + key, sent: { ...this.#sent } };
  }

  async abort(): Promise<void> {
    // What is still on its way arrives or not: it is not named by anything.
    await this.#pool.end().catch(() => undefined);
    await this.#ground.lease.end();
  }

  #tell(): void {
    this.#about.onSent?.({ ...this.#sent });
  }
}
