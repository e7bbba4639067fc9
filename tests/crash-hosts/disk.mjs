// A disk whose power can be cut: ext4 in an image file. What was written and not synced is in the memory of the
// mounted file system and not in the file, so a copy of the file is what the disk would hold after a power cut.

import { execFile } from 'node:child_process';
import { copyFile, mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const BYTES = '400M';
const run = promisify(execFile);

export class Disk {
  #image;
  #next;
  folder;

  /** A new disk, mounted. */
  static async make(scratch) {
    if (process.getuid?.() !== 0)
      throw new Error('A power cut needs disk images that are mounted: run it as root, or with --mode kill');
    const disk = new Disk();
    disk.#image = join(scratch, 'disk.img');
    disk.#next = join(scratch, 'next.img');
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
    // Sparse, or most of the time would go into copying nothing.
    await run('cp', ['--sparse=always', this.#image, this.#next]);
    await this.#unmount();
    await rename(this.#next, this.#image);
    await this.#mount();
  }

  /** Everything that was written is on the disk. */
  async sync() {
    await run('sync', ['-f', this.folder]);
  }

  /** Keeps a copy, to look at. */
  async keep(path) {
    await this.sync();
    await copyFile(this.#image, path);
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
