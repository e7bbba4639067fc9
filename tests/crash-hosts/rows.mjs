// What the writers write. All of it follows from a seed, so that the driver knows what a row has to hold without
// asking whoever wrote it. Runs in pages, in Node and in the driver.

const DIMENSION = 24;

const NAMES = ['scanned', 'graph'];

/** One that is scanned, and one with a graph, whose floats stay in storage where that can read without waiting. */
export const collectionsOn = (storage) => ({
  scanned: { dimension: DIMENSION },
  graph: {
    dimension: DIMENSION,
    metric: 'euclidean',
    index: 'hnsw',
    memory: storage === 'indexeddb' ? 'full' : 'codes',
  },
});

/** Writers run side by side, each on rows of its own, and begin a write when the one before was acknowledged. */
export const WRITERS = 4;

/** The rows of a writer hover below this many. */
const ROWS_WANTED = 120;

/** More than IndexedDB gets in one value, when some forty rows have it. */
const LONG_PAD = 40_000;

export const collectionOf = (writer) => NAMES[writer % NAMES.length];

/** A generator of numbers in [0, 1) (mulberry32). */
export function random(...seeds) {
  let state = fnv(seeds.join('/'));
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function fnv(text, state = 2166136261) {
  for (let at = 0; at < text.length; at += 1) state = Math.imul(state ^ text.charCodeAt(at), 16777619);
  return state >>> 0;
}

/** The vector of a row in its version `v`. */
export function vectorOf(id, v) {
  const next = random(id, v);
  return Float32Array.from({ length: DIMENSION }, () => next() * 2 - 1);
}

/** `w` writer, `g` group, `v` version of the vector, `u` updates of the metadata alone, `pad` so many letters. */
export function metadataOf(writer, { g, v, u, pad }) {
  return { w: writer, g, v, u, pad: 'lode'.repeat(pad / 4) };
}

/** Of everything that a row holds. */
export function digest(vector, metadata) {
  const { w, g, v, u, pad, ...more } = metadata;
  let state = fnv(JSON.stringify([w, g, v, u, pad, more]));
  for (const byte of new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength))
    state = Math.imul(state ^ byte, 16777619);
  return state >>> 0;
}

/**
 * The `n`th write of a writer whose rows are `rows` (id -> what is in it): what to do, and the rows after it.
 * Every write changes something, so no two states of a writer are equal.
 */
export function nextWrite(seed, writer, n, rows) {
  const next = random(seed, writer, n);
  const below = (count) => Math.floor(next() * count);
  const ids = [...rows.keys()];
  const some = (count) => {
    const from = below(ids.length);
    return [
      ...new Set(Array.from({ length: Math.min(count, ids.length) }, (_, i) => ids[(from + i) % ids.length])),
    ];
  };
  const after = new Map(rows);
  const choice = next();
  const isFull = ids.length > ROWS_WANTED;
  if (ids.length > 0 && choice < 0.15) {
    const changed = some(1 + below(5));
    const u = n;
    for (const id of changed) after.set(id, { ...rows.get(id), u });
    return { after, write: { kind: 'update', ids: changed, u } };
  }
  if (ids.length > 0 && choice < (isFull ? 0.5 : 0.2)) {
    const gone = some(1 + below(20));
    for (const id of gone) after.delete(id);
    return { after, write: { kind: 'delete', ids: gone } };
  }
  if (ids.length > 0 && choice < (isFull ? 0.7 : 0.24)) {
    const { g } = rows.get(ids[below(ids.length)]);
    for (const [id, row] of rows) if (row.g === g) after.delete(id);
    return { after, write: { kind: 'delete group', g } };
  }
  const isLong = choice > 0.98;
  const count = isLong ? 40 : choice < 0.6 ? 1 : 2 + below(39);
  const written = [];
  for (let i = 0; i < count; i += 1) {
    const isNew = ids.length === 0 || next() < 0.6;
    const id = isNew ? `${writer}-${n}-${i}` : ids[below(ids.length)];
    after.set(id, { g: below(8), v: n, u: 0, pad: isLong ? LONG_PAD : 4 * below(60) });
    if (!written.includes(id)) written.push(id);
  }
  return { after, write: { kind: count > 1 && next() < 0.5 ? 'columns' : 'rows', ids: written } };
}
