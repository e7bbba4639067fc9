/** `lodestore restore NAME FILE... --only COLLECTION`: rows as they are in archives. */

import { LodestoreError, type Restore } from '../index.node.js';
import type { Outcome } from './command.js';
import { changeLine, changeLines } from './commands/diff.js';
import { type Asked, ofArchives, sourcesOf } from './from-archives.js';
import { withDatabase } from './place.js';
import { scopeOf } from './scope.js';
import { withRestore } from './staged.js';
import { count } from './text.js';

/** Writes them, or with `--dry-run` shows what would change. */
export function onlyRows(asked: Asked): Promise<Outcome> {
  const { call, target, options } = asked;
  const collection = call.options.text('only') ?? '';
  const scope = scopeOf(call);
  const rows = Array.isArray(scope) ? { ids: scope } : (scope as { filter: object } | undefined);
  return withDatabase(call, target, {}, async (db) => {
    const bar = call.io.bar();
    try {
      const only = { collection, ...rows } as NonNullable<typeof options.only>;
      const begin = () => db.restore(sourcesOf(asked), { ...options, only });
      const work = async (restore: Restore): Promise<Outcome> => {
        const { seq, time } = await restore.stage({ signal: call.signal, onProgress: bar.on });
        bar.end();
        const known = (await restore.past.collections()).map(({ name }) => name);
        if (!known.includes(collection))
          throw new LodestoreError('Invalid', `there is no collection "${collection}" in what is restored`, {
            expected: `one of [${known.join(', ')}]`,
            got: collection,
          });
        const at = `write ${seq} (${time.toISOString()})`;
        const about = { database: target, collection, seq, time };
        call.signal.throwIfAborted();
        if (call.options.flag('dry-run')) {
          const changes = (await restore.diff(collection, scope)).map(changeLine);
          const lines = [
            ...changeLines(changes),
            `${count(changes.length, 'row')} of ${collection} would be as of ${at}. Nothing was changed.`,
          ];
          return { ok: true, result: { dryRun: true, ...about, changes }, lines };
        }
        const done = await restore.commit();
        const { written, deleted } = done as { written: number; deleted: number };
        const lines = [
          `${target}/${collection}: ${count(written, 'row')} as of ${at}, ${count(deleted, 'row')} deleted`,
        ];
        return { ok: true, result: { dryRun: false, ...about, written, deleted }, lines };
      };
      return await ofArchives(asked, () => withRestore(begin(), work));
    } finally {
      bar.end();
    }
  });
}
