/** What happens to OPFS pool files: torn and damaged headers, short writes, full disks, handles that linger. */

import {
  deleteStorage,
  type OpenStorage,
  pickStorage,
} from '../../../pkg-templates/npm/src/storage/index.js';
import {
  assert,
  type Case,
  equal,
  freshName,
  pattern,
  pieces,
  rejects,
  same,
  sameBytes,
  type Suite,
} from '../check.js';

const HEADER = 4096;

const suite: Suite = {
  contexts: ['worker'],
  cases(): Case[] {
    return [
      { name: 'one damaged header slot, either one, loses nothing and is mended', run: oneSlot },
      { name: 'two damaged slots are Corrupt and name the pool file', run: twoSlots },
      { name: 'a header of a newer version is a Version error', run: newer },
      { name: 'two pool files of one name are Corrupt', run: twice },
      { name: 'a pool file that was made but never used is taken as free', run: unused },
      { name: 'data in a free file is not seen and is cut off', run: leftOver },
      { name: 'a short write is Quota and is taken back', run: short },
      { name: 'a write that throws is taken back', run: throwing },
      { name: 'a failed flush takes the append back', run: flushing },
      { name: 'the pool grows ahead of need', run: growing },
      {
        name: 'a handle that lingers is waited for, one that stays is a Conflict and frees the rest',
        run: lingering,
      },
      { name: 'relaxed does not flush, strict does', run: relaxed },
    ];
  },
};
export default suite;

async function withStorage(body: (storage: OpenStorage, name: string) => Promise<void>): Promise<void> {
  const name = freshName('opfs');
  const storage = await pickStorage('opfs', name);
  await body(storage, name);
  await storage.close();
  await deleteStorage('opfs', name);
}

async function folder(name: string): Promise<FileSystemDirectoryHandle> {
  const root = await navigator.storage.getDirectory();
  return (await root.getDirectoryHandle('lodestore')).getDirectoryHandle(name);
}

async function raw<T>(
  name: string,
  file: string,
  body: (handle: FileSystemSyncAccessHandle) => T,
): Promise<T> {
  const entry = await (await folder(name)).getFileHandle(file, { create: true });
  const handle = await entry.createSyncAccessHandle();
  try {
    return body(handle);
  } finally {
    handle.close();
  }
}

/** Flips one bit. */
const flip = (handle: FileSystemSyncAccessHandle, at: number): void => {
  const byte = new Uint8Array(1);
  handle.read(byte, { at });
  byte[0] = (byte[0] as number) ^ 4;
  handle.write(byte, { at });
};

const FIRST = 'pool-000001';

const oneSlot = (): Promise<void> =>
  withStorage(async (s, name) => {
    await s.create('f', pieces(pattern(100, 1)));
    await s.close();
    for (const at of [0, 8, 12, 20, 28, 92, 2048, 2060, 2076, 2140]) {
      await raw(name, FIRST, (handle) => flip(handle, at));
      const again = await pickStorage('opfs', name);
      sameBytes(await again.read('f', 0, 100), pattern(100, 1), `with byte ${at} damaged`);
      equal((await again.list()).length, 1, 'files');
      await again.close();
    }
  });

const twoSlots = (): Promise<void> =>
  withStorage(async (s, name) => {
    await s.create('f', pieces(pattern(100, 1)));
    await s.close();
    const both = (handle: FileSystemSyncAccessHandle): void =>
      [30, 2048 + 30].forEach((at) => flip(handle, at));
    await raw(name, FIRST, both);
    const failure = await rejects('Corrupt', pickStorage('opfs', name), 'open');
    assert(failure.message.includes(FIRST), 'the pool file is named');
    // Every handle and the lock are free again: mended by hand, it opens.
    await raw(name, FIRST, both);
    const again = await pickStorage('opfs', name);
    sameBytes(await again.read('f', 0, 100), pattern(100, 1), 'mended');
    await again.close();
  });

const newer = (): Promise<void> =>
  withStorage(async (s, name) => {
    await s.create('f', pieces(pattern(100, 1)));
    await s.close();
    await raw(name, FIRST, (handle) => [8, 2048 + 8].forEach((at) => handle.write(Uint8Array.of(2), { at })));
    await rejects('Version', pickStorage('opfs', name), 'open');
  });

const twice = (): Promise<void> =>
  withStorage(async (s, name) => {
    await s.create('f', pieces(pattern(100, 1)));
    await s.close();
    const header = await raw(name, FIRST, (handle) => {
      const bytes = new Uint8Array(HEADER);
      handle.read(bytes, { at: 0 });
      return bytes;
    });
    await raw(name, 'pool-000009', (handle) => handle.write(header, { at: 0 }));
    const failure = await rejects('Corrupt', pickStorage('opfs', name), 'open');
    assert(failure.message.includes('pool-000009') && failure.message.includes(FIRST), 'both are named');
  });

const unused = (): Promise<void> =>
  withStorage(async (s, name) => {
    await s.create('f', pieces(pattern(100, 1)));
    await s.close();
    await raw(name, 'pool-000050', () => undefined);
    await raw(name, 'pool-000051', (handle) => handle.truncate(HEADER));
    const again = await pickStorage('opfs', name);
    same(await again.list(), [{ name: 'f', length: 100 }], 'list');
    await again.close();
    equal(await raw(name, 'pool-000050', (handle) => handle.getSize()), HEADER, 'it has a header now');
    await raw(name, 'pool-000052', (handle) => handle.write(pattern(5000, 1), { at: HEADER }));
    await rejects('Corrupt', pickStorage('opfs', name), 'data without a header');
  });

