/**
 * Files of Node, Deno and Bun, in one directory for each database. What resolved is on the disk: the data by
 * fsync of the file, the name by fsync of the directory.
 */

import { hostCode, LodestoreError, toLodestoreError } from '../errors.js';
import type { Durability, FileInfo, RoomEstimate } from '../types.js';
import { FileWriter, writeAll } from './file-writer.js';
import type { Lock } from './lock.js';
import { lockDirectory } from './lock-files.js';
import { directoryName, isFileName } from './names.js';
import { isNode, loadNode, type Node, type NodeHandle } from './node.js';
import { Readers } from './readers.js';
import { type Backend, checkEnd, type Draft, exists, type OpenStorage, outOfRange, Shell } from './shell.js';

/** Files being made. No file may have such a name, so a left-over is never taken for one. */
const DRAFT_PREFIX = '_draft_';
/** Handles kept open for appending; the store appends to one file, two around a checkpoint. */
const HANDLES_MAX = 4;
/** Appends that follow one another more closely than this, ms, are not each preceded by a look at the file. */
const LOOK_MS = 100;

export interface FilesOptions {
  /** The database is a folder of its name in it. Default `./.lodestore`. */
  directory?: string | undefined;
  /** Default `'strict'`: an append is synced before it resolves. */
  durability?: Durability | undefined;
}

/** Opens or makes the database `name`; `Conflict` when another process, thread or handle has it open. */
export async function openFiles(name: string, options: FilesOptions = {}): Promise<OpenStorage> {
  const { node, folder, label } = await locate(name, options);
  try {
    const made = await node.fs.mkdir(folder, { recursive: true });
    // Each new folder is an entry in the one above it, up to the first that was there before.
    for (
      let path = folder;
      made !== undefined && path.length >= made.length;
      path = node.path.dirname(path)
    ) {
      await syncDirectory(node, node.path.dirname(path));
    }
    const real = await node.fs.realpath(folder);
    const lock = await lockDirectory(node, real, label);
    try {
      for (const file of await node.fs.readdir(real)) {
        if (file.startsWith(DRAFT_PREFIX)) await node.fs.unlink(node.path.join(real, file));
      }
      return new Shell(new Files(node, real, lock, (options.durability ?? 'strict') === 'strict'), label);
    } catch (error) {
      await lock.release();
      throw error;
    }
  } catch (error) {
    throw toLodestoreError(error, `${label} cannot be opened`);
  }
}

/** Deletes the database `name`, and its folder unless there are files in it that are not ours; `Conflict` when it is open. */
export async function deleteFiles(name: string, options: FilesOptions = {}): Promise<void> {
  const { node, folder, label } = await locate(name, options);
  try {
    const real = await node.fs.realpath(folder);
    const lock = await lockDirectory(node, real, label);
    try {
      for (const file of await node.fs.readdir(real)) {
        if (isFileName(file) || file.startsWith(DRAFT_PREFIX))
          await node.fs.unlink(node.path.join(real, file));
      }
    } finally {
      await lock.release();
    }
    await node.fs.rmdir(real);
    await syncDirectory(node, node.path.dirname(real));
  } catch (error) {
    const code = hostCode(error);
    if (code === 'ENOENT' || code === 'ENOTEMPTY') return;
    throw toLodestoreError(error, `${label} cannot be deleted`);
  }
}

async function locate(
  name: string,
  options: FilesOptions,
): Promise<{ node: Node; folder: string; label: string }> {
  const folderName = directoryName(name);
  if (!isNode()) {
    const message =
      "Storage 'files' works in Node, Deno and Bun only: choose another one, or leave it to 'auto'";
    throw new LodestoreError('Invalid', message);
  }
  const node = await loadNode();
  const folder = node.path.resolve(options.directory ?? '.lodestore', folderName);
  return { node, folder, label: `The database ${JSON.stringify(name)} in ${folder}` };
}

/**
 * On Linux a write with this flag is on the disk when it returns, as after an fdatasync, and one wait for another thread
 * less. Elsewhere it may promise less than that call does (macOS: the disk's own cache).
 */
function syncFlag({ fsNow, process }: Node): number {
  return process.platform === 'linux' ? (fsNow.constants.O_DSYNC ?? 0) : 0;
}

