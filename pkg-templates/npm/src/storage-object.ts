/** What Lodestore needs of a storage. */

/** Name and length in bytes of one stored file. */
export interface FileInfo {
  name: string;
  length: number;
}

/** Room on a host, in bytes. `free` goes before the other two. */
export interface RoomEstimate {
  quota?: number | undefined;
  usage?: number | undefined;
  free?: number | undefined;
}

/**
 * The five verbs that Lodestore needs of a storage. Any object with these methods will do.
 * Files are written once or grown by append, never overwritten. After a crash a file holds a prefix of what
 * was written to it; what a resolved promise covers lies within that prefix.
 */
export interface StorageObject {
  /** Shown in `stats()`. */
  readonly kind?: string;
  /** All files, in any order. */
  list(): Promise<FileInfo[]>;
  /** Exactly the bytes `start` to `end` (end exclusive); rejects when the file is absent or shorter. */
  read(name: string, start: number, end: number): Promise<Uint8Array>;
  /** Writes a new file; rejects with code `Conflict` when it exists. If the source throws, no file remains. */
  create(name: string, chunks: AsyncIterable<Uint8Array>): Promise<void>;
  /** Appends at the end; rejects with code `Conflict` unless the file's length is `at`. */
  append(name: string, at: number, bytes: Uint8Array): Promise<void>;
  /** Removes a file; an absent one is fine. */
  remove(name: string): Promise<void>;
  /** Frees locks and handles. */
  close?(): Promise<void>;
  /**
   * Optional: reads without waiting. Fills `target` with the bytes from `at` on and returns how many those are;
   * throws when the file is absent or shorter. It has to see what every resolved promise wrote before. `target`
   * is a view of memory that may move: do not keep it. Collections with `memory: 'codes'` need this method.
   */
  readInto?(name: string, at: number, target: Uint8Array): number;
  /**
   * Optional: how much room there is, in bytes: `free`, or `quota` and `usage`. Checkpoints and imports that would
   * not fit are then refused before they begin. What is not known, or not a number, is left open.
   */
  estimate?(): Promise<RoomEstimate>;
}
