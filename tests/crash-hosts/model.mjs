// What the database has to hold after a crash: for each writer the state after some number of its writes.

import { digest, metadataOf, nextWrite, vectorOf, WRITERS } from './rows.mjs';

/** Writes that the survey makes itself, when it makes the collections. */
const FIRST_SEQ = 2;

export class Model {
  seq = FIRST_SEQ;
  /** By writer: id -> what is in the row. */
  #rows = Array.from({ length: WRITERS }, () => new Map());
  /** Number of the first write of this round. */
  #first = 0;
  #seed = 0;
  /** By writer: sequence numbers of the acknowledged writes of this round. */
  #acked = Array.from({ length: WRITERS }, () => []);
  /** Writers who were told that the write after those has not happened. */
  #refused = new Set();

  /** What the writers of the next round are told. */
  begin(seed) {
    this.#seed = seed;
    this.#first += 1 + Math.max(0, ...this.#acked.map((acked) => acked.length));
    this.#acked = this.#acked.map(() => []);
    this.#refused.clear();
    return { seed, first: this.#first, writers: this.#rows.map((rows) => [...rows]) };
  }

  ack(w, n, seq) {
    if (n !== this.#first + this.#acked[w].length) throw new Error(`writer ${w} told of ${n} out of turn`);
    this.#acked[w].push(seq);
  }

  /** It must not be there. */
  refuse(w) {
    this.#refused.add(w);
  }

  /** From now on it may be. */
  allow() {
    this.#refused.clear();
  }

  get acked() {
    return this.#acked.reduce((sum, acked) => sum + acked.length, 0);
  }

  /**
   * Compares what was found with what may be there, and goes on from there. `lost` counts acknowledged writes that
   * are gone, `kept` writes that are there though nobody was told.
   */
  settle(found) {
    const { states, places, ...counts } = this.compare(found);
    if (places === undefined) return counts;
    this.#rows = places.map((at, w) => states[w][at]);
    this.seq = found.seq;
    return counts;
  }

  /**
   * The same, and nothing changes; `places` is after how many writes each of the writers is. Without a sequence number,
   * which takes asking the storage, as many as fit.
   */
  compare({ rows, problems, seq }) {
    const wrong = [...problems];
    if (rows.some(({ w }) => !(w >= 0 && w < WRITERS))) wrong.push('rows that nobody wrote');
    const states = this.#rows.map((_, w) => this.#states(w));
    const fits = states.map((of, w) => {
      const found = new Map(rows.filter((row) => row.w === w).map((row) => [row.id, row.mark]));
      const fitting = [...of.keys()].filter((at) => equal(of[at], found, w));
      if (fitting.length === 0) wrong.push(`writer ${w}: ${difference(of[this.#acked[w].length], found, w)}`);
      return fitting;
    });
    if (wrong.length > 0) return { wrong, lost: this.acked, kept: 0 };
    // A row that was written and deleted leaves a writer as it was: then the sequence number says which it is.
    const made = seq - this.seq;
    const places =
      seq === undefined
        ? fits.map((of) => of.at(-1))
        : combinations(fits).find((places) => places.reduce((sum, at) => sum + at, 0) === made);
    if (places === undefined) {
      wrong.push(
        `the sequence number says ${made} writes, and the rows ${fits.map((of) => of.at(-1)).join(' + ')}`,
      );
      return { wrong, lost: this.acked, kept: 0 };
    }
    let [lost, kept] = [0, 0];
    let [newestThere, oldestGone] = [0, Infinity];
    for (const [w, at] of places.entries()) {
      const acked = this.#acked[w];
      lost += Math.max(0, acked.length - at);
      kept += Math.max(0, at - acked.length);
      newestThere = Math.max(newestThere, acked[Math.min(at, acked.length) - 1] ?? 0);
      oldestGone = Math.min(oldestGone, acked[at] ?? Infinity);
    }
    // Writes may be lost from the end only: never one with a later one still there.
    if (newestThere > oldestGone) wrong.push(`write ${newestThere} is there and ${oldestGone} is gone`);
    return { wrong, lost, kept, states, places };
  }

  /** The states before this round's writes, after each acknowledged one, and after the one that was under way, if any. */
  #states(w) {
    const states = [this.#rows[w]];
    const count = this.#acked[w].length + (this.#refused.has(w) ? 0 : 1);
    for (let n = 0; n < count; n += 1)
      states.push(nextWrite(this.#seed, w, this.#first + n, states[n]).after);
    return states;
  }
}

/** One of each. */
const combinations = (lists) =>
  lists.reduce((all, list) => all.flatMap((some) => list.map((one) => [...some, one])), [[]]);

function equal(state, found, w) {
  if (state.size !== found.size) return false;
  for (const [id, row] of state) if (found.get(id) !== mark(id, row, w)) return false;
  return true;
}

/** Rows are the same objects from state to state, and some are long. */
const marks = new WeakMap();

function mark(id, row, w) {
  if (!marks.has(row)) marks.set(row, digest(vectorOf(id, row.v), metadataOf(w, row)));
  return marks.get(row);
}

/** For a person: how far what was found is from what was acknowledged. */
function difference(state, found, w) {
  const gone = [...state.keys()].filter((id) => !found.has(id));
  const other = [...state].filter(([id, row]) => found.has(id) && found.get(id) !== mark(id, row, w));
  const more = [...found.keys()].filter((id) => !state.has(id));
  const list = (what, ids) =>
    `${ids.length} ${what}${ids.length > 0 ? ` (${ids.slice(0, 4).join(', ')})` : ''}`;
  const ids = other.map(([id]) => id);
  return `of ${state.size} acknowledged rows ${list('are gone', gone)}, ${list('differ', ids)}, ${list('too many', more)}`;
}
