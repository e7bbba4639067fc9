// PostgreSQL in WebAssembly with pgvector: a table, an HNSW index, and statements prepared once.
import { FIELD, K } from '../constants.mjs';

const text = (vector) => `[${Array.from(vector).join(',')}]`;

export async function create({ dimension, n, host, m, efConstruction }) {
  const { PGlite } = await import('@electric-sql/pglite');
  const { vector: extension } = await import('@electric-sql/pglite-pgvector');
  let db;
  const start = async (options) => {
    db = await PGlite.create({ extensions: { vector: extension }, ...options });
  };
  await start(host.name === 'chromium' ? { dataDir: 'memory://' } : {});
  const set = (name, value) => db.exec(`SET ${name} = ${value}`);
  const ask = (where, vector) =>
    db.query(`SELECT id FROM rows ${where} ORDER BY vector <=> $1 LIMIT ${K}`, [vector]);
  return {
    sweeps: true,
    async build(rows, parts) {
      await db.exec(`CREATE EXTENSION vector;
        CREATE TABLE rows (id int PRIMARY KEY, ${FIELD} int, vector vector(${dimension}));
        ALTER TABLE rows ALTER COLUMN vector SET STORAGE PLAIN`);
      const step = 500;
      for (let first = 0; first < n; first += step) {
        const lines = [];
        for (let row = first; row < Math.min(n, first + step); row += 1) {
          lines.push(
            `${row}\t${parts[row]}\t${text(rows.subarray(row * dimension, (row + 1) * dimension))}\n`,
          );
        }
        await db.query(`COPY rows FROM '/dev/blob'`, [], { blob: new Blob(lines) });
      }
      await db.exec(`SET maintenance_work_mem = '1GB';
        CREATE INDEX ON rows USING hnsw (vector vector_cosine_ops) WITH (m = ${m}, ef_construction = ${efConstruction});
        CREATE INDEX ON rows (${FIELD});
        ANALYZE rows`);
    },
    tune: (ef) => set('hnsw.ef_search', Math.min(ef, 1000)),
    prepare: text,
    query: (vector) => ask('', vector),
    ids: ({ rows }) => rows.map(({ id }) => id),
    async filter(_matches, permille) {
      await db.exec('SET hnsw.iterative_scan = strict_order');
      return (vector) => ask(`WHERE ${FIELD} < ${permille}`, vector);
    },
    async exact() {
      return async (vector) => {
        await db.exec('SET enable_indexscan = off');
        return ask('', vector);
      };
    },
  };
}
