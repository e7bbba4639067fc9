// From what was seen of a system to long rows.

const TARGETS = [0.95, 0.99];

export const failureRow = (phase, seconds) => ({
  phase,
  metric: seconds === undefined ? 'failed' : 'gave_up_s',
  value: seconds ?? 1,
  unit: seconds === undefined ? '' : 's',
});

export function rowsOf(member, host, group) {
  const { system, setting } = member.entry;
  const rows = [];
  const add = (part, metric, value, unit) => {
    if (value === undefined || Number.isNaN(value)) return;
    rows.push({
      suite: 'search',
      host,
      dataset: group.data.name,
      n: group.n,
      system,
      setting: part === undefined ? setting : `${setting}, ${part}`,
      metric,
      value: Number(value.toPrecision(5)),
      unit,
    });
  };
  for (const { phase, metric, value, unit } of member.failures) add(phase, metric, value, unit);
  if (member.build === undefined) return rows;
  const summaries = member.summaries();
  const plain = summaries.filter(({ kind }) => kind === 'query');
  if (member.can.isFloor) {
    add(undefined, 'floor_ms', plain[0]?.p50, 'ms');
    return rows;
  }
  building(member, add);
  plainQueries(member, plain, add);
  for (const one of summaries) {
    if (one.kind === 'exact') add(undefined, 'exact_p50_ms', one.p50, 'ms');
    if (one.permille === undefined) continue;
    const part = `${one.permille / 10} %`;
    if (one.kind === 'exactFilter') add(part, 'filter_exact_p50_ms', one.p50, 'ms');
    if (one.kind !== 'filter') continue;
    add(part, 'filter_p50_ms', one.p50, 'ms');
    add(part, 'filter_p95_ms', one.p95, 'ms');
    add(part, 'filter_recall', one.recall, '');
    add(part, 'filter_full', one.full, '');
    add(part, 'filter_ef', one.ef, '');
  }
  stored(member, add);
  return rows;
}

function building({ build, memory }, add) {
  add(undefined, 'build_s', build.cpu ?? build.seconds, 's');
  add(undefined, 'build_wall_s', build.seconds, 's');
  add(undefined, 'memory_mb', memory / 1e6, 'MB');
  add(undefined, 'held_mb', build.held && build.held / 1e6, 'MB');
}

function plainQueries(member, plain, add) {
  for (const { ef, recall, p50, p95 } of plain) {
    const part = ef === undefined ? undefined : `ef=${ef}`;
    add(part, 'recall@10', recall, '');
    add(part, 'p50_ms', p50, 'ms');
    add(part, 'p95_ms', p95, 'ms');
  }
  for (const target of TARGETS) {
    const enough = plain.filter(({ recall }) => recall >= target).sort((a, b) => a.p50 - b.p50);
    if (enough.length === 0) continue;
    add(undefined, `p50_ms@${target}`, enough[0].p50, 'ms');
    add(undefined, `p95_ms@${target}`, enough[0].p95, 'ms');
    add(undefined, `ef@${target}`, enough[0].ef, '');
  }
  if (member.can.isExact) add(undefined, 'exact_p50_ms', plain[0]?.p50, 'ms');
}

function stored({ saved, opened }, add) {
  add(undefined, 'save_ms', saved?.ms, 'ms');
  add(undefined, 'saved_mb', saved && saved.bytes / 1e6, 'MB');
  add(undefined, 'open_ms', opened?.ms, 'ms');
  add(undefined, 'raw_read_ms', opened?.raw, 'ms');
  add(undefined, 'open_ratio', opened?.raw && opened.ms / opened.raw, 'x');
}
