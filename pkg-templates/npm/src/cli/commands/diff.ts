/** `lodestore diff`. */

import type { RowChange } from '../../index.node.js';
import { type Command, DATABASE_OPTIONS, NAME } from '../command.js';
import { MOMENT, momentOf } from '../moment.js';
import { argument } from '../options.js';
import { withDatabase } from '../place.js';
import { SCOPE_OPTIONS, scopeOf } from '../scope.js';
import { count } from '../text.js';
import { UsageError } from '../usage-error.js';

/** Rows that are shown to people; --json has all. */
const SHOWN = 50;

/** A change as it is printed: vectors are long, and that they differ is what matters. */
export function changeLine({ id, change, then, now }: RowChange) {
  const vector =
    then?.vector !== undefined && now?.vector !== undefined && String(then.vector) !== String(now.vector);
  return { id, change, then: then?.metadata, now: now?.metadata, vectorChanged: vector };
}

/** Changes for people. */
export function changeLines(changes: readonly ReturnType<typeof changeLine>[]): string[] {
  const lines = changes
    .slice(0, SHOWN)
    .flatMap((one) => [
      `${one.change} ${JSON.stringify(one.id)}${one.vectorChanged ? ', another vector' : ''}`,
      ...(one.then === undefined ? [] : [`  then ${JSON.stringify(one.then)}`]),
      ...(one.now === undefined ? [] : [`  now  ${JSON.stringify(one.now)}`]),
    ]);
  if (changes.length > SHOWN) lines.push(`and ${count(changes.length - SHOWN, 'more row')}: --json has all`);
  return lines;
}

export const diff: Command = {
  name: 'diff',
  summary: 'what has changed in rows since a point in the history',
  description: [
    'Compares rows as they were then with rows as they are, by metadata and vector, and writes nothing. A row is changed, deleted (restoring brings it back) or, where it is named by its id, added (restoring deletes it).',
  ],
  args: [NAME, { name: 'COLLECTION', text: 'Name of the collection.' }],
  options: { ...DATABASE_OPTIONS, to: MOMENT, ...SCOPE_OPTIONS },
  examples: [
    ['lodestore diff notes words --to 2026-11-20T15:00', 'since yesterday afternoon'],
    ['lodestore diff notes words --to 1234 --ids \'["a"]\'', 'one row, since write 1234'],
  ],
  failure: 'the point is not kept any more, or there was or is no such collection',
  run: (call) => {
    const [name, of, to] = [argument(call.args, 0), argument(call.args, 1), call.options.text('to')];
    if (to === undefined) throw new UsageError('--to is missing: since when?');
    const [moment, scope] = [momentOf(to), scopeOf(call)];
    return withDatabase(call, name, {}, async (db) => {
      const then = await db.asOf(moment);
      const changes = (await then.diff(of, scope)).map(changeLine);
      await then.close();
      const lines = changeLines(changes);
      lines.push(
        `${count(changes.length, 'row')} of ${of} differ from write ${then.seq} (${then.time.toISOString()})`,
      );
      return { ok: true, result: { seq: then.seq, time: then.time, changes }, lines };
    });
  },
};
