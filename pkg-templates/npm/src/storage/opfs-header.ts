/**
 * The header of a pool file: which logical file it holds, if any.
 *
 * Two slots at offsets 0 and 2048, so in different sectors. A change writes the first slot, flushes, writes the
 * same to the second, flushes. At most one slot can be torn by a power cut, and then the other one is right: it says
 * the state before a change that was not acknowledged, or the state after it. So one damaged slot loses nothing, and
 * two are reported, never taken for an empty file.
 *
 * A slot, little-endian: magic (8), version u32, state u32, generation u64, name length u32, name (64), crc32 of
 * all that (4).
 */

import { LodestoreError } from '../errors.js';
import { isFileName } from './names.js';

export const HEADER_BYTES = 4096;

const SLOT_OFFSETS = [0, 2048] as const;
const MAGIC = new TextEncoder().encode('LODEPOOL');
const VERSION = 1;
const NAME_BYTES = 64;
const CRC_AT = 28 + NAME_BYTES;
const SLOT_BYTES = CRC_AT + 4;

const FREE = 1;
const USED = 2;

export interface Header {
  /** Grows by one with each change of the file's owner. */
  generation: bigint;
  /** The logical file; undefined for a free one. */
  name: string | undefined;
}

/** Writes both slots, durably. The file's data must be flushed before, if the header is to stand for it. */
export function writeHeader(handle: FileSystemSyncAccessHandle, header: Header): void {
  const slot = encode(header);
  for (const at of SLOT_OFFSETS) {
    const written = handle.write(slot, { at });
    if (written !== slot.length) throw new DOMException('short write of a header', 'QuotaExceededError');
    handle.flush();
  }
}

/** Reads and, where one slot is behind or damaged, mends the header. A file that was never used becomes free. */
export function openHeader(handle: FileSystemSyncAccessHandle, file: string): Header {
  const bytes = new Uint8Array(HEADER_BYTES);
  const got = handle.read(bytes, { at: 0 });
  const slots = SLOT_OFFSETS.map((at) => decode(bytes.subarray(at, at + SLOT_BYTES)));
  const valid = slots.filter((slot) => slot !== undefined);
  let newest = valid[0];
  for (const slot of valid) if (newest === undefined || slot.generation > newest.generation) newest = slot;
  if (newest === undefined) {
    if (handle.getSize() > HEADER_BYTES || bytes.subarray(0, got).some((byte) => byte !== 0))
      throw unreadable(bytes, file);
    // Made, but not yet given a header when the power went: it never held anything.
    newest = { generation: 0n, name: undefined };
    handle.truncate(HEADER_BYTES);
  }
  if (newest.name !== undefined && handle.getSize() < HEADER_BYTES) {
    throw new LodestoreError(
      'Corrupt',
      `The pool file ${file} of ${newest.name} was cut off; restore a backup`,
      {
        expected: `at least ${HEADER_BYTES} bytes`,
        got: `${handle.getSize()}`,
      },
    );
  }
  const same = slots.every((slot) => slot?.generation === newest.generation);
  if (!same) writeHeader(handle, newest);
  return newest;
}

function unreadable(bytes: Uint8Array, file: string): LodestoreError {
  const versions = SLOT_OFFSETS.map((at) => {
    const magic = MAGIC.every((byte, i) => bytes[at + i] === byte);
    return magic ? new DataView(bytes.buffer).getUint32(at + 8, true) : 0;
  });
  const [version = 0, second] = versions;
  if (version > VERSION && version === second) {
    return new LodestoreError(
      'Version',
      `The pool file ${file} was written by a newer Lodestore; upgrade this one`,
      {
        expected: `version ${VERSION}`,
        got: `version ${version}`,
      },
    );
  }
  return new LodestoreError(
    'Corrupt',
    `The pool file ${file} has a damaged header, so it is not known which file it holds; restore a backup`,
    { expected: 'a header with a right checksum', got: 'two damaged ones' },
  );
}

function encode(header: Header): Uint8Array<ArrayBuffer> {
  const slot = new Uint8Array(SLOT_BYTES);
  const view = new DataView(slot.buffer);
  const name = new TextEncoder().encode(header.name ?? '');
  slot.set(MAGIC, 0);
  view.setUint32(8, VERSION, true);
  view.setUint32(12, header.name === undefined ? FREE : USED, true);
  view.setBigUint64(16, header.generation, true);
  view.setUint32(24, name.length, true);
  slot.set(name, 28);
  view.setUint32(CRC_AT, crc32(slot.subarray(0, CRC_AT)), true);
  return slot;
}

/** The header in a slot; undefined unless every byte of it is as `encode` writes it. */
function decode(slot: Uint8Array): Header | undefined {
  const view = new DataView(slot.buffer, slot.byteOffset, slot.byteLength);
  if (view.getUint32(CRC_AT, true) !== crc32(slot.subarray(0, CRC_AT))) return undefined;
  if (!MAGIC.every((byte, i) => slot[i] === byte) || view.getUint32(8, true) !== VERSION) return undefined;
  const generation = view.getBigUint64(16, true);
  const state = view.getUint32(12, true);
  const length = view.getUint32(24, true);
  if (state === FREE && length === 0) return { generation, name: undefined };
  if (state !== USED || length > NAME_BYTES) return undefined;
  const name = new TextDecoder().decode(slot.subarray(28, 28 + length));
  return isFileName(name) ? { generation, name } : undefined;
}

const TABLE = Uint32Array.from({ length: 256 }, (_, i) => {
  let value = i;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (TABLE[(crc ^ byte) & 0xff] as number) ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}