const leftOver = (): Promise<void> =>
  withStorage(async (s, name) => {
    await s.close();
    await raw(name, FIRST, (handle) => handle.write(pattern(5000, 1), { at: HEADER }));
    const again = await pickStorage('opfs', name);
    same(await again.list(), [], 'list');
    await again.create('f', pieces(pattern(10, 1)));
    same(await again.list(), [{ name: 'f', length: 10 }], 'a new file in it');
    await again.close();
  });

type Handle = FileSystemSyncAccessHandle;

/** Runs `body` with one method of all handles replaced. */
async function replaced<K extends 'write' | 'flush' | 'truncate'>(
  method: K,
  make: (original: Handle[K]) => (this: Handle, ...args: Parameters<Handle[K]>) => ReturnType<Handle[K]>,
  body: () => Promise<unknown>,
): Promise<void> {
  const prototype = FileSystemSyncAccessHandle.prototype;
  const original = prototype[method];
  prototype[method] = make(original) as Handle[K];
  try {
    await body();
  } finally {
    prototype[method] = original;
  }
}

async function refused(s: OpenStorage, code: string): Promise<void> {
  await rejects(code, s.append('f', 100, pattern(1000, 2)), 'append');
  await rejects(code, s.create('g', pieces(pattern(1000, 3))), 'create');
}

async function unchanged(s: OpenStorage): Promise<void> {
  same(await s.list(), [{ name: 'f', length: 100 }], 'list');
  await s.append('f', 100, pattern(10, 4));
  sameBytes(await s.read('f', 100, 110), pattern(10, 4), 'with room again');
}

const short = (): Promise<void> =>
  withStorage(async (s) => {
    await s.create('f', pieces(pattern(100, 1)));
    const half = (original: Handle['write']) =>
      function (this: Handle, ...[bytes, options]: Parameters<Handle['write']>) {
        return original.call(this, (bytes as Uint8Array<ArrayBuffer>).subarray(0, 300), options);
      };
    await replaced('write', half, () => refused(s, 'Quota'));
    await unchanged(s);
  });

const throwing = (): Promise<void> =>
  withStorage(async (s) => {
    await s.create('f', pieces(pattern(100, 1)));
    const full = (original: Handle['write']) =>
      function (this: Handle, ...[bytes, options]: Parameters<Handle['write']>): number {
        original.call(this, (bytes as Uint8Array<ArrayBuffer>).subarray(0, 300), options);
        throw new DOMException('', 'QuotaExceededError');
      };
    await replaced('write', full, () => refused(s, 'Quota'));
    await unchanged(s);
    await s.remove('f');
    await s.create('f', pieces(pattern(100, 1)));
    await replaced('write', full, () =>
      replaced(
        'truncate',
        () => () => {
          throw new DOMException('gone', 'InvalidStateError');
        },
        () => rejects('Unavailable', s.append('f', 100, pattern(1000, 2)), 'neither write nor truncate'),
      ),
    );
  });

const flushing = (): Promise<void> =>
  withStorage(async (s) => {
    await s.create('f', pieces(pattern(100, 1)));
    const failing = () => () => {
      throw new DOMException('the disk is gone', 'InvalidStateError');
    };
    await replaced('flush', failing, () => refused(s, 'Unavailable'));
    await unchanged(s);
  });

async function poolFiles(name: string): Promise<number> {
  let count = 0;
  for await (const file of (await folder(name)).keys()) if (file.startsWith('pool-')) count += 1;
  return count;
}

const growing = (): Promise<void> =>
  withStorage(async (s, name) => {
    equal(await poolFiles(name), 16, 'at first');
    for (let i = 0; i < 40; i += 1) {
      await s.create(`f-${i}`, pieces(pattern(i, i)));
      assert((await poolFiles(name)) - (i + 1) >= 6, `spare files after ${i + 1}`);
    }
    for (let i = 0; i < 40; i += 1) await s.remove(`f-${i}`);
    const before = await poolFiles(name);
    for (let i = 0; i < 30; i += 1) await s.create(`g-${i}`, pieces(pattern(i, i)));
    equal(await poolFiles(name), before, 'removed files are used again');
  });

const lingering = (): Promise<void> =>
  withStorage(async (s, name) => {
    await s.create('f', pieces(pattern(10, 1)));
    await s.close();
    const entry = await (await folder(name)).getFileHandle('pool-000003');
    const handle = await entry.createSyncAccessHandle();
    setTimeout(() => handle.close(), 200);
    const again = await pickStorage('opfs', name);
    equal((await again.list()).length, 1, 'it waited');
    await again.close();
    const stays = await entry.createSyncAccessHandle();
    await rejects('Conflict', pickStorage('opfs', name), 'open');
    stays.close();
    const last = await pickStorage('opfs', name);
    await last.close();
  });

const relaxed = async (): Promise<void> => {
  for (const durability of ['strict', 'relaxed'] as const) {
    const name = freshName('opfs');
    const s = await pickStorage('opfs', name, { durability });
    await s.create('f', pieces());
    let flushes = 0;
    const counting = (original: Handle['flush']) =>
      function (this: Handle): void {
        flushes += 1;
        original.call(this);
      };
    await replaced('flush', counting, () => s.append('f', 0, pattern(10, 1)));
    equal(flushes, durability === 'strict' ? 1 : 0, durability);
    flushes = 0;
    await replaced('flush', counting, () => s.create('g', pieces(pattern(10, 2))));
    // Its data, its header twice, and in relaxed what was appended before: a snapshot names the log before it.
    equal(flushes, durability === 'strict' ? 3 : 4, `${durability}: making a file`);
    await s.close();
    await deleteStorage('opfs', name);
  }
};
