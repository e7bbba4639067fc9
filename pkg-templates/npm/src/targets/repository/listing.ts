/** The object that stands for an archive: what it is, and the names of its pieces in their order. */

import type { ArchiveManifest, BackupType } from '../../archive/types.js';
import { corrupt } from '../../fault.js';
import { concat } from '../../seal/concat.js';
import type { Bytes } from '../../seal/index.js';
import { CHUNK_HEADER_BYTES, readHeader, TRAILER_BYTES } from './cutter.js';

export const ARCHIVES = 'archives/';
export const PIECES = 'pieces/';
export const NAME_BYTES = 32;
/** As long as one may be: half a million pieces of a megabyte each at most. */
export const LISTING_BYTES_MAX = 64 << 20;
const ABOUT_BYTES_MAX = 4096;
const HEAD_BYTES_MAX = 8192;

/** An archive of a repository. */
export interface StoredArchive {
  /** Its id: 32 hexadecimal digits. */
  archive: string;
  type: BackupType;
  /** The archive that it goes on from. */
  base?: string;
  fromSeq: number;
  toSeq: number;
  from: Date;
  to: Date;
  rows: number;
  /** Bytes of the archive. */
  bytes: number;
  /** Pieces that it is put together from. */
  pieces: number;
}

/** A chunk of it: its header, and the name of its content, if it has any. */
export interface Entry {
  header: Bytes;
  raw: number;
  name: Bytes | undefined;
}

export interface Listing {
  about: StoredArchive;
  head: Bytes;
  entries: Entry[];
  trailer: Bytes;
}

const number32 = (value: number): Bytes => {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
};

export function encodeListing(
  manifest: ArchiveManifest,
  { head, entries, trailer }: Omit<Listing, 'about'>,
): Bytes {
  const { archive, type, base, fromSeq, toSeq, fromMs, toMs, rows } = manifest;
  const about = new TextEncoder().encode(
    JSON.stringify({ archive, type, base, fromSeq, toSeq, fromMs, toMs, rows }),
  );
  const named = entries.flatMap(({ header, name }) => (name === undefined ? [header] : [header, name]));
  return concat([
    number32(about.length),
    about,
    number32(head.length),
    head,
    number32(entries.length),
    ...named,
    trailer,
  ]);
}

/** Reads one, which may come from anybody. */
export function decodeListing(archive: string, bytes: Bytes): Listing {
  const damaged = () => corrupt(`the list of pieces of the archive ${archive} is damaged`);
  let at = 0;
  const take = (length: number): Bytes => {
    if (length > bytes.length - at) throw damaged();
    at += length;
    return bytes.slice(at - length, at);
  };
  const count = (most: number): number => {
    const value = new DataView(take(4).buffer).getUint32(0, true);
    if (value > most) throw damaged();
    return value;
  };
  const json = take(count(ABOUT_BYTES_MAX));
  const head = take(count(HEAD_BYTES_MAX));
  const total = count(bytes.length / CHUNK_HEADER_BYTES);
  const entries: Entry[] = [];
  let length = head.length + TRAILER_BYTES;
  for (let i = 0; i < total; i += 1) {
    const header = take(CHUNK_HEADER_BYTES);
    const raw = rawOf(header);
    if (raw === undefined) throw damaged();
    entries.push({ header, raw, name: raw === 0 ? undefined : take(NAME_BYTES) });
    length += CHUNK_HEADER_BYTES + raw;
  }
  const trailer = take(TRAILER_BYTES);
  if (at !== bytes.length) throw damaged();
  const about = aboutOf(json);
  if (about === undefined || about.archive !== archive) throw damaged();
  const pieces = entries.filter(({ name }) => name !== undefined).length;
  return { about: { ...about, bytes: length, pieces }, head, entries, trailer };
}

function rawOf(header: Bytes): number | undefined {
  try {
    return readHeader(header).raw;
  } catch {
    return undefined;
  }
}

const TYPES: readonly unknown[] = ['full', 'differential', 'incremental'] satisfies BackupType[];

function aboutOf(json: Bytes): Omit<StoredArchive, 'bytes' | 'pieces'> | undefined {
  let said: Record<string, unknown>;
  try {
    said = JSON.parse(new TextDecoder().decode(json)) as Record<string, unknown>;
  } catch {
    return undefined;
  }
  const { archive, type, base } = said ?? {};
  const numbers = ['fromSeq', 'toSeq', 'fromMs', 'toMs', 'rows'].map((field) => said?.[field]);
  if (typeof archive !== 'string' || !TYPES.includes(type) || !numbers.every(Number.isSafeInteger))
    return undefined;
  const [fromSeq, toSeq, fromMs, toMs, rows] = numbers as [number, number, number, number, number];
  const [from, to] = [new Date(fromMs), new Date(toMs)];
  const based = typeof base === 'string' ? { base } : {};
  return { archive, type: type as BackupType, ...based, fromSeq, toSeq, from, to, rows };
}
