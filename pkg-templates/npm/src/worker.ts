/** The dedicated worker that `open(name, { worker: true })` starts: one database, asked by messages. */

import { wipeLocks } from './archive/lock.js';
import { DirectEngine } from './direct-engine.js';
import { ALL_METHODS, callMethod, type Engine, type EngineOptions, type Office } from './engine.js';
import { closed, invalid } from './fault.js';
import { type ExplicitModules, loadMore, type Platform, sealModule, usePlatform, wasm } from './load.js';
import type { ProgressSink } from './progress.js';
import { serve, type Port } from './rpc.js';
import { type Bytes, type Seal, seal } from './seal/index.js';
import type { Notice } from './tabs/protocol.js';
import { moreUrl, relaxedMoreUrl, relaxedUrl, sealUrl, wasmUrl } from './wasm-url.js';

const PLATFORM: Platform = {
  source: wasmUrl,
  relaxedSource: relaxedUrl,
  moreSource: moreUrl,
  relaxedMoreSource: relaxedMoreUrl,
  sealSource: sealUrl,
};

let engine: Engine | undefined;

// In a dedicated worker the global scope is the port to its page.
serve(globalThis as unknown as Port, (method, args, progress) => {
  // There are no keys in it to be wiped, and every turn of the queue counts for a write of one row.
  if (method === 'named' && engine !== undefined) return callMethod(engine, method, args);
  return answer(method, args, progress);
});

async function answer(method: string, args: unknown[], progress: ProgressSink | undefined): Promise<unknown> {
  // For a page whose database is not in a worker; none is opened here then.
  if (method === 'derive') return derive(args);
  if (method === 'open') {
    engine = await open(args, progress);
    return undefined;
  }
  if (!ALL_METHODS.has(method)) throw invalid(`the worker knows no method "${method}"`);
  if (engine === undefined) throw closed('no database is open in this worker');
  try {
    return await callMethod(engine, method, progress === undefined ? args : [...args, progress]);
  } finally {
    wipeLocks(args);
  }
}

async function open(args: unknown[], progress: ProgressSink | undefined): Promise<Engine> {
  if (engine !== undefined) throw invalid('this worker runs a database already; start another worker');
  const [{ first, more, seal }, name, options] = args as [ExplicitModules, string, EngineOptions];
  if (options.shared !== undefined) stepAside(options.shared);
  const store = await wasm(PLATFORM, first);
  if (more !== undefined) await loadMore(more);
  if (seal !== undefined) await sealModule(seal);
  return DirectEngine.open(store, name, options, progress);
}

/** The key of a passphrase. */
async function derive(args: unknown[]): Promise<Bytes> {
  const [module, ...asked] = args as [WebAssembly.Module | undefined, ...Parameters<Seal['derive']>];
  usePlatform(PLATFORM);
  if (module !== undefined) await sealModule(module);
  return seal.derive(...asked);
}

/** The page may stand still while another tab takes over: the files are let go all the same, for that one to open. */
function stepAside(office: Office): void {
  new BroadcastChannel(office.key).onmessage = ({ data }: MessageEvent<Notice>) => {
    const isNext = data.type === 'leader' && data.leader !== office.leader && data.term > office.term;
    if (isNext) globalThis.close();
  };
}
