/** The dedicated worker that `open(name, { worker: true })` starts: one database, asked by messages. */

import { DirectEngine } from './direct-engine.js';
import { ALL_METHODS, callMethod, type Engine, type EngineOptions, type Office } from './engine.js';
import { closed, invalid } from './fault.js';
import { type ExplicitModules, loadMore, sealModule, wasm } from './load.js';
import type { ProgressSink } from './progress.js';
import { serve, type Port } from './rpc.js';
import type { Notice } from './tabs/protocol.js';
import { moreUrl, relaxedMoreUrl, relaxedUrl, sealUrl, wasmUrl } from './wasm-url.js';

let engine: Engine | undefined;

// In a dedicated worker the global scope is the port to its page.
serve(globalThis as unknown as Port, async (method, args, progress) => {
  if (method === 'open') {
    engine = await open(args, progress);
    return undefined;
  }
  if (!ALL_METHODS.has(method)) throw invalid(`the worker knows no method "${method}"`);
  if (engine === undefined) throw closed('no database is open in this worker');
  return callMethod(engine, method, progress === undefined ? args : [...args, progress]);
});

async function open(args: unknown[], progress: ProgressSink | undefined): Promise<Engine> {
  if (engine !== undefined) throw invalid('this worker runs a database already; start another worker');
  const [{ first, more, seal }, name, options] = args as [ExplicitModules, string, EngineOptions];
  if (options.shared !== undefined) stepAside(options.shared);
  const sources = { source: wasmUrl, relaxedSource: relaxedUrl, sealSource: sealUrl };
  const store = await wasm({ ...sources, moreSource: moreUrl, relaxedMoreSource: relaxedMoreUrl }, first);
  if (more !== undefined) await loadMore(more);
  if (seal !== undefined) await sealModule(seal);
  return DirectEngine.open(store, name, options, progress);
}

/** The page may stand still while another tab takes over: the files are let go all the same, for that one to open. */
function stepAside(office: Office): void {
  new BroadcastChannel(office.key).onmessage = ({ data }: MessageEvent<Notice>) => {
    const isNext = data.type === 'leader' && data.leader !== office.leader && data.term > office.term;
    if (isNext) globalThis.close();
  };
}
