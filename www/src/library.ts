/** What the page keeps: the dictionary and the reader's own texts, in one Lodestore database. */

import { deleteDatabase, open } from 'lodestore';
import type {
  Collection,
  Database,
  Filter,
  ImportResult,
  Match,
  OpenReport,
  Progress,
  QueryExplain,
  Stats,
} from 'lodestore';
import { CONFIG, DICTIONARY, OWN } from '../shared/dictionary.js';

export const NAME = 'dictionary';
const BATCH = 16;

export type Scope = 'all' | 'noun' | 'verb' | 'adjective' | 'adverb' | 'mine';

export interface Found extends Match {
  own: boolean;
}

export interface Answer {
  found: Found[];
  ms: number;
  rows: number;
  /** How the dictionary was searched, or the reader's texts where only those were. */
  how: QueryExplain | undefined;
}

export interface OwnText {
  id: string;
  text: string;
}

type OnProgress = (progress: Progress) => void;

export class Library {
  #db: Database;
  #words: Collection | undefined;
  #mine: Collection | undefined;
  #rows = { words: 0, mine: 0 };
  /** From calling `open` to being able to search. */
  readonly openMs: number;

  private constructor(db: Database, openMs: number) {
    this.#db = db;
    this.openMs = openMs;
  }

  static async open(onProgress: OnProgress): Promise<Library> {
    const start = performance.now();
    const db = await open(NAME, { worker: true, onProgress });
    const library = new Library(db, performance.now() - start);
    try {
      await library.reload();
    } catch (error) {
      await db.close();
      throw error;
    }
    return library;
  }

  /** For what looks after it: backups, restores, drills. */
  get database(): Database {
    return this.#db;
  }

  get report(): OpenReport {
    return this.#db.openReport;
  }

  /** True until something was imported or added. */
  get isEmpty(): boolean {
    return this.#rows.words === 0 && this.#rows.mine === 0;
  }

  get rows(): { words: number; mine: number } {
    return { ...this.#rows };
  }

  /** The nearest of both collections, together. */
  async search(vector: Float32Array, scope: Scope, topK: number): Promise<Answer> {
    const start = performance.now();
    const filter: Filter | undefined = scope === 'all' || scope === 'mine' ? undefined : { pos: scope };
    const options = { topK, explain: true, ...(filter === undefined ? {} : { filter }) };
    const [words, mine] = await Promise.all([
      scope === 'mine' ? undefined : this.#words?.query(vector, options),
      scope === 'all' || scope === 'mine' ? this.#mine?.query(vector, options) : undefined,
    ]);
    const found = [
      ...(words?.matches ?? []).map((match) => ({ ...match, own: false })),
      ...(mine?.matches ?? []).map((match) => ({ ...match, own: true })),
    ];
    found.sort((a, b) => b.score - a.score);
    const rows = (words ? this.#rows.words : 0) + (mine ? this.#rows.mine : 0);
    const how = words?.explain ?? mine?.explain;
    return { found: found.slice(0, topK), ms: performance.now() - start, rows, how };
  }

  /** Embeds and stores the reader's lines; what was stored before an abort stays. */
  async add(
    texts: string[],
    embed: (texts: string[]) => Promise<Float32Array>,
    onProgress: (done: number, total: number) => void,
    signal: AbortSignal,
  ): Promise<number> {
    const mine = (this.#mine ??= await this.#db.collection(OWN, CONFIG));
    let done = 0;
    onProgress(0, texts.length);
    while (done < texts.length && !signal.aborted) {
      const batch = texts.slice(done, done + BATCH);
      const vectors = await embed(batch);
      if (signal.aborted) break;
      const added = new Date().toISOString();
      await mine.upsert({
        ids: batch.map(() => crypto.randomUUID()),
        vectors,
        metadata: batch.map((text) => ({ text, added })),
      });
      done += batch.length;
      onProgress(done, texts.length);
    }
    await this.reload();
    return done;
  }

  async ownTexts(limit: number): Promise<OwnText[]> {
    const page = await this.#mine?.list({ limit });
    return (page?.rows ?? []).map((row) => ({ id: row.id, text: String(row.metadata['text'] ?? '') }));
  }

  /** Says something else in a text's place. */
  async changeOwn(id: string, text: string, vector: Float32Array): Promise<void> {
    await this.#mine?.upsert([{ id, vector, metadata: { text, added: new Date().toISOString() } }]);
  }

  async removeOwn(ids: string[] | 'all'): Promise<void> {
    await this.#mine?.delete(ids === 'all' ? { filter: { text: { $exists: true } } } : ids);
    await this.reload();
  }

  stats(): Promise<Stats> {
    return this.#db.stats();
  }

  checkpoint(): Promise<unknown> {
    return this.#db.checkpoint();
  }

  check(): ReturnType<Database['check']> {
    return this.#db.check();
  }

  export(onProgress: OnProgress, signal: AbortSignal): ReadableStream<Uint8Array> {
    return this.#db.export({ onProgress, signal });
  }

  /** Replaces everything, once the whole archive has verified. */
  async import(
    source: Blob | ReadableStream<Uint8Array>,
    onProgress: OnProgress,
    signal?: AbortSignal,
  ): Promise<ImportResult> {
    const options = { replace: true, onProgress };
    const result = await this.#db.import(source, signal === undefined ? options : { ...options, signal });
    await this.reload();
    return result;
  }

  close(): Promise<void> {
    return this.#db.close();
  }

  /** Removes the database from the browser and starts an empty one. */
  async deleteEverything(): Promise<Library> {
    await this.#db.close();
    await deleteDatabase(NAME);
    return Library.open(() => undefined);
  }

  /** Another archive may hold other collections, so what there is is asked anew. Called after a restore, too. */
  async reload(): Promise<void> {
    const infos = await this.#db.collections();
    const rows = (name: string) => infos.find((info) => info.name === name)?.rows;
    const [words, mine] = [rows(DICTIONARY), rows(OWN)];
    this.#words = words === undefined ? undefined : await this.#db.collection(DICTIONARY, CONFIG);
    this.#mine = mine === undefined ? undefined : await this.#db.collection(OWN, CONFIG);
    this.#rows = { words: words ?? 0, mine: mine ?? 0 };
  }
}
