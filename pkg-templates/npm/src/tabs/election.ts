/** Who leads: the one that holds the Web Lock of the database. */

/**
 * How often a waiting request is made anew, ms: a page in the back/forward cache gives a lock up for a new request
 * only, never for one that waits.
 */
const RENEW_MS = 1_000;
/** Followers that miss the leader at the same time do not all reach for the lock at once, ms. */
const JITTER_MS = 100;

/** The lock, until it is released or taken away. */
export interface Seat {
  /** Resolves when the lock is free. */
  release(): Promise<void>;
}

export class Election {
  readonly #name: string;
  readonly #won: (seat: Seat) => void;
  readonly #lost: (seat: Seat) => void;
  #abort: AbortController | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;
  #seizing = false;

  /** `won` gets the lock; `lost` is called when somebody took it from the one who has it. */
  constructor(name: string, won: (seat: Seat) => void, lost: (seat: Seat) => void) {
    this.#name = name;
    this.#won = won;
    this.#lost = lost;
  }

  /** Waits in the queue for the lock. */
  stand(): void {
    if (this.#timer !== undefined) return;
    this.#timer = setInterval(() => this.renew(), RENEW_MS);
    this.renew();
  }

  /** Asks anew. */
  renew(): void {
    if (this.#timer === undefined) return;
    this.#abort?.abort();
    this.#abort = new AbortController();
    this.#request({ signal: this.#abort.signal });
  }

  /** Takes the lock from a leader that says nothing, unless `stillSilent` says otherwise by then. */
  async seize(stillSilent: () => boolean): Promise<void> {
    if (this.#seizing || this.#timer === undefined) return;
    this.#seizing = true;
    try {
      await new Promise((resolve) => setTimeout(resolve, Math.random() * JITTER_MS));
      // One at a time: the others find this lock taken and hear of the new leader meanwhile.
      await navigator.locks.request(`${this.#name}:seize`, { ifAvailable: true }, async (lock) => {
        if (lock === null || this.#timer === undefined || !stillSilent()) return;
        await new Promise<void>((granted) => this.#request({ steal: true }, granted));
      });
    } finally {
      this.#seizing = false;
    }
  }

  /** Wants the lock no more. One that was won stays. */
  withdraw(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#abort?.abort();
    this.#abort = undefined;
  }

  #request(options: LockOptions, granted: () => void = () => undefined): void {
    let seat: Seat | undefined;
    let given = false;
    const over: Promise<unknown> = navigator.locks.request(this.#name, options, () => {
      granted();
      if (this.#timer === undefined) return undefined;
      this.withdraw();
      return new Promise<void>((end) => {
        const release = () => {
          given = true;
          end();
          return over.then(
            () => undefined,
            () => undefined,
          );
        };
        seat = { release };
        this.#won(seat);
      });
    });
    over.catch(() => {
      granted();
      // Without a seat this is only a request that was made anew.
      if (seat !== undefined && !given) this.#lost(seat);
    });
  }
}
