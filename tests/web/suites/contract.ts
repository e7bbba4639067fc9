/** The contract, on every adapter that the context has. */

import {
  deleteStorage,
  type MemoryFiles,
  openMemory,
  pickStorage,
} from '../../../pkg-templates/npm/src/storage/index.js';
import type { StorageKind } from '../../../pkg-templates/npm/src/types.js';
import { type Case, type Context, freshName, type Suite } from '../check.js';
import { contractCases, type Session } from '../contract.js';

const ADAPTERS: Record<Context, StorageKind[]> = {
  node: ['files'],
  edge: [],
  window: ['indexeddb'],
  worker: ['indexeddb', 'opfs'],
};

const suite: Suite = {
  contexts: ['node', 'edge', 'window', 'worker'],
  cases(context): Case[] {
    const durable = ADAPTERS[context].flatMap((kind) => contractCases(kind, () => makeDurable(kind)));
    return [...contractCases('memory', makeMemory), ...durable];
  },
};
export default suite;

async function makeMemory(): Promise<Session> {
  const files: MemoryFiles = new Map();
  const session: Session = {
    storage: await openMemory(files),
    async reopen() {
      await session.storage.close?.();
      session.storage = await openMemory(files);
    },
    openAgain: () => openMemory(files),
    end: async () => session.storage.close?.(),
  };
  return session;
}

async function makeDurable(kind: StorageKind): Promise<Session> {
  const name = freshName('Contract ä');
  // The process that drives the tests gives Node a directory to play in.
  const directory = (globalThis as { testDirectory?: string }).testDirectory;
  const open = () => pickStorage(kind, name, { directory });
  const session: Session = {
    storage: await open(),
    async reopen() {
      await session.storage.close?.();
      session.storage = await open();
    },
    openAgain: open,
    async end() {
      await session.storage.close?.();
      await deleteStorage(kind, name, { directory });
    },
  };
  return session;
}
