// The bare OPFS: write and flush, and reads into fresh buffers, of synchronous access handles.

const FOLDER = 'raw';

async function folder() {
  return (await navigator.storage.getDirectory()).getDirectoryHandle(FOLDER, { create: true });
}

async function handleOf(name) {
  const file = await (await folder()).getFileHandle(name, { create: true });
  return file.createSyncAccessHandle();
}

export const rawOpfs = {
  async write(appends) {
    const handle = await handleOf('log');
    handle.truncate(0);
    handle.flush();
    const start = performance.now();
    let at = 0;
    for (const bytes of appends) {
      if (handle.write(bytes, { at }) !== bytes.length)
        throw new Error('the disk took a part of a write only');
      handle.flush();
      at += bytes.length;
    }
    const ms = performance.now() - start;
    handle.close();
    await (await folder()).removeEntry('log');
    return ms;
  },

  /** The same, one at a time. */
  async appender() {
    const handle = await handleOf('single');
    handle.truncate(0);
    handle.flush();
    let at = 0;
    return {
      async append(bytes) {
        if (handle.write(bytes, { at }) !== bytes.length)
          throw new Error('the disk took a part of a write only');
        handle.flush();
        at += bytes.length;
      },
      async close() {
        handle.close();
        await (await folder()).removeEntry('single');
      },
    };
  },

  async put(files) {
    for (const { name, bytes } of files) {
      const handle = await handleOf(name);
      handle.write(bytes, { at: 0 });
      handle.flush();
      handle.close();
    }
  },

  async read(files) {
    let total = 0;
    for (const { name } of files) {
      const handle = await handleOf(name);
      const out = new Uint8Array(handle.getSize());
      total += handle.read(out, { at: 0 });
      handle.close();
    }
    return total;
  },

  async clear() {
    const root = await navigator.storage.getDirectory();
    await root.removeEntry(FOLDER, { recursive: true }).catch(() => undefined);
  },
};
