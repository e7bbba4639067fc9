/** `lodestore restore NAME FILE...`: archives as a database. */

import {
  type Database,
  LodestoreError,
  type RestoreOptions,
  type RestorePlan,
  type RestoreValidation,
} from '../index.node.js';
import { type ArchiveFile, withArchives } from './archive-files.js';
import { chainOf, ofFile } from './chain.js';
import type { Call, Outcome } from './command.js';
import { DamagedDatabase } from './damaged-database.js';
import { encryptionOf } from './key-options.js';
import { momentOf } from './moment.js';
import { inMemory, isThere, unmake, withDatabase } from './place.js';
import { rehearse } from './rehearsal.js';
import { onlyRows } from './restore-only.js';
import { withRestore } from './staged.js';
import { bytesText, count, durationText } from './text.js';

/** What is restored, and where. */
export interface Asked {
  call: Call;
  /** The database that is made or replaced. */
  target: string;
  files: ArchiveFile[];
  options: RestoreOptions;
}

export function fromArchives(
  call: Call,
  name: string,
  names: readonly string[],
  to: string | undefined,
): Promise<Outcome> {
  const moment = to === undefined ? undefined : momentOf(to);
  return withArchives(call, names, async (given) => {
    const encrypt = await encryptionOf(call);
    const once = given.some(({ size }) => size === undefined);
    const { signal } = call;
    const chain = once
      ? undefined
      : await inMemory(call, (db) => chainOf(db, given, { encrypt, signal, whole: true }));
    const asked: Asked = {
      call,
      target: call.options.text('into') ?? name,
      files: chain?.map(({ file }) => file) ?? given,
      options: {
        ...(encrypt && { encrypt }),
        ...(moment !== undefined && { to: moment }),
        ...(call.options.flag('allow-model-change') && { allowModelChange: true }),
      },
    };
    if (call.options.text('only') !== undefined) return onlyRows(asked);
    if (call.options.flag('dry-run'))
      return rehearse(
        asked,
        chain?.map(({ head }) => head),
      );
    return perform(asked, false).catch(async (error: unknown) => {
      if (!(error instanceof DamagedDatabase) || !call.options.flag('replace') || once) throw error;
      // What is there is touched only when the archives are known to be good, and kept aside then.
      await inMemory(call, (db) => tried(asked, db));
      return perform(asked, true);
    });
  });
}

export function sourcesOf({ files }: Asked) {
  return files.map((file) => file.source());
}

/** Names the archive where there is only one. */
export function ofArchives<T>({ files }: Asked, body: () => Promise<T>): Promise<T> {
  const [first] = files;
  return files.length === 1 && first !== undefined ? ofFile(first, body) : body();
}

async function tried(asked: Asked, db: Database): Promise<void> {
  const { call, options } = asked;
  const bar = call.io.bar();
  await ofArchives(asked, () =>
    withRestore(db.restore(sourcesOf(asked), options), (restore) =>
      restore.stage({ signal: call.signal, onProgress: bar.on }),
    ),
  ).finally(() => bar.end());
}

async function perform(asked: Asked, salvage: boolean): Promise<Outcome> {
  const { call, target } = asked;
  const was = isThere(call, target);
  let opened = false;
  // One that is made is made to its end, which takes no time: an interrupt must not come between it and its removal.
  const opening = was ? call : { ...call, signal: new AbortController().signal };
  try {
    return await withDatabase(opening, target, { make: true, salvage }, (db) => {
      opened = true;
      call.signal.throwIfAborted();
      return taken(asked, db, salvage);
    });
  } catch (error) {
    // Nothing was there, and nothing is left.
    if (!was && opened) await unmake(call, target);
    throw error;
  }
}

async function taken(asked: Asked, db: Database, salvage: boolean): Promise<Outcome> {
  const { call, target, files, options } = asked;
  const { signal } = call;
  const started = performance.now();
  const isFull = (await db.collections()).length > 0;
  if (isFull && !call.options.flag('replace')) {
    const message = `the database "${target}" is not empty; --replace replaces all of it, after the archives verified`;
    throw new LodestoreError('Invalid', message, { expected: 'an empty database, or --replace' });
  }
  const bar = call.io.bar();
  try {
    const { plan, validation } = await ofArchives(asked, () =>
      withRestore(db.restore(sourcesOf(asked), options), async (restore) => {
        for (const line of planLines(restore.plan)) call.io.note(line);
        const validation = await restore.stage({ signal, onProgress: bar.on });
        bar.end();
        // The switch is one step, and nothing interrupts it.
        signal.throwIfAborted();
        await restore.commit({ onProgress: bar.on });
        return { plan: restore.plan, validation };
      }),
    );
    const { points } = await db.history();
    const before = isFull ? points.at(-2)?.seq : undefined;
    const damaged = salvage ? await db.quarantine() : [];
    const [collections, ms] = [await db.collections(), Math.round(performance.now() - started)];
    const { rows, seq, time } = validation;
    const what = `${count(rows, 'row')} in ${count(collections.length, 'collection')}`;
    const from = files.map(({ label }) => label).join(', ');
    const lines = [
      `${target}: ${what} from ${from}, up to write ${seq} (${time.toISOString()}), ${durationText(ms)}`,
      ...validationLines(plan, validation),
      ...(before === undefined
        ? []
        : [`What was there until now is write ${before}: restore ${target} --to ${before} brings it back.`]),
      ...(damaged.length === 0
        ? []
        : [
            `What was there did not open: ${count(damaged.length, 'damaged file')} kept aside (inspect lists them).`,
          ]),
    ];
    const result = {
      ...{ dryRun: false, database: target, seq, time, rows, bytes: plan.bytes ?? null, collections },
      ...{ plan, validation, ...(before !== undefined && { before }), damaged, ms },
    };
    return { ok: true, result, lines };
  } finally {
    bar.end();
  }
}

/** What is about to happen. */
export function planLines({ rows, rowsToIndex, bytes, etaMs, warnings }: RestorePlan): string[] {
  const size = bytes === undefined ? '' : ` of ${bytesText(bytes)}`;
  const content = etaMs.content === undefined ? '' : `, about ${durationText(etaMs.content)}`;
  return [
    `content: ${count(rows, 'row')}${size}${content}`,
    `index:   ${count(rowsToIndex, 'row')} to put into graphs, about ${durationText(etaMs.index)}`,
    ...warnings.map((warning) => `note:    ${warning}`),
  ];
}

function validationLines(
  { etaMs }: RestorePlan,
  { ms, indexEtaMs, queries, found }: RestoreValidation,
): string[] {
  const content = etaMs.content === undefined ? '' : ` (about ${durationText(etaMs.content)} expected)`;
  return [
    `  content ${durationText(ms.content)}${content}, index ${durationText(ms.index)} (about ${durationText(indexEtaMs)} expected)`,
    `  validated: ${found} of ${queries} sample rows found by their own vectors`,
  ];
}
