/** Whose turn it is to change files in IndexedDB, and what the last change left to be said. */

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

/** As `lastTurn`: how long the file is that was appended to last. */
export async function lastTail(tx: IDBTransaction): Promise<Tail | undefined> {
  return (await lastTurn(tx)).tail;
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

/** The turns, the last of them, and the entry of the file that it speaks of, if that is still there. */
export async function lastOf(tx: IDBTransaction) {
  const keys = (await result(tx.objectStore(CHUNKS).getAllKeys(turns()))) as [number, number][];
  const last = await lastTurn(tx);
  if (last.tail === undefined) return { keys, last, entry: undefined };
  const { name } = last.tail;
  const found = (await result(tx.objectStore(FILES).get(name))) as { id: number; length: number } | undefined;
  const entry = found?.id === last.tail.id ? grown(name, found, last.tail) : undefined;
  return { keys, last, entry };
}
