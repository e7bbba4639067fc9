/** Verifying archives, as far as level 3, on WebAssembly in this very context. No database is needed for it. */

import { toLodestoreError } from '../errors.js';
import { Handles, handleClosed } from '../handles.js';
import { StorageHost } from '../host.js';
import { verifier } from '../load.js';
import type { ProgressSink } from '../progress.js';
import { openMemory } from '../storage/memory.js';
import { checkWhole, fallen, isBroken, orFallen } from '../trap.js';
import type { WasmIntake } from '../wasm-api.js';
import type { Lock, LookCalls } from './calls.js';
import { DerivedKeys } from './derived.js';

/** An archive that is being looked at. */
class Look {
  readonly keys: DerivedKeys;
  ended = false;
  #progress: ProgressSink | undefined;
  /** What was told while nobody waited for a piece. */
  #missed: Parameters<ProgressSink> | undefined;
  #intake: WasmIntake | undefined;

  constructor(lock: Lock) {
    this.keys = new DerivedKeys(lock);
  }

  async begin(level: 1 | 2 | 3, { key, passphrase }: Lock, totalBytes: number): Promise<this> {
    const verifyStart = await verifier();
    checkWhole();
    const tell: ProgressSink = (...progress) => {
      if (this.#progress) this.#progress(...progress);
      else this.#missed = progress;
    };
    const host = new StorageHost(await openMemory(), new Set([tell]));
    host.keys.add(this.keys);
    this.#intake = verifyStart(host, level, key, passphrase, totalBytes);
    return this;
  }

  /** Tells of progress for the time of some work. */
  async told<T>(progress: ProgressSink | undefined, work: (intake: WasmIntake) => Promise<T>): Promise<T> {
    this.#progress = progress;
    if (this.#missed) progress?.(...this.#missed);
    this.#missed = undefined;
    try {
      return await orFallen(work(this.#intake as WasmIntake));
    } finally {
      this.#progress = undefined;
    }
  }

  async abort(): Promise<void> {
    // Of a module that failed no answer comes.
    if (this.ended || isBroken()) return;
    this.ended = true;
    await this.#intake?.abort();
  }

  free(): void {
    this.keys.wipe();
    this.#intake?.free();
  }
}

export class LookDesk implements LookCalls {
  readonly #looks = new Handles<Look>('verification');
  #over = false;

  async lookStart(level: 1 | 2 | 3, lock: Lock, totalBytes: number): Promise<number> {
    return this.#run(async () => {
      const look = new Look(lock);
      try {
        return this.#looks.add(await look.begin(level, lock, totalBytes));
      } catch (error) {
        look.keys.wipe();
        throw error;
      }
    });
  }

  lookWrite(handle: number, bytes: Uint8Array, progress?: ProgressSink): Promise<boolean> {
    return this.#run(() => this.#looks.get(handle).told(progress, (intake) => intake.write(bytes)));
  }

  lookFinish(
    handle: number,
    progress?: ProgressSink,
  ): Promise<{ json: string; reference: Uint8Array | undefined }> {
    return this.#run(async () => {
      const look = this.#looks.get(handle);
      look.ended = true;
      const [json, reference] = (await look.told(progress, (intake) => intake.finish())) as [
        string,
        Uint8Array | undefined,
      ];
      return { json, reference };
    });
  }

  async lookClose(handle: number): Promise<Uint8Array | undefined> {
    const look = this.#looks.find(handle);
    if (look === undefined) return undefined;
    // What was derived is worth keeping also where the archive turned out to be damaged.
    await orFallen(look.abort()).catch(() => undefined);
    const news = look.keys.news();
    this.#looks.end(handle);
    return news;
  }

  /** Gives up what is coming in: its source may be silent for ever. */
  async quiet(): Promise<void> {
    this.#over = true;
    await Promise.allSettled(this.#looks.all().map((look) => look.abort()));
  }

  end(): void {
    this.#over = true;
    this.#looks.endAll();
  }

  async #run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#over) throw handleClosed();
    checkWhole();
    try {
      return await work();
    } catch (error) {
      throw toLodestoreError(fallen(error));
    }
  }
}
