/** The word that was probably meant. */

const CHANGES_MAX = 2;

export function nearest(word: string, known: readonly string[]): string | undefined {
  const ranked = known.map((one) => ({ one, changes: distance(word, one) }));
  const best = ranked.sort((a, b) => a.changes - b.changes)[0];
  return best !== undefined && best.changes <= CHANGES_MAX ? best.one : undefined;
}

/** Letters to insert, delete or replace. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
