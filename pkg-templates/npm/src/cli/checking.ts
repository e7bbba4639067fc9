/** What `check` and `repair` have in common: the report, for people and programs. */

import type { CheckProblem, CheckReport, Database } from '../index.node.js';
import type { Call, Outcome } from './command.js';
import { argument } from './options.js';
import { withDatabase } from './place.js';
import { bytesText, count } from './text.js';

export function checked(call: Call, repair: boolean): Promise<Outcome> {
  return withDatabase(call, argument(call.args, 0), {}, async (db) => {
    const report = await checkOf(call, db, repair);
    return { ok: report.ok, result: report, lines: reportLines(report) };
  });
}

export async function checkOf(call: Call, db: Database, repair: boolean): Promise<CheckReport> {
  const bar = call.io.bar();
  return db.check({ repair, signal: call.signal, onProgress: bar.on }).finally(() => bar.end());
}

function reportLines({ ok, problems, moreProblems, rows, blocks, frames, files }: CheckReport): string[] {
  const done = `${count(rows, 'row')}, ${count(blocks, 'block')} and ${count(frames, 'frame')} of the log verified`;
  const all = problems.length + moreProblems;
  const repaired = problems.filter((problem) => problem.repaired !== undefined).length;
  return [
    ...problems.map(problemLine),
    ...(moreProblems > 0 ? [`and ${count(moreProblems, 'more problem')}`] : []),
    ...files.map((file) => `kept aside: ${file.name}, ${bytesText(file.bytes)}`),
    all === 0 ? `ok: ${done}` : `${count(all, 'problem')}, ${repaired} of them repaired: ${done}`,
    ...(ok ? [] : ['Problems are left.']),
  ];
}

function problemLine({ code, where, what, repaired }: CheckProblem): string {
  return `${code} in ${where}: ${what}${repaired === undefined ? '' : ` (repaired: ${repaired})`}`;
}
