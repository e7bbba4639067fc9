// Which file of the pool is taken. After a power cut Chromium knows nothing of a file that it made seconds before.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';

const { Pool } = await import(
  new URL('storage/opfs-pool.js', pathToFileURL(`${process.env.LODESTORE_DIST}/`))
);

/** A directory of the origin private file system, in memory. */
class Directory {
  files = new Map();

  async *entries() {
    for (const name of this.files.keys()) yield [name, await this.getFileHandle(name)];
  }

  async getFileHandle(name, { create = false } = {}) {
    if (!this.files.has(name) && !create) throw new DOMException('none', 'NotFoundError');
    if (!this.files.has(name)) this.files.set(name, new Uint8Array());
    return { kind: 'file', name, createSyncAccessHandle: async () => this.#handle(name) };
  }

  #handle(name) {
    const { files } = this;
    return {
      getSize: () => files.get(name).length,
      truncate(length) {
        const cut = new Uint8Array(length);
        cut.set(files.get(name).subarray(0, length));
        files.set(name, cut);
      },
      flush() {},
      close() {},
      read(target, { at }) {
        const some = files.get(name).subarray(at, at + target.length);
        target.set(some);
        return some.length;
      },
      write(bytes, { at }) {
        const longer = new Uint8Array(Math.max(files.get(name).length, at + bytes.length));
        longer.set(files.get(name));
        longer.set(bytes, at);
        files.set(name, longer);
        return bytes.length;
      },
    };
  }
}

test('of the free files the one is taken that was made first, also where the pool has just grown', async () => {
  const directory = new Directory();
  const pool = await Pool.open(directory);
  const made = directory.files.size;
  const names = [];
  const use = async (name) => {
    const file = await pool.take();
    pool.assign(file, name);
    names.push(file.file);
  };
  for (let n = 0; n <= made; n += 1) await use(`log-${n}`);
  assert.ok(directory.files.size > made, 'it has grown');
  assert.deepEqual(names, names.toSorted());
  await pool.unassign('log-5');
  await pool.unassign('log-2');
  await use('snapshot-1');
  await use('snapshot-2');
  assert.deepEqual(names.slice(-2), [names[2], names[5]]);
  const again = await Pool.open(directory);
  await again.unassign('log-9');
  assert.equal((await again.take()).file, names[9]);
});
