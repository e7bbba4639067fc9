/**
 * What is left when the module itself failed: out of memory in a place where that cannot be refused, or a defect. What
 * it was doing is half done, so nothing of it is used any more; what is stored is not touched by it.
 */

import type { LodestoreError } from './errors.js';
import { fallen as told } from './fault.js';
import { leaveAsItIs, onTrap } from './wasm/lodestore.js';

let failure: LodestoreError | undefined;
/** Who waits for an answer that will not come. */
const waiting = new Set<(error: LodestoreError) => void>();

onTrap((error) => void broken(error));

/** Throws where the module has failed before. */
export function checkWhole(): void {
  if (failure !== undefined) throw failure;
}

/** Whether the module has failed. */
export function isBroken(): boolean {
  return failure !== undefined;
}

/** What a call into the module threw; notes it where the module itself failed. */
export function fallen(error: unknown): unknown {
  return error instanceof WebAssembly.RuntimeError ? broken(error) : error;
}

/** As `work` settles; rejects when the module fails before. */
export function orFallen<T>(work: Promise<T>): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    waiting.add(reject);
    const over = () => void waiting.delete(reject);
    work.then(resolve, reject).then(over, over);
  });
}

function broken(error: unknown): LodestoreError {
  if (failure !== undefined) return failure;
  const why = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  failure = told(
    0,
    `, most likely for want of memory (${why}); what was acknowledged is stored: ` +
      'start this page, worker or process again, and open the database there',
  );
  leaveAsItIs();
  for (const reject of [...waiting]) reject(failure);
  return failure;
}
