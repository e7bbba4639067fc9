/** Opening: decides where the store runs, and hands back a `Database`. */

import { abortable, throwIfAborted } from './abort.js';
import { Changes, observed } from './changes.js';
import { Database } from './database.js';
import { deleteDatabase } from './delete-database.js';
import { DirectEngine } from './direct-engine.js';
import type { Engine, EngineOptions, Office } from './engine.js';
import { toLodestoreError } from './errors.js';
import { invalid } from './fault.js';
import { explicitModules, usePlatform, wasm, type Platform } from './load.js';
import { progressSink } from './progress.js';
import { lockName, resolve } from './storage/index.js';
import { SharedEngine } from './tabs/shared-engine.js';
import { askToPersist } from './persist.js';
import type { OpenOptions, StorageKind } from './types.js';
import {
  checkName,
  checkOptions,
  isBoolean,
  isInteger,
  isOneOf,
  isString,
  LONG_OPTIONS,
  type Check,
} from './validate.js';
import { Witness } from './witness.js';
import { WorkerEngine } from './worker-engine.js';

const VERBS = ['list', 'read', 'create', 'append', 'remove'] as const;
const isKind = isOneOf('auto', 'memory', 'indexeddb', 'opfs', 'files');

/** One of the known storages, or an object with the five verbs. */
export const isStorage: Check = (value) => {
  if (typeof value !== 'object' || value === null) return isKind(value);
  const missing = VERBS.filter((verb) => typeof (value as Record<string, unknown>)[verb] !== 'function');
  return missing.length === 0 ? undefined : `must have the methods ${missing.join(', ')} too`;
};

const OPTIONS = {
  storage: isStorage,
  durability: isOneOf('strict', 'relaxed'),
  worker: isBoolean,
  directory: isString,
  checkpointLogBytes: isInteger(1, Number.MAX_SAFE_INTEGER),
  persist: isBoolean,
  ifEvicted: isOneOf('fail', 'create'),
  salvage: isBoolean,
  ...LONG_OPTIONS,
};

/** `open` for one platform. */
export async function openOn(platform: Platform, name: string, options: OpenOptions = {}): Promise<Database> {
  checkName('open', name);
  checkOptions('open', options, OPTIONS);
  const { signal } = options;
  throwIfAborted(signal);
  usePlatform(platform);
  const changes = new Changes();
  const opening = start(platform, name, options, changes);
  // Too late to stop: what opens after all must not keep its locks.
  const engine = await abortable(opening, signal, (late) => void late.close().catch(() => undefined));
  // Beside this one, for a restore into another name and for trying one out in memory: in a worker if this one is in one, because
  // a drill would otherwise hold up the very page that was spared by it.
  const worker = workerFor(platform, options) !== undefined;
  const open = (other: string, inside?: 'memory') =>
    openOn(
      platform,
      other,
      inside ? { storage: inside, worker } : without(options, ['onProgress', 'signal', 'salvage']),
    );
  const { storage, directory } = options;
  const remove = (other: string) =>
    deleteDatabase(other, { ...(storage && { storage }), ...(directory && { directory }) });
  const beside = Object.assign(open, { remove });
  return Database.over(engine, name, changes, beside);
}

function without(options: OpenOptions, names: (keyof OpenOptions)[]): OpenOptions {
  const rest = { ...options };
  for (const name of names) delete rest[name];
  return rest;
}

async function start(
  platform: Platform,
  name: string,
  options: OpenOptions,
  changes: Changes,
): Promise<Engine> {
  const engineOptions: EngineOptions = {
    storage: options.storage ?? 'auto',
    durability: options.durability ?? 'strict',
    directory: options.directory,
    checkpointLogBytes: options.checkpointLogBytes,
    salvage: options.salvage ?? false,
    shared: undefined,
  };
  const progress = progressSink(options.onProgress);
  const spawn = workerFor(platform, options);
  const witness = witnessOf(engineOptions.storage, name);
  if (witness !== undefined && options.persist !== false) askToPersist();
  if (witness !== undefined) changes.onNumber((seq) => witness.note(seq));
  const open = async (own: EngineOptions): Promise<Engine> => {
    const begin = async (): Promise<Engine> =>
      spawn === undefined
        ? DirectEngine.open(await wasm(platform), name, own, progress)
        : WorkerEngine.open(spawn(), explicitModules(), name, own, progress);
    const engine = await begin().catch((error: unknown) => {
      if (toLodestoreError(error).code !== 'Evicted') throw error;
      // A browser that tells of its loss tells it once.
      if (options.ifEvicted === 'create') return begin();
      witness?.miss();
      throw error;
    });
    return witness?.check(engine, changes, name, options.ifEvicted === 'create') ?? engine;
  };
  const kind = sharedKind(engineOptions.storage, name, spawn !== undefined);
  if (kind === undefined) return observed(await open(engineOptions), changes);
  const terms = {
    key: lockName(kind, name),
    label: `The database ${JSON.stringify(name)}`,
    durability: engineOptions.durability,
    open: (shared: Office) => open({ ...engineOptions, shared }),
  };
  const engine = await SharedEngine.open(terms, changes, spawn !== undefined);
  // Whoever leads later opens what is whole; what is not must not be salvaged where nobody sees the report.
  engineOptions.salvage = false;
  // A follower may have to lead at any time, perhaps without a network.
  if (spawn === undefined) void wasm(platform).catch(() => undefined);
  return engine;
}

/** Of what a browser may remove, in a context that remembers. */
function witnessOf(storage: EngineOptions['storage'], name: string): Witness | undefined {
  if (typeof storage === 'object') return undefined;
  const kind: StorageKind = resolve(storage, name);
  return kind === 'indexeddb' || kind === 'opfs' ? new Witness(lockName(kind, name)) : undefined;
}

/** The storages of browsers, which all contexts of an origin have in common, where they can talk to each other. */
function sharedKind(
  storage: EngineOptions['storage'],
  name: string,
  inWorker: boolean,
): 'indexeddb' | 'opfs' | undefined {
  const canTalk = typeof BroadcastChannel === 'function' && globalThis.navigator?.locks !== undefined;
  if (!canTalk || typeof storage === 'object') return undefined;
  const kind = resolve(storage, name);
  if (kind === 'indexeddb') return globalThis.indexedDB === undefined ? undefined : kind;
  const canLead = inWorker || 'DedicatedWorkerGlobalScope' in globalThis;
  const hasOpfs = typeof navigator.storage?.getDirectory === 'function';
  return kind === 'opfs' && hasOpfs && canLead ? kind : undefined;
}

function workerFor(platform: Platform, options: OpenOptions): (() => Worker) | undefined {
  const { storage, worker } = options;
  const spawn = typeof Worker === 'function' ? platform.spawnWorker : undefined;
  if (worker) {
    if (typeof storage === 'object') {
      throw invalid('open: a storage object cannot be sent to a worker; leave out worker, or name a storage');
    }
    if (spawn === undefined) {
      throw invalid(
        'open: worker is for browsers; here leave it out, or start a thread that opens the database',
      );
    }
    return spawn;
  }
  // OPFS has its synchronous, durable handles in dedicated workers only.
  const dedicated = 'DedicatedWorkerGlobalScope' in globalThis;
  return storage === 'opfs' && worker === undefined && !dedicated ? spawn : undefined;
}
