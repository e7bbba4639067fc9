// PostgreSQL in WebAssembly with pgvector: a table in memory with an HNSW index.
import { FIELD, K } from '../constants.mjs';

const PLANS = {
  graph: 'SET enable_seqscan = off; SET enable_indexscan = on; SET hnsw.iterative_scan = off',
  filter: 'SET enable_seqscan = on; SET enable_indexscan = on; SET hnsw.iterative_scan = strict_order',
  exact: 'SET enable_seqscan = on; SET enable_indexscan = off',
};
const text = (vector) => `[${Array.from(vector).join(',')}]`;

export async function create({ dimension, n, m, efConstruction }) {
  const { PGlite } = await import('@electric-sql/pglite');
  const { vector: extension } = await import('@electric-sql/pglite-pgvector');
  const db = await PGlite.create({ dataDir: 'memory://', extensions: { vector: extension } });
  let plan;
  /** The planner is told what to leave out, or else it scans small tables whatever is asked. */
  async function ask(wanted, where, vector) {
    if (wanted !== plan) await db.exec(PLANS[wanted]);
    plan = wanted;
    return db.query(`SELECT id FROM rows ${where} ORDER BY vector <=> $1 LIMIT ${K}`, [vector]);
  }
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
    // More than 1000 it does not take.
    tune: (ef) => db.exec(`SET hnsw.ef_search = ${Math.min(ef, 1000)}`),
    prepare: text,
    query: (vector) => ask('graph', '', vector),
    ids: ({ rows }) => rows.map(({ id }) => id),
    filter: (_matches, permille) => (vector) => ask('filter', `WHERE ${FIELD} < ${permille}`, vector),
    exact: () => (vector) => ask('exact', '', vector),
  };
}
