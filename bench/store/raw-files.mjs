// The bare file API of Node: write and fdatasync; read into fresh buffers.
import { mkdir, open, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export const rawFiles = (directory) => ({
  /** Milliseconds for one strictly durable append for each of `appends`. */
  async write(appends) {
    await mkdir(directory, { recursive: true });
    const path = join(directory, 'raw-log');
    const handle = await open(path, 'w');
    await handle.sync();
    const start = performance.now();
    let at = 0;
    for (const bytes of appends) {
      const { bytesWritten } = await handle.write(bytes, 0, bytes.length, at);
      if (bytesWritten !== bytes.length) throw new Error('the disk took a part of a write only');
      await handle.datasync();
      at += bytes.length;
    }
    const ms = performance.now() - start;
    await handle.close();
    await rm(path);
    return ms;
  },

  /** The same, one at a time. */
  async appender() {
    await mkdir(directory, { recursive: true });
    const path = join(directory, 'raw-single');
    const handle = await open(path, 'w');
    await handle.sync();
    let at = 0;
    return {
      async append(bytes) {
        const { bytesWritten } = await handle.write(bytes, 0, bytes.length, at);
        if (bytesWritten !== bytes.length) throw new Error('the disk took a part of a write only');
        await handle.datasync();
        at += bytes.length;
      },
      async close() {
        await handle.close();
        await rm(path);
      },
    };
  },

  async put(files) {
    await mkdir(directory, { recursive: true });
    for (const { name, bytes } of files) await writeFile(join(directory, name), bytes, { flush: true });
  },

  // One read of the whole file, as the store would have to make at least.
  async read(files) {
    let total = 0;
    for (const { name } of files) {
      const handle = await open(join(directory, name), 'r');
      const out = new Uint8Array((await handle.stat()).size);
      total += (await handle.read(out, 0, out.length, 0)).bytesRead;
      await handle.close();
    }
    return total;
  },

  clear: () => rm(directory, { recursive: true, force: true }),
});