class Files implements Backend {
  readonly kind = 'files';
  readonly #node: Node;
  readonly #folder: string;
  readonly #lock: Lock;
  readonly #strict: boolean;
  /** By name, the one used last at the end. */
  readonly #handles = new Map<string, NodeHandle>();
  readonly #readers: Readers;
  /** How long the file is that was appended to last, and when it was looked at. */
  #end: { name: string; length: number; seen: number } | undefined;
  /** Added to the flags of a file that is appended to where each write then reaches the disk by itself; 0 elsewhere. */
  readonly #syncFlag: number;
  /** These do not make a file that is absent, and unlike 'a' it is written where it is told to. */
  readonly #appending: string | number;
  #drafts = 0;

  constructor(node: Node, folder: string, lock: Lock, strict: boolean) {
    this.#node = node;
    this.#folder = folder;
    this.#lock = lock;
    this.#strict = strict;
    this.#syncFlag = strict ? syncFlag(node) : 0;
    this.#appending = this.#syncFlag === 0 ? 'r+' : node.fsNow.constants.O_RDWR | this.#syncFlag;
    this.#readers = new Readers(node.fsNow, (name) => this.#path(name));
  }

  async list(): Promise<FileInfo[]> {
    const all = await this.#node.fs.readdir(this.#folder).catch((error: unknown) => {
      throw hostCode(error) === 'ENOENT' ? removed(this.#folder) : error;
    });
    const names = all.filter(isFileName);
    const stats = await Promise.all(names.map((name) => this.#node.fs.stat(this.#path(name))));
    return names.flatMap((name, i) => {
      const stat = stats[i];
      return stat?.isFile() ? [{ name, length: stat.size }] : [];
    });
  }

  async read(name: string, start: number, end: number): Promise<Uint8Array> {
    const handle = await this.#open(name, 'r');
    if (handle === undefined) throw outOfRange(name, start, end, undefined);
    try {
      const { size } = await handle.stat();
      if (end > size) throw outOfRange(name, start, end, size);
      const out = unfilled(end - start);
      for (let filled = 0; filled < out.length;) {
        const { bytesRead } = await handle.read(out, filled, out.length - filled, start + filled);
        if (bytesRead === 0) throw outOfRange(name, start, end, start + filled);
        filled += bytesRead;
      }
      return out;
    } finally {
      await handle.close();
    }
  }

  readInto(name: string, at: number, target: Uint8Array): void {
    this.#readers.read(name, at, target);
  }

  async estimate(): Promise<RoomEstimate> {
    const stat = await this.#node.fs.statfs?.(this.#folder);
    return stat === undefined ? {} : { free: stat.bavail * stat.bsize };
  }

  async begin(name: string): Promise<Draft> {
    await this.#checkAbsent(name);
    this.#drafts += 1;
    const path = this.#path(`${DRAFT_PREFIX}${this.#drafts}_${name}`);
    const { fs } = this.#node;
    const writer = new FileWriter(await fs.open(path, 'wx'));
    let over = false;
    return {
      write: (bytes) => writer.write(bytes),
      commit: async () => {
        await this.#syncAppended();
        await writer.finish();
        await this.#publish(path, name);
        over = true;
        await this.#syncFolder();
      },
      discard: async () => {
        if (over) return;
        over = true;
        await writer.close().catch(() => undefined);
        await fs.unlink(path).catch(() => undefined);
      },
    };
  }

  async append(name: string, at: number, bytes: Uint8Array): Promise<void> {
    const handle = await this.#appender(name);
    const end = this.#end;
    this.#end = undefined;
    if (end?.name !== name || end.length !== at || performance.now() - end.seen >= LOOK_MS) {
      // Without waiting: what the kernel knows already takes it a microsecond, and another thread fifty.
      const stat = handle && this.#node.fsNow.fstatSync(handle.fd);
      // An open file can be removed: what is written to it then is nowhere.
      if (stat?.nlink === 0) await this.#forget(name);
      checkEnd(name, at, stat?.nlink === 0 ? undefined : stat?.size);
    }
    if (handle === undefined || bytes.length === 0) return;
    const seen = end?.length === at ? end.seen : performance.now();
    try {
      await writeAll(handle, at, bytes);
      if (this.#strict && this.#syncFlag === 0) await handle.datasync();
    } catch (error) {
      // Taken back, so that a refused append leaves nothing behind that a later one would have to step over.
      await handle.truncate(at).catch((cause: unknown) => {
        const message = `append to ${name}: a failed write could not be taken back; open the database again`;
        throw new LodestoreError('Unavailable', message, { cause });
      });
      throw error;
    }
    this.#end = { name, length: at + bytes.length, seen };
  }

  async remove(name: string): Promise<void> {
    this.#end = undefined;
    await this.#forget(name);
    this.#readers.forget(name);
    try {
      await this.#node.fs.unlink(this.#path(name));
    } catch (error) {
      if (hostCode(error) === 'ENOENT') return;
      throw error;
    } finally {
      // Once more: it may have been read while it was being removed.
      this.#readers.forget(name);
    }
    await this.#syncFolder();
  }

  async close(): Promise<void> {
    try {
      this.#readers.close();
      await Promise.all([...this.#handles.keys()].map((name) => this.#forget(name)));
    } finally {
      await this.#lock.release();
    }
  }

  #path(file: string): string {
    return this.#node.path.join(this.#folder, file);
  }

  async #open(name: string, flags: string | number): Promise<NodeHandle | undefined> {
    try {
      return await this.#node.fs.open(this.#path(name), flags);
    } catch (error) {
      if (hostCode(error) === 'ENOENT') return undefined;
      throw error;
    }
  }

  async #appender(name: string): Promise<NodeHandle | undefined> {
    const handle = this.#handles.get(name) ?? (await this.#open(name, this.#appending));
    if (handle === undefined) return undefined;
    this.#handles.delete(name);
    this.#handles.set(name, handle);
    const [oldest] = this.#handles.keys();
    if (this.#handles.size > HANDLES_MAX && oldest !== undefined) await this.#forget(oldest);
    return handle;
  }

  async #forget(name: string): Promise<void> {
    const handle = this.#handles.get(name);
    this.#handles.delete(name);
    // In 'relaxed' nothing was synced on append: a close is a good moment.
    if (!this.#strict) await handle?.datasync().catch(() => undefined);
    await handle?.close();
  }

  async #checkAbsent(name: string): Promise<void> {
    try {
      await this.#node.fs.stat(this.#path(name));
    } catch (error) {
      if (hostCode(error) === 'ENOENT') return;
      throw error;
    }
    throw exists(name);
  }

  /** Gives a finished draft its name, in one step and never over another file. */
  async #publish(path: string, name: string): Promise<void> {
    const { fs } = this.#node;
    try {
      await fs.link(path, this.#path(name));
    } catch (error) {
      const code = hostCode(error);
      if (code === 'EEXIST') throw exists(name);
      if (code === undefined || !NO_LINKS.has(code)) throw error;
      // No hard links here (FAT, some network drives). A rename would overwrite, but nobody else makes files in
      // this folder: the lock keeps other processes out, and changes of this one queue.
      await this.#checkAbsent(name);
      await fs.rename(path, this.#path(name));
      return;
    }
    // The file is there now; a second name that cannot be removed is swept at the next open.
    await fs.unlink(path).catch(() => undefined);
  }

  /** A file may say how long another one is (a snapshot, its log): it is not on the disk before that is. */
  async #syncAppended(): Promise<void> {
    if (this.#strict) return;
    for (const handle of this.#handles.values()) await handle.datasync();
  }

  #syncFolder(): Promise<void> {
    return syncDirectory(this.#node, this.#folder);
  }
}

const NO_LINKS: ReadonlySet<string> = new Set([
  'EPERM',
  'ENOTSUP',
  'EOPNOTSUPP',
  'ENOSYS',
  'EMLINK',
  'EISDIR',
  'NotCapable',
]);

function removed(folder: string): LodestoreError {
  return new LodestoreError(
    'Evicted',
    `The folder ${folder} was removed while the database was open; restore a backup`,
  );
}

async function syncDirectory(node: Node, path: string): Promise<void> {
  let handle: NodeHandle | undefined;
  try {
    handle = await node.fs.open(path, 'r');
    await handle.sync();
  } catch (error) {
    // Windows opens no directories and keeps names in a journal of its own; some parents may not be readable.
    const code = hostCode(error);
    if (code === undefined || !['EPERM', 'EISDIR', 'EACCES', 'EINVAL', 'NotCapable'].includes(code))
      throw error;
  } finally {
    await handle?.close();
  }
}

/** Room that is written over at once: a plain `Uint8Array` would be zeroed first, which shows at megabytes. */
function unfilled(length: number): Uint8Array {
  const { Buffer } = globalThis as { Buffer?: { allocUnsafeSlow(length: number): Uint8Array } };
  if (Buffer === undefined) return new Uint8Array(length);
  // The slow kind has a buffer of its own; callers may transfer it. A view, since a Buffer differs in its methods.
  return new Uint8Array(Buffer.allocUnsafeSlow(length).buffer);
}
