// Where a peer is ahead of us, so that nobody has to search the tables for it.
import { PERMILLES } from './constants.mjs';
import { shown } from './markdown.mjs';
import { named } from './view.mjs';

const OURS = 'lodestore';
/** It builds and keeps nothing. */
const LOOP = 'javascript';
const GRAPH = 'hnsw/int8';
/** Metric, what it is, the setting of ours that stands for us. Lower is better in all of them. */
const METRICS = [
  ['build_s', 'building', GRAPH],
  ['p50_ms@0.95', 'p50 at recall 0.95', GRAPH],
  ['p50_ms@0.99', 'p50 at recall 0.99', GRAPH],
  ['exact_p50_ms', 'exact search', 'flat/none'],
  ['memory_mb', 'memory', GRAPH],
  ['saved_mb', 'bytes saved', GRAPH],
  ['save_ms', 'saving', GRAPH],
  ['open_ms', 'opening', GRAPH],
];
/** A filtered search that misses rows is not ahead of one that finds them. */
const RECALL = 0.95;

/** Markdown lines; none where we were not measured. */
export function losses({ rows }, value, entries) {
  if (!rows.some(({ system, metric }) => system === OURS && metric.startsWith('p50_ms'))) return [];
  const peers = entries.filter(({ system }) => system !== OURS);
  const index = peers.filter(({ system }) => system !== LOOP);
  const lines = [];
  const compare = (what, own, among, of) => {
    if (own === undefined) return;
    const ahead = among
      .map(({ system, setting }) => ({ name: named(system, setting), theirs: of(system, setting) }))
      .filter(({ theirs }) => theirs !== undefined && theirs < own)
      .sort((a, b) => a.theirs - b.theirs)
      .map(({ name, theirs }) => `${name} ${shown(theirs)}`);
    if (ahead.length > 0) lines.push(`- ${what}: ours ${shown(own)}, ${ahead.join(', ')}`);
  };
  for (const [metric, what, setting] of METRICS) {
    const among = metric === 'exact_p50_ms' ? peers : index;
    compare(what, value(OURS, setting, metric), among, (system, of) => value(system, of, metric));
  }
  for (const permille of PERMILLES) {
    const part = `${permille / 10} %`;
    const good = (system, setting) => {
      const recall = value(system, `${setting}, ${part}`, 'filter_recall');
      return recall >= RECALL ? value(system, `${setting}, ${part}`, 'filter_p50_ms') : undefined;
    };
    compare(`p50 of a filter that lets ${part} through`, good(OURS, GRAPH), peers, good);
  }
  if (lines.length === 0) return ['No peer is ahead of us here.', ''];
  return [`Where peers are ahead of us (\`${GRAPH}\`; exact search by \`flat/none\`):`, '', ...lines, ''];
}
