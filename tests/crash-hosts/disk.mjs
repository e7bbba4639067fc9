// A disk whose power can be cut: ext4 in an image file. What was written and not synced is in the memory of the
// mounted file system and not in the file. The file system is shut down as its own tests do it: from one moment on
// nothing reaches the file any more, and mounted again it is what a disk holds after a power cut. (A copy of the file
// made meanwhile is not: the kernel goes on writing behind the copying, and blocks come out in an order that no disk has.)

import { execFile } from 'node:child_process';
import { copyFile, mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const BYTES = '400M';
/** Of one that is to be filled up; a profile of Firefox takes a third of it. */
const SMALL_BYTES = '128M';
/** EXT4_IOC_SHUTDOWN, without writing the journal first. */
const SHUTDOWN = `
import fcntl, os, struct, sys
fcntl.ioctl(os.open(sys.argv[1], os.O_RDONLY), 0x8004587d, struct.pack('I', 2))
`;

const run = promisify(execFile);

export class Disk {
  #image;
  folder;

  /** A new disk, mounted. */
  static async make(scratch) {
    return Disk.prepare(new Disk(), scratch, BYTES);
  }

  static async prepare(disk, scratch, bytes) {
    if (process.getuid?.() !== 0)
      throw new Error('This needs disk images that are mounted: run it as root, or with --mode kill');
    disk.#image = join(scratch, 'disk.img');
    disk.folder = join(scratch, 'disk');
    await mkdir(disk.folder, { recursive: true });
    await rm(disk.#image, { force: true });
    await run('truncate', ['-s', bytes, disk.#image]);
    // Nothing is kept back for root, who may be running this.
    await run('mkfs.ext4', ['-q', '-F', '-m', '0', disk.#image]);
    await disk.#mount();
    return disk;
  }

  /** The power is gone and comes back: what was not synced is lost. Nothing may run on it. */
  async cut() {
    await run('python3', ['-c', SHUTDOWN, this.folder]);
    await this.#unmount();
    await this.#mount();
  }

  /** Everything that was written is on the disk. */
  async sync() {
    await run('sync', ['-f', this.folder]);
  }

  /** Keeps a copy, to look at. */
  async keep(path) {
    // Mounted, it may not be copied; and what is not on the disk does not count.
    await this.cut();
    await this.#unmount();
    await copyFile(this.#image, path);
    await this.#mount();
  }

  async close() {
    await this.#unmount();
    await rm(this.#image, { force: true });
  }

  async #mount() {
    await run('mount', ['-o', 'loop', this.#image, this.folder]);
  }

  async #unmount() {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await run('umount', [this.folder]);
      } catch (error) {
        // Processes that were killed go one after the other.
        if (attempt === 100) throw error;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  }
}

/** A disk that is soon full, and has room again. */
export class SmallDisk extends Disk {
  #ballast;

  static async make(scratch) {
    return Disk.prepare(new SmallDisk(), scratch, SMALL_BYTES);
  }

  /** Until nothing more fits in. */
  async fill() {
    const file = (this.#ballast ??= await open(join(this.folder, 'ballast'), 'a'));
    for (let piece = 1 << 20; piece >= 1024; piece /= 4) {
      const bytes = new Uint8Array(piece);
      try {
        for (;;) await file.write(bytes);
      } catch (error) {
        if (error.code !== 'ENOSPC') throw error;
      }
    }
    // Room that is only promised would be missed later.
    await file.datasync();
  }

  async free() {
    await this.#ballast?.close();
    this.#ballast = undefined;
    await rm(join(this.folder, 'ballast'), { force: true });
  }

  async close() {
    await this.free();
    await super.close();
  }
}

/** The same without a disk of its own: a folder, which a killed process does not take with it. */
export class Folder {
  constructor(scratch) {
    this.folder = join(scratch, 'folder');
  }

  static async make(scratch) {
    const folder = new Folder(scratch);
    await rm(folder.folder, { recursive: true, force: true });
    await mkdir(folder.folder, { recursive: true });
    return folder;
  }

  async cut() {}

  async sync() {}

  async keep(path) {
    await run('cp', ['-r', this.folder, path]);
  }

  async close() {
    await rm(this.folder, { recursive: true, force: true });
  }
}
