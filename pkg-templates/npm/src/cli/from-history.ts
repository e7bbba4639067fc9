/** `lodestore restore --to`: going back within a database. */

import { type ImportResult, LodestoreError } from '../index.node.js';
import type { Call, Outcome } from './command.js';
import { changeLine } from './commands/diff.js';
import { momentOf } from './moment.js';
import { withDatabase } from './place.js';
import { scopeOf } from './scope.js';
import { withRestore } from './staged.js';
import { count, durationText } from './text.js';
import { UsageError } from './usage-error.js';

/** Makes the database what it was, or some of its rows. */
export function fromHistory(call: Call, name: string, to: string): Promise<Outcome> {
  const [moment, scope, only] = [momentOf(to), scopeOf(call), call.options.text('only')];
  if (scope !== undefined && only === undefined)
    throw new UsageError('--ids and --filter are of one collection: name it with --only');
  const started = performance.now();
  return withDatabase(call, name, {}, async (db) => {
    const then = await db.asOf(moment);
    const point = { seq: then.seq, time: then.time };
    const at = `write ${then.seq} (${then.time.toISOString()})`;
    if (call.options.flag('dry-run')) {
      const known = (await then.collections()).map((one) => one.name);
      if (only !== undefined && !known.includes(only))
        throw new LodestoreError('Invalid', `there was no collection "${only}" then`, {
          expected: `one of [${known.join(', ')}]`,
          got: only,
        });
      const there = new Set((await db.collections()).map((one) => one.name));
      const changes = [];
      for (const of of only === undefined ? known : [only]) {
        const rows = there.has(of) ? (await then.diff(of, scope)).map(changeLine) : [];
        changes.push({ collection: of, missing: !there.has(of), rows });
      }
      const lines = changes.map(({ collection, missing, rows }) =>
        missing
          ? `${collection} would be made again`
          : `${collection}: ${count(rows.length, 'row')} would be as they were`,
      );
      const others = only === undefined ? [...there].filter((one) => !known.includes(one)) : [];
      lines.push(...others.map((one) => `${one} would go: it was not there then`));
      lines.push(`as of ${at}. Nothing was changed.`);
      await then.close();
      return {
        ok: true,
        result: { dryRun: true, database: name, ...point, changes, dropped: others },
        lines,
      };
    }
    if (only !== undefined) {
      const { written, deleted, seq } = await then.restore(only, scope);
      await then.close();
      const lines = [
        `${name}/${only}: ${count(written, 'row')} as of ${at}, ${count(deleted, 'row')} deleted`,
      ];
      return {
        ok: true,
        result: { dryRun: false, database: name, ...point, written, deleted, last: seq },
        lines,
      };
    }
    await then.close();
    const bar = call.io.bar();
    // Beside what is there, with its index, and then one switch.
    const { rows, collections } = await withRestore(
      db.restore('history', { to: point.seq }),
      async (restore) => {
        await restore.stage({ signal: call.signal, onProgress: bar.on });
        call.signal.throwIfAborted();
        return (await restore.commit({ onProgress: bar.on })) as ImportResult;
      },
    ).finally(() => bar.end());
    const ms = Math.round(performance.now() - started);
    const { points } = await db.history();
    const what = `${count(rows, 'row')} in ${count(collections, 'collection')}`;
    const lines = [
      `${name}: ${what} as of ${at}, ${durationText(ms)}`,
      `What was there until now is write ${points.at(-2)?.seq ?? '?'}: restore --to ${points.at(-2)?.seq ?? '?'} brings it back.`,
    ];
    return {
      ok: true,
      result: { dryRun: false, database: name, ...point, rows, collections, points, ms },
      lines,
    };
  });
}
