// The types, as strict consumers see them. No skipLibCheck: our own declarations are under test.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../project.mjs';

const SOURCE = `
import { open, LodestoreError, type Match, type Row, type StorageObject } from 'lodestore';
import { backupTo, type BackupTarget, type ObjectStore, objectStore, r2Store, scheduleDrill, toFile } from 'lodestore/targets';
export async function kept(store: ObjectStore, bucket: Parameters<typeof r2Store>[0], path: string): Promise<() => void> {
  const db = await open('app');
  const target = objectStore(store, { prefix: 'notes/', encrypt: { passphrase: 'x' } });
  const others: BackupTarget[] = [objectStore(r2Store(bucket)), toFile(path)];
  for (const other of others) await backupTo(db, other);
  const { sent, name } = await backupTo(db, target, { onProgress: ({ sent, etaMs }) => console.log(sent.skipped, etaMs) });
  console.log(sent.pieces, name, await target.collect({ dryRun: true }));
  await db.prune({ remove: target.remove });
  // @ts-expect-error the repository packs by itself
  objectStore(store, { compress: 'deflate' });
  return scheduleDrill(db, { everyDays: 30, run: () => db.drill({ fetch: target.fetch }) });
}
export async function main(storage: StorageObject): Promise<Match[]> {
  await using db = await open('app', { storage, onProgress: ({ phase, etaMs }) => console.log(phase, etaMs ?? 0) });
  const notes = await db.collection('notes', { dimension: 2, metric: 'dot' });
  await notes.upsert([{ id: 'a', vector: [1, 2], metadata: { n: 1, deep: { list: [null, true] } } }]);
  const row: Row | undefined = await notes.get('a');
  const rows: (Row | undefined)[] = await notes.get(['a', 'b']);
  const stream: ReadableStream<Uint8Array> = db.export();
  // @ts-expect-error there is no such metric
  await db.collection('notes', { dimension: 2, metric: 'manhattan' });
  // @ts-expect-error there is no such option
  await notes.query([1, 2], { topk: 1 });
  try {
    await notes.delete({ filter: { n: { $gte: 1 } } });
  } catch (error) {
    if (error instanceof LodestoreError && error.code === 'Quota') console.log(row, rows, stream);
  }
  return (await notes.query(Float32Array.of(1, 2), { filter: { n: 1 } })).matches;
}
`;

async function compile({ root, project }, name, options) {
  await writeFile(join(project, 'consumer.ts'), SOURCE);
  const compilerOptions = { strict: true, target: 'ES2022', noEmit: true, types: [], ...options };
  await writeFile(join(project, name), JSON.stringify({ compilerOptions, files: ['consumer.ts'] }));
  await run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', name], { cwd: project });
}

const lib = ['ES2022', 'DOM'];
export const typeCases = {
  'types: nodenext': (context) => compile(context, 'a.json', { module: 'NodeNext', lib }),
  'types: bundler': (context) =>
    compile(context, 'b.json', { module: 'ESNext', moduleResolution: 'Bundler', lib }),
};
