/** One line on a terminal that is drawn over and over, and gone at the end. */

import type { Progress } from '../index.node.js';
import { bytesText, durationText } from './text.js';

const CELLS = 24;
/** Milliseconds between two drawings. */
const PAUSE = 100;

interface Terminal {
  columns?: number;
  write(text: string): unknown;
}

export class ProgressBar {
  readonly #terminal: Terminal | undefined;
  #drawn = 0;
  #shown = false;

  constructor(terminal: Terminal | undefined) {
    this.#terminal = terminal;
  }

  /** For `onProgress`. */
  readonly on = ({ phase, done, total, etaMs }: Progress): void => {
    const part = total > 0 ? Math.min(1, done / total) : 0;
    const full = Math.round(part * CELLS);
    const eta = etaMs === undefined || etaMs === 0 ? '' : `, ${durationText(etaMs)} left`;
    const cells = '#'.repeat(full) + '-'.repeat(CELLS - full);
    this.#draw(`${phase.padEnd(8)} [${cells}] ${Math.floor(part * 100)} %${eta}`);
  };

  /** Bytes that came by, of `total` where that is known. */
  bytes(phase: string, done: number, total: number | undefined): void {
    if (total === undefined) this.#draw(`${phase.padEnd(8)} ${bytesText(done)}`);
    else this.on({ phase, done, total });
  }

  rows(phase: string, done: number, total: number | undefined): void {
    if (total === undefined) this.#draw(`${phase.padEnd(8)} ${done} rows`);
    else this.on({ phase, done, total });
  }

  /** Clears the line, for what is printed next. */
  end(): void {
    if (this.#shown) this.#terminal?.write('\r\x1b[K');
    this.#shown = false;
  }

  #draw(text: string): void {
    if (this.#terminal === undefined) return;
    const now = performance.now();
    if (this.#shown && now - this.#drawn < PAUSE) return;
    this.#drawn = now;
    this.#shown = true;
    this.#terminal.write(`\r${text.slice(0, (this.#terminal.columns || 80) - 1)}\x1b[K`);
  }
}
