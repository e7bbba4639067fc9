// What was promised for 50,000 glosses, beside what was measured.
import { M, PERMILLES } from './constants.mjs';
import { shown, table } from './markdown.mjs';
import { groups, lookup } from './view.mjs';

const [DATASET, N, DIMENSION] = ['minilm', 50_000, 384];
const [SMALL, LARGE] = [10_000, 100_000];
const GRAPH = ['lodestore', 'hnsw/int8'];

/** Markdown lines, for each host whose numbers are there. */
export function boundsTable(rows) {
  const all = groups(rows).filter(({ dataset }) => dataset === DATASET);
  const lines = [];
  for (const { host, n, rows: own } of all) {
    if (n !== N) continue;
    const sized = (size) => lookup(all.find((group) => group.host === host && group.n === size)?.rows ?? []);
    for (const [what, value, sign, bound] of bounds(lookup(own), sized)) {
      if (value === undefined || Number.isNaN(value)) continue;
      const met = sign === '>=' ? value >= bound : value <= bound;
      lines.push([what, host, shown(value), `${sign} ${bound}`, met ? 'met' : 'MISSED']);
    }
  }
  if (lines.length === 0) return [];
  return ['## What was promised', '', ...table(['what', 'host', 'measured', 'bound', ''], lines)];
}

function bounds(value, sized) {
  const ours = (metric) => value(...GRAPH, metric);
  const times = (system, setting, metric) => value(system, setting, metric) / ours(metric);
  const flat = (quantization, metric) => value('lodestore', `flat/${quantization}`, metric);
  const faster = (quantization) => flat('none', 'p50_ms') / flat(quantization, 'p50_ms');
  const lines = [];
  for (const recall of ['0.95', '0.99']) {
    const metric = `p50_ms@${recall}`;
    lines.push(
      [`query at ${recall}, times faster than hnswlib-wasm`, times('hnswlib-wasm', 'hnsw', metric), '>=', 6],
      [`query at ${recall}, times faster than usearch f32`, times('usearch', 'hnsw f32', metric), '>=', 2.2],
      [
        `query at ${recall}, times faster than hnswlib-node`,
        times('hnswlib-node', 'hnsw', metric),
        '>=',
        2.2,
      ],
    );
  }
  lines.push(
    ['build, times faster than hnswlib-wasm', times('hnswlib-wasm', 'hnsw', 'build_s'), '>=', 8],
    ['build, times faster than hnswlib-node', times('hnswlib-node', 'hnsw', 'build_s'), '>=', 3],
    [
      'exact scan of floats over reading them',
      flat('none', 'p50_ms') / value('floor', 'read', 'floor_ms'),
      '<=',
      1.3,
    ],
    ['flat/int8, recall', flat('int8', 'recall@10'), '>=', 0.998],
    ['flat/int8, times faster than flat/none', faster('int8'), '>=', 2.5],
    ['flat/binary, recall', flat('binary', 'recall@10'), '>=', 0.99],
    ['flat/binary, times faster than flat/none', faster('binary'), '>=', 8],
  );
  for (const part of PERMILLES.map((permille) => `${permille / 10} %`)) {
    const of = (metric) => value(GRAPH[0], `${GRAPH[1]}, ${part}`, metric);
    lines.push(
      [`filter ${part}, answers that are full`, of('filter_full'), '>=', 1],
      [`filter ${part}, recall`, of('filter_recall'), '>=', 0.95],
      [
        `filter ${part}, p50 over the exact scan of the matches`,
        of('filter_p50_ms') / of('filter_exact_p50_ms'),
        '<=',
        1.5,
      ],
    );
  }
  // Vectors; codes, which are a byte a number, what makes a product of them a distance (16 bytes), and their signs, a bit a
  // number; and the links of the lowest layer.
  const bytes = N * (4 * DIMENSION + DIMENSION + 16 + DIMENSION / 8 + 2 * M * 4);
  const growth = sized(LARGE)(...GRAPH, 'p50_ms@0.95') / sized(SMALL)(...GRAPH, 'p50_ms@0.95');
  lines.push(
    ['open over reading the same bytes', ours('open_ratio'), '<=', 2],
    ['p50 at 0.95, 100,000 rows over 10,000', growth, '<=', 2.5],
    ['memory over vectors, codes and links', (ours('held_mb') * 1e6) / bytes, '<=', 1.15],
  );
  return lines;
}
