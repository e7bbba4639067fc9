/** Opening: decides where the store runs, and hands back a `Database`. */

import { abortable, throwIfAborted } from './abort.js';
import { Database } from './database.js';
import { DirectEngine } from './direct-engine.js';
import type { Engine, EngineOptions } from './engine.js';
import { invalid } from './fault.js';
import { explicitModule, wasm, type Platform } from './load.js';
import { progressSink } from './progress.js';
import type { OpenOptions } from './types.js';
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
  ...LONG_OPTIONS,
};

/** `open` for one platform. */
export async function openOn(platform: Platform, name: string, options: OpenOptions = {}): Promise<Database> {
  checkName('open', name);
  checkOptions('open', options, OPTIONS);
  const { signal } = options;
  throwIfAborted(signal);
  const opening = start(platform, name, options);
  // Too late to stop: what opens after all must not keep its locks.
  const engine = await abortable(opening, signal, (late) => void late.close().catch(() => undefined));
  return Database.over(engine, name);
}

async function start(platform: Platform, name: string, options: OpenOptions): Promise<Engine> {
  const engineOptions: EngineOptions = {
    storage: options.storage ?? 'auto',
    durability: options.durability ?? 'strict',
    directory: options.directory,
    checkpointLogBytes: options.checkpointLogBytes,
  };
  const progress = progressSink(options.onProgress);
  const spawn = workerFor(platform, options);
  if (spawn !== undefined) {
    return WorkerEngine.open(spawn(), explicitModule(), name, engineOptions, progress);
  }
  return DirectEngine.open(await wasm(platform), name, engineOptions, progress);
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
