/** Takes an archive of format 4 apart: what stands before its chunks, each chunk, and the trailer behind them. */

import { corrupt, invalid } from '../../fault.js';
import { concat } from '../../seal/concat.js';
import type { Bytes } from '../../seal/index.js';

const FILE_HEADER_BYTES = 80;
const ENVELOPE_HEAD_BYTES = 12;
const ENVELOPE_BYTES_MAX = 4096;
export const CHUNK_HEADER_BYTES = 32;
export const CHUNK_BYTES_MAX = 1 << 20;
export const TRAILER_BYTES = 52;
/** The version that has chunks. */
const VERSION = 4;
const PACKED = 1 | 2;
const LAST = 4;

const ascii = (bytes: Uint8Array): string => String.fromCharCode(...bytes);

/** One chunk. Its content is empty in the last one. */
export interface Chunk {
  header: Bytes;
  content: Bytes;
}

/** What a chunk's header says of its content: bytes, and whether no chunk follows. */
export function readHeader(header: Uint8Array): { raw: number; last: boolean } {
  const view = new DataView(header.buffer, header.byteOffset, header.byteLength);
  const [raw, stored, flags] = [view.getUint32(8, true), view.getUint32(12, true), view.getUint32(16, true)];
  if (ascii(header.subarray(0, 4)) !== 'LCHK' || raw > CHUNK_BYTES_MAX)
    throw corrupt('a chunk of this archive is damaged');
  if ((flags & PACKED) !== 0 || raw !== stored) {
    throw invalid(
      'a repository takes archives that are neither compressed nor encrypted: it packs by itself',
    );
  }
  return { raw, last: (flags & LAST) !== 0 };
}

/** Give it the bytes in order; it gives the chunks. */
export class Cutter {
  /** Header and envelope. */
  head: Bytes | undefined;
  trailer: Bytes | undefined;
  #over = false;
  /** What has come and not been taken yet. */
  #pieces: Bytes[] = [];
  #held = 0;

  /** The chunks that these bytes complete. */
  *push(bytes: Uint8Array): Generator<Chunk> {
    this.#pieces.push(bytes as Bytes);
    this.#held += bytes.length;
    for (let chunk = this.#next(); chunk !== undefined; chunk = this.#next()) yield chunk;
  }

  /** Refuses an archive that was cut off. */
  end(): { head: Bytes; trailer: Bytes } {
    const { head, trailer } = this;
    if (head === undefined || trailer === undefined || this.#held > 0) {
      throw corrupt('this archive was cut off, or something follows it');
    }
    return { head, trailer };
  }

  #next(): Chunk | undefined {
    if (this.head === undefined) {
      const start = this.#look(FILE_HEADER_BYTES + ENVELOPE_HEAD_BYTES);
      if (start === undefined) return undefined;
      const view = new DataView(start.buffer, start.byteOffset, start.byteLength);
      if (ascii(start.subarray(0, 8)) !== 'LodeARC\n') throw corrupt('this is no archive');
      if (view.getUint16(8, true) !== VERSION)
        throw invalid('a repository takes archives of format 4: what db.backup() makes');
      const length = view.getUint32(FILE_HEADER_BYTES + 4, true);
      if (ascii(start.subarray(80, 84)) !== 'LENV' || length > ENVELOPE_BYTES_MAX)
        throw corrupt('this archive is damaged');
      this.head = this.#take(start.length + length);
      if (this.head === undefined) return undefined;
    }
    if (this.#over) {
      this.trailer ??= this.#take(TRAILER_BYTES);
      return undefined;
    }
    const start = this.#look(CHUNK_HEADER_BYTES);
    if (start === undefined) return undefined;
    const { raw, last } = readHeader(start);
    const whole = this.#take(CHUNK_HEADER_BYTES + raw);
    if (whole === undefined) return undefined;
    this.#over = last;
    return { header: whole.slice(0, CHUNK_HEADER_BYTES), content: whole.slice(CHUNK_HEADER_BYTES) };
  }

  /** The next bytes, which stay. */
  #look(length: number): Bytes | undefined {
    if (this.#held < length) return undefined;
    const [first] = this.#pieces;
    if (first === undefined || first.length < length) this.#pieces = [concat(this.#pieces)];
    return (this.#pieces[0] as Bytes).subarray(0, length);
  }

  #take(length: number): Bytes | undefined {
    const taken = this.#look(length)?.slice();
    if (taken === undefined) return undefined;
    this.#pieces[0] = (this.#pieces[0] as Bytes).subarray(length);
    this.#held -= length;
    return taken;
  }
}
