/** Argon2id beside a page: it runs for 0.4 s without a pause, for which the page would stand still. */

import { toLodestoreError } from '../errors.js';
import { unavailable } from '../fault.js';
import { explicitModules, helperWorker } from '../load.js';
import { RpcClient } from '../rpc.js';
import type { Bytes } from './seal.js';
import { WasmSeal } from './wasm-seal.js';

/** As `WasmSeal`. Of a page, keys are derived in a worker that is there for one key and ends with it. */
export class PageSeal extends WasmSeal {
  override async derive(
    passphrase: Bytes,
    salt: Bytes,
    memoryKib: number,
    passes: number,
    lanes: number,
  ): Promise<Bytes> {
    const costs = [memoryKib, passes, lanes] as const;
    const worker = started();
    if (worker !== undefined) {
      try {
        return await derived(worker, [explicitModules().seal, passphrase, salt, ...costs]);
      } catch (error) {
        // No such script, or a policy against it: then here, and the page waits.
        if (toLodestoreError(error).code !== 'Unavailable') throw error;
      } finally {
        worker.terminate();
      }
    }
    return super.derive(passphrase, salt, ...costs);
  }
}

function started(): Worker | undefined {
  try {
    return helperWorker()?.();
  } catch {
    return undefined;
  }
}

async function derived(worker: Worker, args: unknown[]): Promise<Bytes> {
  const rpc = new RpcClient(worker);
  worker.onerror = (event) => {
    event.preventDefault();
    rpc.fail(unavailable('the worker that derives keys could not be started'));
  };
  worker.onmessageerror = () => rpc.fail(unavailable('what the worker derived could not be read'));
  return rpc.call('derive', args);
}
