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

/** A row whose list may go on in the next page. */
interface Open {
  level: number;
  parts: DecodedArray[];
}

export class Cursor {
  readonly #leaf: Leaf;
  readonly #where: string;
  readonly #pages: AsyncGenerator<Page, void, undefined>;
  #page: Page | undefined;
  /** Where the next row stands in the page, and how many values of it were used. */
  #at = 0;
  #used = 0;
  #open: Open | undefined;
  #next: Cell | undefined;

  constructor(leaf: Leaf, where: string, pages: AsyncGenerator<Page, void, undefined>) {
    this.#leaf = leaf;
    this.#where = where;
    this.#pages = pages;
  }

  /** Whether `take` has something to give; otherwise `fill` comes first. */
  get ready(): boolean {
    return this.#next !== undefined;
  }

  take(): Cell {
    const cell = this.#next;
    if (cell === undefined) throw damaged(this.#where, 'there are fewer rows than are told');
    this.#next = this.#found();
    return cell;
  }

  /** Reads on until there is a row, or the end. */
  async fill(): Promise<void> {
    while (this.#next === undefined) {
      const { value: page, done } = await this.#pages.next();
      if (done === true) {
        this.#next = this.#closed();
        return;
      }
      [this.#page, this.#at, this.#used] = [page, 0, 0];
      this.#next = this.#found();
    }
  }

  /** Behind the last row. */
  async finish(): Promise<void> {
    if (!this.ready) await this.fill();
    if (this.ready) throw damaged(this.#where, 'there are more rows than are told');
  }

  /** The next row of the page, made when it is asked for: millions of nulls take a few bytes. */
  #found(): Cell | undefined {
    const page = this.#page;
    if (page === undefined || this.#at >= page.count) return undefined;
    if (this.#leaf.list !== undefined) return this.#list(page, this.#leaf.list.element);
    const { full } = this.#leaf;
    const level = page.definitions?.[this.#at] ?? full;
    this.#at += 1;
    return { level, value: level === full ? page.values[this.#used++] : undefined };
  }

  /** A list begins where nothing repeats. Whether it has ended is known when the next one begins. */
  #list(page: Page, element: number): Cell | undefined {
    const { count, definitions, repetitions } = page;
    if (repetitions === undefined) throw damaged(this.#where, 'a list without repetition levels');
    const from = this.#at;
    if (repetitions[from] === 0 && this.#open !== undefined) return this.#closed();
    let to = from + 1;
    while (to < count && repetitions[to] !== 0) to += 1;
    const level = definitions?.[from] ?? this.#leaf.full;
    const stored = definitions === undefined ? to - from : this.#stored(definitions, from, to);
    const elements = level < element ? [] : this.#elements(page, from, to, stored);
    [this.#at, this.#used] = [to, this.#used + stored];
    if (repetitions[from] === 0) this.#open = { level, parts: [elements] };
    else if (this.#open === undefined) throw damaged(this.#where, 'the first row has no beginning');
    else this.#open.parts.push(elements);
    return to < count ? this.#closed() : undefined;
  }

  /** How many of these are no nulls. */
  #stored(definitions: ArrayLike<number>, from: number, to: number): number {
    let stored = 0;
    for (let i = from; i < to; i += 1) if (definitions[i] === this.#leaf.full) stored += 1;
    return stored;
  }

  #elements({ definitions, values }: Page, from: number, to: number, stored: number): DecodedArray {
    let at = this.#used;
    const end = at + to - from;
    if (stored === to - from)
      return ArrayBuffer.isView(values) ? values.subarray(at, end) : values.slice(at, end);
    const { full } = this.#leaf;
    return Array.from({ length: to - from }, (_, i) => {
      const level = definitions?.[from + i] ?? full;
      return level === full ? (values[at++] as unknown) : undefined;
    });
  }

  #closed(): Cell | undefined {
    const open = this.#open;
    if (open === undefined) return undefined;
    this.#open = undefined;
    const [first, ...more] = open.parts;
    const value = more.length === 0 ? first : open.parts.flatMap((part) => Array.from<unknown>(part));
    return { level: open.level, value };
  }
}
