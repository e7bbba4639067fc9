// SQLite in WebAssembly with sqlite-vec: a virtual table that is scanned. Of the newer 0.1.9 the glue and the module do
// not go together (it stops with "HEAPU64 was not exported"), so it is the version before.
import { FIELD, K } from '../constants.mjs';

export async function create({ dimension, n, host }) {
  const sqlite3 = await load(host);
  let db = new sqlite3.oo1.DB(':memory:');
  const bytes = (vector) => new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength);
  const statements = new Map();
  function ask(where, vector) {
    let statement = statements.get(where);
    if (statement === undefined) {
      statement = db.prepare(
        `SELECT rowid FROM rows WHERE vector MATCH ? AND k = ${K} ${where} ORDER BY distance`,
      );
      statements.set(where, statement);
    }
    statement.bind(1, bytes(vector));
    const ids = [];
    while (statement.step()) ids.push(statement.getInt(0));
    statement.reset();
    return ids;
  }
  let saved;
  return {
    isExact: true,
    build(rows, parts) {
      db.exec(
        `CREATE VIRTUAL TABLE rows USING vec0(vector float[${dimension}] distance_metric=cosine, ${FIELD} integer)`,
      );
      const insert = db.prepare(`INSERT INTO rows(rowid, vector, ${FIELD}) VALUES (?, ?, ?)`);
      db.exec('BEGIN');
      for (let row = 0; row < n; row += 1) {
        insert.bind(1, BigInt(row));
        insert.bind(2, bytes(rows.subarray(row * dimension, (row + 1) * dimension)));
        insert.bind(3, BigInt(parts[row]));
        insert.step();
        insert.reset();
      }
      db.exec('COMMIT');
      insert.finalize();
    },
    query: (vector) => ask('', vector),
    filter: (_matches, permille) => (vector) => ask(`AND ${FIELD} < ${permille}`, vector),
    ids: (found) => found,
    save() {
      saved = sqlite3.capi.sqlite3_js_db_export(db.pointer);
      return saved.length;
    },
    open() {
      for (const statement of statements.values()) statement.finalize();
      statements.clear();
      db.close();
      db = new sqlite3.oo1.DB(':memory:');
      const place = sqlite3.wasm.allocFromTypedArray(saved);
      const { SQLITE_DESERIALIZE_FREEONCLOSE: free, SQLITE_DESERIALIZE_RESIZEABLE: grow } = sqlite3.capi;
      const code = sqlite3.capi.sqlite3_deserialize(
        db.pointer,
        'main',
        place,
        saved.length,
        saved.length,
        free | grow,
      );
      db.checkRc(code);
    },
  };
}

/** It is made for pages only, so Node pretends to be one. */
async function load(host) {
  const { default: initialise } = await import('sqlite-vec-wasm-demo');
  if (host.name === 'node') {
    globalThis.window ??= globalThis;
    globalThis.self ??= globalThis;
    globalThis.location ??= new URL('http://localhost/');
    process.type = 'renderer';
  }
  return initialise(await host.emscripten('sqlite-vec-wasm-demo/sqlite3.wasm'));
}
