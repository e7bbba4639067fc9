// Recall against latency as SVG, drawn from the rows: one picture for each host, dataset and N.
import { groups, named } from './view.mjs';

const [WIDTH, HEIGHT] = [860, 520];
const EDGE = { left: 70, right: 230, top: 50, bottom: 60 };
const LOWEST = 0.8;
const COLOURS = [
  '#d62728', '#ff7f0e', '#bcbd22', '#2ca02c', '#17becf', '#1f77b4', '#9467bd', '#8c564b', '#e377c2', '#7f7f7f',
  '#393b79', '#637939', '#8c6d31', '#843c39', '#7b4173', '#3182bd',
]; // prettier-ignore

/** @returns {{ name: string, svg: string }[]} */
export function plots(rows) {
  return groups(rows)
    .map((group) => ({ name: fileName(group), svg: draw(group, curves(group.rows)) }))
    .filter(({ svg }) => svg !== undefined);
}

export const fileName = ({ host, dataset, n }) => `search-${host.split(' ')[0]}-${dataset}-${n}.svg`;

/** System -> points with recall and p50, by recall. */
function curves(rows) {
  const points = new Map();
  for (const { system, setting, metric, value } of rows) {
    if (metric !== 'recall@10' && metric !== 'p50_ms') continue;
    const point = points.get(`${system} ${setting}`) ?? {
      label: named(system, setting.replace(/, ef=\d+$/, '')),
    };
    point[metric] = value;
    points.set(`${system} ${setting}`, point);
  }
  const found = new Map();
  for (const point of points.values()) {
    if (point['recall@10'] === undefined || point['recall@10'] < LOWEST) continue;
    found.set(point.label, [...(found.get(point.label) ?? []), point]);
  }
  return [...found].map(([label, list]) => ({
    label,
    points: list.sort((a, b) => a['recall@10'] - b['recall@10']).map((one) => [one['recall@10'], one.p50_ms]),
  }));
}

/** Recall from left to right, with room where it matters: near 1. */
const across = (recall) => {
  const spread = (value) => -Math.log10(1.002 - value);
  const share = (spread(recall) - spread(LOWEST)) / (spread(1) - spread(LOWEST));
  return EDGE.left + share * (WIDTH - EDGE.left - EDGE.right);
};

function draw({ host, dataset, n }, lines) {
  if (lines.length === 0) return undefined;
  const all = lines.flatMap(({ points }) => points.map(([, ms]) => Math.log10(ms)));
  const [low, high] = [Math.floor(Math.min(...all) * 2) / 2, Math.ceil(Math.max(...all) * 2) / 2];
  const down = (ms) =>
    HEIGHT - EDGE.bottom - ((Math.log10(ms) - low) / (high - low || 1)) * (HEIGHT - EDGE.top - EDGE.bottom);
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    text(
      EDGE.left,
      25,
      `Recall against latency: ${dataset}, ${n.toLocaleString('en')} rows, ${host}`,
      'font-size="15"',
    ),
    text(EDGE.left, HEIGHT - 15, 'recall@10 (right is better)'),
    text(15, EDGE.top - 10, 'p50, ms (lower is better)'),
    ...grid(low, high, down),
    ...lines.flatMap((line, i) => curve(line, i, down)),
    '</svg>',
  ];
  return `${parts.join('\n')}\n`;
}

function grid(low, high, down) {
  const parts = [];
  const [right, bottom] = [WIDTH - EDGE.right, HEIGHT - EDGE.bottom];
  for (const recall of [0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 1]) {
    const x = across(recall).toFixed(1);
    parts.push(`<line x1="${x}" y1="${EDGE.top}" x2="${x}" y2="${bottom}" stroke="#ddd"/>`);
    parts.push(text(x, bottom + 18, String(recall), 'text-anchor="middle"'));
  }
  for (let power = Math.ceil(low); power <= high; power += 1) {
    for (const times of [1, 2, 5]) {
      const ms = times * 10 ** power;
      if (Math.log10(ms) > high + 1e-9) continue;
      const y = down(ms).toFixed(1);
      parts.push(`<line x1="${EDGE.left}" y1="${y}" x2="${right}" y2="${y}" stroke="#ddd"/>`);
      parts.push(text(EDGE.left - 8, Number(y) + 4, String(Number(ms.toPrecision(1))), 'text-anchor="end"'));
    }
  }
  return parts;
}

function curve({ label, points }, i, down) {
  const colour = COLOURS[i % COLOURS.length];
  const ours = label.startsWith('lodestore');
  const places = points.map(([recall, ms]) => `${across(recall).toFixed(1)},${down(ms).toFixed(1)}`);
  const y = EDGE.top + 10 + i * 20;
  const x = WIDTH - EDGE.right + 20;
  return [
    `<polyline points="${places.join(' ')}" fill="none" stroke="${colour}" stroke-width="${ours ? 3 : 1.5}"/>`,
    ...places.map((place) => {
      const [cx, cy] = place.split(',');
      return `<circle cx="${cx}" cy="${cy}" r="${ours ? 4 : 3}" fill="${colour}"/>`;
    }),
    `<line x1="${x}" y1="${y}" x2="${x + 18}" y2="${y}" stroke="${colour}" stroke-width="${ours ? 3 : 1.5}"/>`,
    text(x + 24, y + 4, label, 'font-size="11"'),
  ];
}

const escaped = (words) => words.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
const text = (x, y, words, more = '') => `<text x="${x}" y="${y}" ${more}>${escaped(words)}</text>`;
