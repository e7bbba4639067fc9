/** Archives and restores on WebAssembly in this very context. */

import type { PastMethod } from '../engine.js';
import { invalid } from '../fault.js';
import { Handles } from '../handles.js';
import { readOf } from '../past-read.js';
import type { ProgressSink } from '../progress.js';
import type { WasmBackup, WasmIntake, WasmStage, WasmStore } from '../wasm-api.js';
import { yieldNow } from '../yield-now.js';
import type { ArchiveCalls, Lock } from './calls.js';
import { DerivedKeys } from './derived.js';
import { LookDesk } from './looks.js';

/** How the engine runs what is asked of its store. */
export interface Running {
  later<T>(work: (store: WasmStore) => Promise<T>, progress?: ProgressSink): Promise<T>;
  /** As `later`, with the second part of the module loaded. */
  more<T>(work: (store: WasmStore) => Promise<T>, progress?: ProgressSink): Promise<T>;
  now<T>(work: (store: WasmStore) => T): T;
  /** Where the host of the store looks before it derives a key. */
  keys(): Set<DerivedKeys>;
}

/** A restore that is under way. */
interface Stage {
  stage: WasmStage;
  /** The archive that is coming in. */
  intake: WasmIntake | undefined;
  /** Forgets what was lent for that. */
  forget(): void;
  free(): void;
}

export class ArchiveDesk extends LookDesk implements ArchiveCalls {
  readonly #run: Running;
  readonly #backups = new Handles<WasmBackup>('backup');
  readonly #stages = new Handles<Stage>('restore');

  constructor(run: Running) {
    super();
    this.#run = run;
  }

  backupStart(
    optionsJson: string,
    since: Uint8Array | undefined,
    { key, passphrase }: Lock,
    progress?: ProgressSink,
  ): Promise<{ handle: number; manifest: string; reference: Uint8Array }> {
    return this.#run.more(async (store) => {
      const running = await store.backupStart(optionsJson, since, key, passphrase);
      const what = { manifest: running.manifest(), reference: running.reference() };
      return { handle: this.#backups.add(running), ...what };
    }, progress);
  }

  backupNext(handle: number): Promise<Uint8Array | undefined> {
    return this.#run.later(() => this.#backups.get(handle).next());
  }

  backupClose(handle: number): void {
    this.#run.now(() => this.#backups.end(handle));
  }

  stageStart(pointJson: string | undefined): Promise<number> {
    return this.#run.more(async (store) => this.#begun(await store.stageStart(pointJson)));
  }

  stagePast(pointJson: string, progress?: ProgressSink): Promise<number> {
    return this.#run.more(async (store) => this.#begun(await store.stagePast(pointJson)), progress);
  }

  async #begun(stage: WasmStage): Promise<number> {
    const held: Stage = {
      stage,
      intake: undefined,
      forget: () => undefined,
      free() {
        this.forget();
        this.intake?.free();
        stage.free();
      },
    };
    return this.#stages.add(held);
  }

  stageAdd(handle: number, lock: Lock, totalBytes: number): Promise<void> {
    return this.#run.later(async () => {
      const held = this.#stages.get(handle);
      if (held.intake !== undefined) throw invalid('restore: the archive before this one has not ended yet');
      const known = new DerivedKeys(lock);
      const lent = this.#run.keys().add(known);
      held.forget = () => {
        lent.delete(known);
        known.wipe();
      };
      held.intake = held.stage.add(lock.key, lock.passphrase, totalBytes);
    });
  }

  #intake(handle: number): WasmIntake {
    const { intake } = this.#stages.get(handle);
    if (intake === undefined) throw invalid('restore: no archive was begun');
    return intake;
  }

  stageWrite(handle: number, bytes: Uint8Array): Promise<void> {
    return this.#run.later(async () => void (await this.#intake(handle).write(bytes)));
  }

  stageAdded(handle: number): Promise<string | undefined> {
    return this.#run.later(async () => {
      const held = this.#stages.get(handle);
      const intake = this.#intake(handle);
      try {
        return (await intake.finish()) as string | undefined;
      } finally {
        held.intake = undefined;
        held.forget();
        intake.free();
      }
    });
  }

  stageFinish(
    handle: number,
    progress?: ProgressSink,
  ): Promise<{ result: string; seq: number; timeMs: number }> {
    return this.#run.later(async () => {
      const { stage } = this.#stages.get(handle);
      const result = await stage.finish();
      return { result, seq: stage.seq(), timeMs: stage.timeMs() };
    }, progress);
  }

  stageIndex(handle: number, ms: number): Promise<number> {
    return this.#run.later(async () => {
      const until = performance.now() + ms;
      for (;;) {
        const left = this.#stages.get(handle).stage.indexSlice();
        if (left === 0 || performance.now() >= until) return left;
        await yieldNow();
      }
    });
  }

  async stageRead(handle: number, method: PastMethod, args: unknown[]): Promise<unknown> {
    const read = readOf[method] as (of: WasmStage, ...args: unknown[]) => unknown;
    return this.#run.now(() => read(this.#stages.get(handle).stage, ...args));
  }

  stageCommit(handle: number, moreJson: string, progress?: ProgressSink): Promise<string> {
    return this.#run.later(async () => {
      try {
        return await this.#stages.get(handle).stage.commit(moreJson);
      } finally {
        this.#stages.end(handle);
      }
    }, progress);
  }

  stageAbort(handle: number): Promise<void> {
    return this.#run.later(async () => {
      await this.#gone(handle);
    });
  }

  async #gone(handle: number): Promise<void> {
    const held = this.#stages.find(handle);
    if (held === undefined) return;
    await held.intake?.abort();
    await held.stage.abort();
    this.#stages.end(handle);
  }

  /** Gives up what is coming in: its source may be silent for ever. */
  override async quiet(): Promise<void> {
    await super.quiet();
    await Promise.allSettled(
      this.#stages.all().map(async ({ intake, stage }) => {
        await intake?.abort();
        await stage.abort();
      }),
    );
  }

  override end(): void {
    super.end();
    this.#backups.endAll();
    this.#stages.endAll();
  }
}
