/**
 * What is left when the module itself failed: out of memory in a place where that cannot be refused, or a defect. What
 * it was doing is half done, so nothing of it is used any more; what is stored is not touched by it.
 */

import { type LodestoreError, toLodestoreError } from './errors.js';
import { fallen as told } from './fault.js';
import type { WriteResult } from './types.js';
import type { WasmAnswer } from './wasm-api.js';
import { leaveAsItIs, onTrap } from './wasm/lodestore.js';

let failure: LodestoreError | undefined;
/** Who waits for an answer that will not come. */
const waiting = new Set<{ failed(error: unknown): void }>();

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

/** As `work` settles, failures as `LodestoreError`; rejects when the module fails before. */
export function orFallen<T>(work: Promise<T>): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const one = new Waiting(resolve, reject);
    work.then(
      (value) => one.resolve(value),
      (error: unknown) => one.failed(error),
    );
  });
}

/** What a write does, which is told as soon as the module knows; failures as of `orFallen`. */
export function answered(write: (answer: WasmAnswer) => void): Promise<WriteResult> {
  return new Promise((resolve, reject) => {
    const answer = new Answer(resolve, reject);
    try {
      checkWhole();
      write(answer);
    } catch (error) {
      answer.failed(error);
    }
  });
}

class Waiting<T> {
  readonly #resolve: (value: T) => void;
  readonly #reject: (error: LodestoreError) => void;

  constructor(resolve: (value: T) => void, reject: (error: LodestoreError) => void) {
    this.#resolve = resolve;
    this.#reject = reject;
    waiting.add(this);
  }

  resolve(value: T): void {
    waiting.delete(this);
    this.#resolve(value);
  }

  failed(error: unknown): void {
    waiting.delete(this);
    this.#reject(toLodestoreError(fallen(error)));
  }
}

class Answer extends Waiting<WriteResult> implements WasmAnswer {
  done(count: number, seq: number): void {
    this.resolve({ count, seq });
  }
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
  for (const one of [...waiting]) one.failed(failure);
  return failure;
}
