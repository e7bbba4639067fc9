/** Who changes the files in an IndexedDB: changes one at a time, each in the next turn. */

import { LodestoreError, toLodestoreError } from '../errors.js';
import { commitEarly } from './idb-commit.js';
import { type Connection, REOPEN_MS } from './idb-connection.js';
import { CHUNKS, FILES } from './idb-stores.js';
import {
  CARRIED_TOGETHER,
  carriedBytes,
  CLAIMS_KEPT,
  type End,
  lastOf,
  lastTurn,
  OWNER_ID,
  settle,
  type Tail,
  type Turn,
  TURNS_KEPT,
} from './idb-turns.js';

export class Owner {
  readonly #connection: Connection;
  readonly #owner = crypto.randomUUID();
  /** The turn of the opening. */
  #claim = 0;
  /** The last turn; undefined while it is not known how the last change ended. */
  #turn: number | undefined;
  /** The file that was appended to last. */
  #end: End | undefined;
  /** Turns of changes up to this one are deleted. */
  #swept = 0;
  /** The last turn when this was opened, as long as there was no room for a turn of its own. */
  #found: number | undefined;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Takes the next turn, so that whoever had it before can change nothing. The caller has the lock. */
  async own(): Promise<void> {
    await this.#connection.write(true, async (tx) => {
      const chunks = tx.objectStore(CHUNKS);
      const { keys, last, end } = await lastOf(tx);
      // Somebody opened it since.
      if (this.#found !== undefined && last.turn > this.#found && last.owner !== this.#owner)
        throw overtaken(this.#connection.label);
      this.#found = last.turn;
      this.#swept = last.claim ?? last.turn;
      this.#claim = last.turn + 1;
      if (end !== undefined) {
        settle(tx, end, this.#connection.durability);
        putEntry(tx, end);
      }
      chunks.add({ owner: this.#owner, claim: this.#claim } satisfies Turn, [OWNER_ID, this.#claim]);
      // Turns of changes of the one before.
      if (last.claim !== undefined && last.claim < last.turn)
        chunks.delete(turnsBetween(last.claim, last.turn));
      const old = keys.at(-CLAIMS_KEPT);
      if (old !== undefined) chunks.delete(IDBKeyRange.bound([OWNER_ID], old));
    });
    this.#turn = this.#swept = this.#claim;
    this.#end = undefined;
    this.#found = undefined;
  }

  /** The turn behind which those stand of which a file may have its last bytes. */
  get swept(): number {
    return this.#swept;
  }

  /**
   * A change of files, one at a time: `Conflict` when somebody else owns them by now. `work` asks for everything at
   * once and waits for nothing, and where it can the browser then needs this page no more (`commitEarly`): were it to
   * stand still in the middle, the transaction would keep everybody out for a minute.
   *
   * When the connection is lost in the middle, the turns say whether the change was made; if not, it is made again.
   */
  change(work: (tx: IDBTransaction) => void): Promise<void> {
    return this.#change(work);
  }

  /**
   * As `change`, of one that has appended to `tail` and asks for nothing else. `bytes` are what it appends, to be
   * left in its turn; without them `work` has to put them.
   */
  append(tail: Tail, bytes: Uint8Array | undefined, work: (tx: IDBTransaction) => void): Promise<void> {
    return this.#change(work, tail, bytes);
  }

  async #change(work: (tx: IDBTransaction) => void, tail?: Tail, bytes?: Uint8Array): Promise<void> {
    if (this.#found !== undefined) await this.own();
    let turn = this.#turn ?? (await this.#lastTurn());
    for (let [attempt, rest, carry] = [1, work, bytes]; ; attempt += 1) {
      // Whether it was made is to be looked up, until it is known.
      this.#turn = undefined;
      try {
        await this.#take(turn, rest, tail, carry);
        return;
      } catch (error) {
        const lost = error instanceof LodestoreError && error.code === 'Unavailable';
        if (!lost || attempt === REOPEN_MS.length) throw error;
        const last = await this.#lastTurn();
        // It is there. One more turn behind it: when that is on the disk, so is the change.
        if (last === turn + 1) [rest, carry] = [() => undefined, undefined];
        turn = last;
      }
    }
  }

  /** Makes a change in the turn behind `turn`. */
  async #take(
    turn: number,
    work: (tx: IDBTransaction) => void,
    tail: Tail | undefined,
    bytes: Uint8Array | undefined,
  ): Promise<void> {
    const end = this.#end;
    const goesOn = end !== undefined && end.id === tail?.id;
    const isDue = turn - this.#swept >= TURNS_KEPT;
    const fits = bytes !== undefined && (!goesOn || carriedBytes(end) + bytes.length <= CARRIED_TOGETHER);
    const settles = isDue || !goesOn || !fits;
    const body = async (tx: IDBTransaction): Promise<void> => {
      const chunks = tx.objectStore(CHUNKS);
      const says: Turn = { owner: this.#owner, claim: this.#claim };
      if (tail !== undefined) says.tail = tail;
      if (bytes !== undefined) says.bytes = bytes;
      // Whoever took over has added this one.
      chunks.add(says, [OWNER_ID, turn + 1]);
      if (settles && end !== undefined) settle(tx, end, this.#connection.durability);
      if (settles && end !== undefined && !goesOn) putEntry(tx, end);
      if (isDue || (settles && end !== undefined)) chunks.delete(turnsBetween(this.#swept, turn));
      work(tx);
      commitEarly(tx);
    };
    // An append has no more to do with the entries of files: one store is less to be locked.
    const isAlone = tail !== undefined && (goesOn || end === undefined);
    await this.#connection.write(false, body, isAlone ? CHUNKS : undefined);
    if (isDue || (settles && end !== undefined)) this.#swept = turn;
    this.#turn = turn + 1;
    const carried = settles || end === undefined ? [] : end.carried;
    this.#end = tail && { ...tail, carried: bytes === undefined ? carried : [...carried, bytes] };
  }

  /** As `change`, of what only deletes this file: where there is no room even for the next turn, without it. */
  async clear(name: string, body: (tx: IDBTransaction) => void): Promise<void> {
    try {
      await this.change(body);
    } catch (error) {
      if (toLodestoreError(error).code !== 'Quota') throw error;
      await this.#connection.write(true, async (tx) => {
        const { turn, owner } = await lastTurn(tx);
        if (owner !== this.#owner && turn !== this.#found) throw overtaken(this.#connection.label);
        body(tx);
        commitEarly(tx);
      });
      // The last turn still speaks of it; nobody believes that of a file that is gone.
      if (this.#end?.name === name) this.#end = undefined;
    }
  }

  async #lastTurn(): Promise<number> {
    return this.#connection.read(async (tx) => {
      const { last, end } = await lastOf(tx);
      if (last.owner !== this.#owner) throw overtaken(this.#connection.label);
      this.#end = end;
      return last.turn;
    });
  }
}

function putEntry(tx: IDBTransaction, { name, id, length }: Tail): void {
  tx.objectStore(FILES).put({ id, length }, name);
}

/** Those behind one turn, up to another. */
function turnsBetween(turn: number, last: number): IDBKeyRange {
  return IDBKeyRange.bound([OWNER_ID, turn + 1], [OWNER_ID, last]);
}

function overtaken(label: string): LodestoreError {
  return new LodestoreError('Conflict', `${label} was taken over by another tab or worker`);
}
