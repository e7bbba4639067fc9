/** The records of a CSV file by RFC 4180: fields in quotes may hold commas, line ends, and quotes written twice. */

import { decoded } from './lines.js';
import { wrong } from './row.js';

export interface CsvRecord {
  fields: string[];
  /** Line on which it begins, from 1. */
  line: number;
}

/** Longest record, in characters: what is longer has lost a quote. */
const CHARACTERS_MAX = 100_000_000;

type State = 'start' | 'plain' | 'quoted' | 'closed';

/** Reads characters one by one. Lines end with CRLF or LF. */
class Fields {
  readonly records: CsvRecord[] = [];
  #state: State = 'start';
  #field = '';
  #fields: string[] = [];
  #line = 1;
  #began = 1;
  #length = 0;
  #return = false;

  take(text: string): void {
    let at = 0;
    while (at < text.length) {
      // What needs no look goes as a whole.
      const stop = this.#next(text, at);
      if (stop > at) {
        this.#plain(text.slice(at, stop));
        at = stop;
      } else {
        this.#one(text.charAt(at));
        at += 1;
      }
    }
  }

  end(): void {
    if (this.#state === 'quoted') throw wrong(`line ${this.#began}`, 'a field in quotes has no end');
    if (this.#return) this.#plain('\r');
    if (this.#state !== 'start' || this.#fields.length > 0) this.#record();
  }

  /** Where the next character is that means something. */
  #next(text: string, at: number): number {
    const special = this.#state === 'quoted' ? /["\n]/g : /[",\r\n]/g;
    special.lastIndex = at;
    return special.exec(text)?.index ?? text.length;
  }

  #plain(text: string): void {
    if (this.#state === 'closed' || this.#return)
      throw wrong(
        `line ${this.#line}`,
        'there is text behind the quotes of a field, or a lone carriage return',
      );
    if (this.#state === 'start') this.#state = 'plain';
    this.#field += text;
    this.#length += text.length;
    if (this.#length > CHARACTERS_MAX)
      throw wrong(`line ${this.#began}`, 'the record is too long', `at most ${CHARACTERS_MAX} characters`);
  }

  #one(character: string): void {
    if (character === '\n') this.#line += 1;
    if (this.#state === 'quoted') {
      if (character === '"') this.#state = 'closed';
      else this.#plain(character);
    } else if (this.#return && character !== '\n') {
      this.#plain(character);
    } else if (character === '"') {
      this.#quote();
    } else if (character === ',') {
      this.#done();
    } else if (character === '\r') {
      this.#return = true;
    } else {
      this.#record();
    }
  }

  #quote(): void {
    if (this.#state === 'plain')
      throw wrong(`line ${this.#line}`, 'a field with quotes must be in quotes as a whole');
    if (this.#state === 'closed') this.#field += '"';
    this.#state = 'quoted';
  }

  #done(): void {
    this.#fields.push(this.#field);
    this.#field = '';
    this.#state = 'start';
  }

  #record(): void {
    this.#return = false;
    // An empty line is no record of one empty field.
    if (this.#fields.length > 0 || this.#state !== 'start') {
      this.#done();
      this.records.push({ fields: this.#fields, line: this.#began });
    }
    this.#fields = [];
    this.#began = this.#line;
    this.#length = 0;
  }
}

export async function* csvRecords(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<CsvRecord> {
  const fields = new Fields();
  for await (const text of decoded(chunks)) {
    fields.take(text);
    yield* fields.records.splice(0);
  }
  fields.end();
  yield* fields.records;
}

/** A field as it is written: in quotes where it must be. */
export function csvField(text: string): string {
  return /[",\r\n]/.test(text) || text === '' ? `"${text.replaceAll('"', '""')}"` : text;
}
