// A disk whose power can be cut: ext4 in an image file. What was written and not synced is in the memory of the
// mounted file system and not in the file. The file system is shut down as its own tests do it: from one moment on
// nothing reaches the file any more, and mounted again it is what a disk holds after a power cut. (A copy of the file
// made meanwhile is not: the kernel goes on writing behind the copying, and blocks come out in an order that no disk has.)

import { execFile } from 'node:child_process';
import { copyFile, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const BYTES = '400M';
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
    if (process.getuid?.() !== 0)
      throw new Error('A power cut needs disk images that are mounted: run it as root, or with --mode kill');
    const disk = new Disk();
    disk.#image = join(scratch, 'disk.img');
    disk.folder = join(scratch, 'disk');
    await mkdir(disk.folder, { recursive: true });
    await rm(disk.#image, { force: true });
    await run('truncate', ['-s', BYTES, disk.#image]);
    await run('mkfs.ext4', ['-q', '-F', disk.#image]);
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
