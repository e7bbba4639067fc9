// One system at one setting while it is measured: its worker, what it can do, and what was seen so far.
import { recall } from './data/truth.mjs';
import { median, quantile } from './statistics.mjs';

/** Thrown when a phase takes longer than it may. */
export class GaveUp extends Error {
  constructor(seconds) {
    super(`gave up after ${seconds} s`);
    this.seconds = seconds;
  }
}

export class Member {
  /** Question -> rounds of times, and what was found. */
  #seen = new Map();
  /** Breadths that are swept; one `undefined` where there is no such thing. */
  ladder = [undefined];
  /** Kinds of question other than plain ones: `{ kind, permille?, ef? }`. */
  extras = [];
  alive = true;

  constructor(entry, worker, budget) {
    this.entry = entry;
    this.worker = worker;
    this.budget = budget;
    this.label = `${entry.system} ${entry.setting}`;
  }

  /** Runs a command; rejects with `GaveUp`, and ends the worker, when it takes too long. */
  async call(command, request = {}) {
    let timer;
    const late = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new GaveUp(this.budget)), this.budget * 1000);
    });
    try {
      return await Promise.race([this.worker.call({ command, ...request }), late]);
    } catch (error) {
      // A worker in the middle of something answers nothing else.
      if (error instanceof GaveUp) await this.end();
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Asks a share of the queries and keeps what came of it. Returns the recall of this share. */
  async ask(question, share, right) {
    const { times, found } = await this.call('ask', { ...question, ...share });
    const key = keyOf(question);
    const seen = this.#seen.get(key) ?? { question, rounds: [], recalls: [], full: 0 };
    const recalls = found.map((ids, i) => {
      const expected = right((share.first + i) % share.all, question.permille);
      if (ids.length === expected.length) seen.full += 1;
      return recall(ids, expected);
    });
    seen.rounds.push(times);
    seen.recalls.push(...recalls);
    this.#seen.set(key, seen);
    return mean(recalls);
  }

  /** What was seen while looking for what to measure is not measured. */
  forget() {
    this.#seen.clear();
  }

  /** Per question: recall, the middle round's p50 and p95, and how often the answer was full. */
  summaries() {
    return Array.from(this.#seen.values(), ({ question, rounds, recalls, full }) => ({
      ...question,
      recall: mean(recalls),
      full: full / recalls.length,
      p50: median(rounds.map((times) => quantile(times, 0.5))),
      p95: median(rounds.map((times) => quantile(times, 0.95))),
    }));
  }

  async end() {
    this.alive = false;
    await this.worker.end();
  }
}

const keyOf = ({ kind, permille, ef }) => `${kind} ${permille} ${ef}`;
const mean = (numbers) => numbers.reduce((sum, one) => sum + one, 0) / numbers.length;
