/** `lodestore restore NAME FILE... --dry-run`: what would come, what is there, and whether it would be refused. */

import type {
  ArchivedCollection,
  CollectionInfo,
  Database,
  RestorePlan,
  VerifyReport,
} from '../index.node.js';
import { rememberFrom, TOOK_KINDS } from '../archive/rates.js';
import { archivedLines, rangeText, timeText } from './archive-lines.js';
import type { Call, Outcome } from './command.js';
import { DamagedDatabase } from './damaged-database.js';
import { type Asked, ofArchives, planLines, sourcesOf } from './from-archives.js';
import { inMemory, isThere, withDatabase } from './place.js';
import { withRestore } from './staged.js';
import { count } from './text.js';

/** `heads` is what the archives say of themselves; of stdin it is not known before. */
export async function rehearse(asked: Asked, heads: VerifyReport[] | undefined): Promise<Outcome> {
  const { call, target } = asked;
  const { there, damaged } = await now(call, target);
  const { plan, rows } = await inMemory(call, (db) => planned(asked, db, heads));
  const replaces = damaged || there.length > 0;
  const refusals = [
    ...(replaces && !call.options.flag('replace') ? ['the database is not empty: --replace is needed'] : []),
    ...(call.options.flag('allow-model-change') ? [] : otherModels(plan.collections, there)),
    ...outOfReach(plan, asked.options.to),
  ];
  const refused = refusals.length > 0;
  const lines = [
    ...plan.archives.map((one) =>
      one === undefined
        ? 'an archive of format 1 to 3'
        : `${one.type} archive ${one.archive}, ${rangeText(one)}`,
    ),
    `would come: ${count(rows, 'row')}${asked.options.to === undefined ? '' : ' at the end of the archives; what there was then is known when it is restored'}`,
    ...archivedLines(plan.collections),
    ...planLines({ ...plan, rows }),
    `there now in ${target}: ${damaged ? 'a database that does not open' : replaces ? count(sum(there), 'row') : 'nothing'}`,
    ...archivedLines(
      there.map((one) => ({ ...one, nodes: 0, model: one.model ?? undefined }) as ArchivedCollection),
    ),
    ...refusals.map((why) => `It would be refused: ${why}.`),
    ...(refused ? [] : [`It would ${replaces ? 'replace what is there' : 'be taken in'}.`]),
    'Nothing was changed.',
  ];
  const result = {
    ...{
      dryRun: true,
      database: target,
      plan,
      rows,
      bytes: plan.bytes ?? null,
      collections: plan.collections,
    },
    ...{ there, damaged, replaces, refused, refusals },
  };
  return { ok: !refused, result, lines };
}

async function now(call: Call, target: string): Promise<{ there: CollectionInfo[]; damaged: boolean }> {
  if (!isThere(call, target)) return { there: [], damaged: false };
  try {
    return { there: await withDatabase(call, target, {}, looked), damaged: false };
  } catch (error) {
    if (error instanceof DamagedDatabase) return { there: [], damaged: true };
    throw error;
  }
}

/** What is there; and how long restores took here is what the estimates are made of. */
async function looked(db: Database): Promise<CollectionInfo[]> {
  const logs = await Promise.all(TOOK_KINDS.map((kind) => db.audit({ kind, last: 20 })));
  rememberFrom(logs.flatMap(({ entries }) => entries).sort((a, b) => a.seq - b.seq));
  return db.collections();
}

/** The plan, and the rows: those of an older archive are counted, because it says them at its end. */
async function planned(
  asked: Asked,
  db: Database,
  heads: VerifyReport[] | undefined,
): Promise<{ plan: RestorePlan; rows: number }> {
  const { options } = asked;
  if (heads === undefined || heads.some(({ manifest }) => manifest === undefined))
    return ofArchives(asked, () => counted(asked, db));
  const { plan } = await ofArchives(asked, () =>
    withRestore(db.restore(sourcesOf(asked), options), async (restore) => restore),
  );
  return { plan, rows: plan.rows };
}

/** Into memory: an archive of which nothing is known before it was read. */
async function counted(asked: Asked, db: Database): Promise<{ plan: RestorePlan; rows: number }> {
  const { call, options } = asked;
  const bar = call.io.bar();
  return withRestore(db.restore(sourcesOf(asked), options), async (restore) => {
    const { rows } = await restore.stage({ signal: call.signal, onProgress: bar.on });
    const collections = (await restore.past.collections()).map(
      ({ name, rows, index, dimension, model }): ArchivedCollection => ({
        ...{ name, rows, index, nodes: 0, dimension },
        ...(model && { model }),
      }),
    );
    return { plan: { ...restore.plan, collections, rows }, rows };
  }).finally(() => bar.end());
}

function otherModels(come: readonly ArchivedCollection[], there: readonly CollectionInfo[]): string[] {
  const text = ({ dimension, model }: Pick<CollectionInfo, 'dimension' | 'model'>) =>
    `${dimension} numbers, ${model ? `${model.id}@${model.version}` : 'no model tag'}`;
  return come.flatMap((one) => {
    const other = there.find(({ name }) => name === one.name);
    if (other === undefined || text(one) === text(other)) return [];
    const what = `${one.name} has other vectors (${text(one)}) than now (${text(other)})`;
    return [`${what}: --allow-model-change takes them all the same`];
  });
}

/** A moment that these archives do not have. */
function outOfReach({ archives }: RestorePlan, to: Asked['options']['to']): string[] {
  const first = archives.filter((one) => one !== undefined && one.type !== 'incremental').at(-1);
  const last = archives.at(-1);
  if (to === undefined || first === undefined || last === undefined) return [];
  const ms = typeof to === 'number' || to === 'latest' ? undefined : new Date(to).getTime();
  const early = typeof to === 'number' ? to < first.toSeq : ms !== undefined && ms < first.toMs;
  if (early)
    return [
      `${first.type} archive ${first.archive} was made after that: it begins at write ${first.toSeq} (${timeText(first.toMs)})`,
    ];
  if (typeof to === 'number' && to > last.toSeq) return [`the archives end at write ${last.toSeq}`];
  return [];
}

function sum(collections: readonly CollectionInfo[]): number {
  return collections.reduce((rows, one) => rows + one.rows, 0);
}
