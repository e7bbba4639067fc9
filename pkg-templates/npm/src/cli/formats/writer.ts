/** Rows on their way out. */

import type { Row } from '../../index.node.js';

/** Makes the bytes of a file, page by page. What it holds meanwhile does not grow with the file. */
export interface RowWriter {
  rows(rows: readonly Row[]): Promise<Uint8Array>;
  /** What comes behind the last row. */
  end(): Promise<Uint8Array>;
}

/** A format of one piece of text for each row, behind a header. */
export function textWriter(header: string, text: (row: Row) => string): RowWriter {
  const encoder = new TextEncoder();
  let ahead = header;
  const out = (more: string): Promise<Uint8Array> => {
    const bytes = encoder.encode(ahead + more);
    ahead = '';
    return Promise.resolve(bytes);
  };
  return { rows: (rows) => out(rows.map(text).join('')), end: () => out('') };
}
