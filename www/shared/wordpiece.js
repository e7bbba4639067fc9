/**
 * BERT's uncased WordPiece tokenizer. One implementation for the page and for the preparation in Node, so that a
 * gloss embedded at set-up and a question typed in the page are cut the same way.
 */

const CLS = '[CLS]';
const SEP = '[SEP]';
const UNKNOWN = '[UNK]';
/** A longer word is one unknown token: looking for its pieces would take time in proportion to its square. */
const LONGEST_WORD = 100;

const CONTROL = /[\p{C}\uFFFD]/gu;
const ACCENT = /\p{Mn}/gu;
/** BERT counts every ASCII symbol as punctuation, also those that Unicode files elsewhere, such as `$` and `+`. */
const PUNCTUATION = /([\p{P}!-/:-@[-`{-~])/gu;
/** Languages written without spaces are cut character by character. */
const IDEOGRAPH =
  /([\u4E00-\u9FFF\u3400-\u4DBF\u{20000}-\u{2A6DF}\u{2A700}-\u{2B73F}\u{2B740}-\u{2B81F}\u{2B920}-\u{2CEAF}\uF900-\uFAFF\u{2F800}-\u{2FA1F}])/gu;
// eslint-disable-next-line no-control-regex
const ASCII = /^[\x20-\x7e]*$/;

export class WordPiece {
  /** @type {Map<string, number>} */
  #ids;
  #cls;
  #sep;
  #unknown;

  /** @param {string[]} vocabulary one token a line; the line number is its id */
  constructor(vocabulary) {
    this.#ids = new Map(vocabulary.map((token, id) => [token, id]));
    this.#cls = this.#special(CLS);
    this.#sep = this.#special(SEP);
    this.#unknown = this.#special(UNKNOWN);
  }

  /** @param {string} text the content of a `vocab.txt` */
  static parse(text) {
    return new WordPiece(text.replace(/\r?\n$/, '').split(/\r?\n/));
  }

  /**
   * Ids of the tokens of `text` between the start and end marks, at most `longest` in all.
   * @param {string} text
   * @param {number} [longest]
   * @returns {number[]}
   */
  encode(text, longest = 128) {
    const ids = [this.#cls];
    for (const word of words(text)) {
      if (ids.length >= longest - 1) break;
      this.#pieces(word, ids);
    }
    if (ids.length > longest - 1) ids.length = longest - 1;
    ids.push(this.#sep);
    return ids;
  }

  /**
   * Greedy longest match first; a word with a rest that matches nothing is unknown as a whole.
   * @param {string} word
   * @param {number[]} into
   */
  #pieces(word, into) {
    const letters = Array.from(word);
    if (letters.length > LONGEST_WORD) {
      into.push(this.#unknown);
      return;
    }
    const mark = into.length;
    for (let start = 0; start < letters.length;) {
      let end = letters.length;
      /** @type {number | undefined} */
      let id;
      for (; end > start; end -= 1) {
        const piece = letters.slice(start, end).join('');
        id = this.#ids.get(start === 0 ? piece : `##${piece}`);
        if (id !== undefined) break;
      }
      if (id === undefined) {
        into.length = mark;
        into.push(this.#unknown);
        return;
      }
      into.push(id);
      start = end;
    }
  }

  /** @param {string} token */
  #special(token) {
    const id = this.#ids.get(token);
    if (id === undefined) throw new Error(`The vocabulary has no ${token}: it is not that of a BERT model.`);
    return id;
  }
}

/**
 * Clean, lower-cased words, each punctuation mark a word of its own.
 * @param {string} text
 */
function words(text) {
  let clean = text;
  if (ASCII.test(text)) {
    clean = text.toLowerCase();
  } else {
    clean = clean.replace(/\s/gu, ' ').replace(CONTROL, '').replace(IDEOGRAPH, ' $1 ');
    clean = clean.normalize('NFD').replace(ACCENT, '');
    // Letter by letter: the whole string would turn a last sigma into its final form, which BERT's does not.
    clean = Array.from(clean, (letter) => letter.toLowerCase()).join('');
  }
  return clean
    .replace(PUNCTUATION, ' $1 ')
    .split(/\s+/u)
    .filter((word) => word !== '');
}
