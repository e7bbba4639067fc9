/** The three streams of the process: results on stdout, everything else on stderr. */

import type { Readable } from 'node:stream';
import { ProgressBar } from './progress-bar.js';

/** The reader of stdout went away, as `head` does: there is nobody to tell. */
export class PipeClosed extends Error {}

export class Io {
  readonly #quiet: boolean;
  readonly json: boolean;

  constructor(options: { quiet: boolean; json: boolean }) {
    this.#quiet = options.quiet;
    this.json = options.json;
    // Without a listener a closed pipe would be an uncaught exception; `write` reports it.
    process.stdout.on('error', () => undefined);
    process.stderr.on('error', () => undefined);
  }

  get outIsTerminal(): boolean {
    return process.stdout.isTTY === true;
  }

  /** Resolves when the bytes were taken, so that a slow reader slows the writer. */
  write(data: string | Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      process.stdout.write(data, (error) => {
        if (error === null || error === undefined) resolve();
        else reject((error as NodeJS.ErrnoException).code === 'EPIPE' ? new PipeClosed() : error);
      });
    });
  }

  say(line: string): void {
    process.stderr.write(`${line}\n`);
  }

  /** A line on stderr where somebody looks on. */
  note(line: string): void {
    if (!this.#quiet && process.stderr.isTTY === true) this.say(line);
  }

  /** Ends with the reason of `signal` when that is aborted, even where nobody writes. */
  stdin(signal: AbortSignal): Readable {
    const { stdin } = process;
    // Without a listener the reason would be an uncaught exception where nobody reads yet.
    stdin.on('error', () => undefined);
    signal.addEventListener('abort', () => stdin.destroy(signal.reason as Error), { once: true });
    return stdin;
  }

  /** A bar on stderr where somebody looks at it. */
  bar(): ProgressBar {
    return new ProgressBar(!this.#quiet && process.stderr.isTTY === true ? process.stderr : undefined);
  }
}
