/** What the rows of a row group have in one leaf, one row after the other; one page of it in memory. */

import { damaged } from './damaged.js';
import type { Page } from './decode.js';
import type { DecodedArray } from './library.js';
import type { Leaf } from './schema.js';

/** What a row has in a leaf. */
export interface Cell {
  /** Definition level: how much of the way to the value is there. */
  level: number;
  /** As it is stored; of a list its elements, nothing where they are null. */
  value: unknown;
}

type Elements = DecodedArray;

/** A row whose list may go on in the next page. */
interface Open {
  level: number;
  parts: Elements[];
}

export class Cursor {
  readonly #leaf: Leaf;
  readonly #where: string;
  readonly #pages: AsyncGenerator<Page, void, undefined>;
  #cells: Cell[] = [];
  #at = 0;
  #open: Open | undefined;

  constructor(leaf: Leaf, where: string, pages: AsyncGenerator<Page, void, undefined>) {
    this.#leaf = leaf;
    this.#where = where;
    this.#pages = pages;
  }

  /** Whether `take` has something to give; otherwise `fill` comes first. */
  get ready(): boolean {
    return this.#at < this.#cells.length;
  }

  take(): Cell {
    const cell = this.#cells[this.#at];
    if (cell === undefined) throw damaged(this.#where, 'there are fewer rows than are told');
    this.#at += 1;
    return cell;
  }

  /** Reads on until there is a row, or the end. */
  async fill(): Promise<void> {
    this.#cells = [];
    this.#at = 0;
    while (this.#cells.length === 0) {
      const { value: page, done } = await this.#pages.next();
      if (done === true) return this.#close();
      if (this.#leaf.list === undefined) this.#plain(page);
      else this.#lists(page, this.#leaf.list.element);
    }
  }

  /** Behind the last row. */
  async finish(): Promise<void> {
    if (!this.ready) await this.fill();
    if (this.ready) throw damaged(this.#where, 'there are more rows than are told');
  }

  #plain({ count, definitions, values }: Page): void {
    const { full } = this.#leaf;
    let at = 0;
    for (let i = 0; i < count; i += 1) {
      const level = definitions?.[i] ?? full;
      this.#cells.push({ level, value: level === full ? values[at++] : undefined });
    }
  }

  /** A list begins where nothing repeats. Whether it has ended is known when the next one begins. */
  #lists(page: Page, element: number): void {
    const { count, definitions, repetitions } = page;
    if (repetitions === undefined) throw damaged(this.#where, 'a list without repetition levels');
    let at = 0;
    for (let i = 0; i < count;) {
      let end = i + 1;
      while (end < count && repetitions[end] !== 0) end += 1;
      const level = definitions?.[i] ?? this.#leaf.full;
      const stored = definitions === undefined ? end - i : this.#stored(definitions, i, end);
      const elements = level < element ? [] : this.#elements(page, i, end, at, stored);
      at += stored;
      if (repetitions[i] === 0) {
        this.#close();
        this.#open = { level, parts: [elements] };
      } else if (this.#open === undefined) {
        throw damaged(this.#where, 'the first row has no beginning');
      } else {
        this.#open.parts.push(elements);
      }
      i = end;
    }
  }

  /** How many of these are no nulls. */
  #stored(definitions: ArrayLike<number>, from: number, to: number): number {
    let stored = 0;
    for (let i = from; i < to; i += 1) if (definitions[i] === this.#leaf.full) stored += 1;
    return stored;
  }

  #elements({ definitions, values }: Page, from: number, to: number, at: number, stored: number): Elements {
    if (stored === to - from)
      return ArrayBuffer.isView(values)
        ? values.subarray(at, at + to - from)
        : values.slice(at, at + to - from);
    const { full } = this.#leaf;
    return Array.from({ length: to - from }, (_, i) => {
      const level = definitions?.[from + i] ?? full;
      return level === full ? (values[at++] as unknown) : undefined;
    });
  }

  #close(): void {
    const open = this.#open;
    if (open === undefined) return;
    const [first, ...more] = open.parts;
    const value = more.length === 0 ? first : open.parts.flatMap((part) => Array.from<unknown>(part));
    this.#cells.push({ level: open.level, value });
    this.#open = undefined;
  }
}
