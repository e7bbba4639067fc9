/** Whose turn it is to change files in IndexedDB, and what the last change left to be said. */

import type { Durability } from '../types.js';
import { joined, putChunks } from './idb-chunks.js';
import { CHUNKS, FILES, result } from './idb-stores.js';

/**
 * No file has this id: under [OWNER_ID, n] among the chunks stand the turns. Every opening adds the next one, which
 * stays, and every change the next one, so that those of the changes before can go. So who was shut out while it stood
 * still finds its next turn taken when it goes on, and can change nothing.
 */
export const OWNER_ID = Number.MAX_SAFE_INTEGER;
const turns = (): IDBKeyRange => IDBKeyRange.bound([OWNER_ID], [OWNER_ID, Infinity]);
/** Openings that one who stands still may sleep through. */
export const CLAIMS_KEPT = 256;
/** Turns of changes that gather before they are deleted: a request in each change would cost each a tenth. */
export const TURNS_KEPT = 32;
/**
 * Bytes that an append leaves in its turn instead of in a chunk, so that it is one request; larger ones would be
 * written twice at a cost.
 */
export const CARRIED_BYTES = 16 << 10;
/** All that turns carry at a time. It becomes one chunk, and from 64 KiB on Chromium makes a file of that. */
export const CARRIED_TOGETHER = 60 << 10;

/** The file that the last change appended to: how long it is stands in the turn of that change, and nowhere else. */
export interface Tail {
  name: string;
  id: number;
  length: number;
}

export interface Turn {
  owner: string;
  /** The turn of the opening of that owner. */
  claim: number;
  tail?: Tail;
  /** The last bytes of that file, where no chunk holds them. */
  bytes?: Uint8Array;
}

/** A file whose last bytes are in turns: its chunks end where those begin. */
export interface End extends Tail {
  carried: readonly Uint8Array[];
}

/** The last turn in a transaction, and what it says; 0 where there is none. */
export async function lastTurn(tx: IDBTransaction): Promise<{ turn: number } & Partial<Turn>> {
  const request = tx.objectStore(CHUNKS).openCursor(turns(), 'prev');
  const cursor = await result(request);
  if (cursor === null) return { turn: 0 };
  const value: unknown = cursor.value;
  const turn = (cursor.key as [number, number])[1];
  return typeof value === 'string' ? { turn, owner: value } : { turn, ...(value as Turn) };
}

/** The file that was appended to last, by the turns behind that of the opening. */
export async function endBehind(tx: IDBTransaction, claim: number): Promise<End | undefined> {
  const range = IDBKeyRange.bound([OWNER_ID, claim], [OWNER_ID, Infinity], true);
  const last = (await result(tx.objectStore(CHUNKS).getAll(range))) as Turn[];
  const tail = last.at(-1)?.tail;
  if (tail === undefined) return undefined;
  const carried: Uint8Array[] = [];
  let at = tail.length;
  for (const { tail: said, bytes } of last.reverse()) {
    if (!(bytes instanceof Uint8Array) || said?.id !== tail.id || said.length !== at || bytes.length > at)
      break;
    carried.unshift(bytes);
    at -= bytes.length;
  }
  return { ...tail, carried };
}

/** How many bytes of a file are in turns. */
export function carriedBytes(end: End): number {
  return end.carried.reduce((sum, bytes) => sum + bytes.length, 0);
}

/** Makes a chunk of what turns carry, which can then go. */
export function settle(tx: IDBTransaction, end: End, durability: Durability): void {
  putChunks(tx, end.id, end.length - carriedBytes(end), joined(end.carried), durability);
}

/** An entry as it is, where the last change appended to its file. */
export function grown<T extends { id: number; length: number }>(
  name: string,
  entry: T | undefined,
  tail: Tail | undefined,
): T | undefined {
  if (entry === undefined || tail?.name !== name || tail.id !== entry.id) return entry;
  return { ...entry, length: tail.length };
}

/** The turns, the last of them, and the file that was appended to last, if that is still there. */
export async function lastOf(tx: IDBTransaction) {
  const keys = (await result(tx.objectStore(CHUNKS).getAllKeys(turns()))) as [number, number][];
  const last = await lastTurn(tx);
  const end = last.claim === undefined ? undefined : await endBehind(tx, last.claim);
  if (end === undefined) return { keys, last, end };
  const entry = (await result(tx.objectStore(FILES).get(end.name))) as { id: number } | undefined;
  return { keys, last, end: entry?.id === end.id ? end : undefined };
}
