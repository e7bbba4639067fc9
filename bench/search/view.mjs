// The rows as the table and the plots want them.

/** Rows by host, dataset and N, in a fixed order. */
export function groups(rows) {
  const found = new Map();
  for (const row of rows) {
    const key = JSON.stringify([row.host, row.dataset, row.n]);
    found.set(key, [...(found.get(key) ?? []), row]);
  }
  return Array.from(found, ([key, list]) => {
    const [host, dataset, n] = JSON.parse(key);
    return { host, dataset, n, rows: list };
  }).sort((a, b) => order(a).localeCompare(order(b)));
}

const order = ({ host, dataset, n }) =>
  `${host.startsWith('node') ? 0 : 1} ${host} ${dataset === 'minilm' ? 0 : 1} ${String(n).padStart(9, '0')}`;

/** A system with a setting where it has several. */
export const named = (system, setting) => (SEVERAL.has(system) ? `${system} ${setting}` : system);
const SEVERAL = new Set(['lodestore', 'usearch', 'floor']);

/** `value(system, setting, metric)` of one group. */
export function lookup(rows) {
  const values = new Map(
    rows.map((row) => [JSON.stringify([row.system, row.setting, row.metric]), row.value]),
  );
  return (system, setting, metric) => values.get(JSON.stringify([system, setting, metric]));
}
