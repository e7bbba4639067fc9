/** Archives that are restored together: in their order, and with a word about the one that is missing. */

import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { brokenLink } from '../archive/chain.js';
import { type Database, type Encryption, LodestoreError, type VerifyReport } from '../index.node.js';
import { type ArchiveFile, archiveFile } from './archive-files.js';

/** Archives beside the given ones that are looked at for the missing one. */
const BESIDE_MAX = 200;

/** A file, and what it says of itself. */
export interface Link {
  file: ArchiveFile;
  head: VerifyReport;
}

export interface ChainOptions {
  encrypt: Encryption | undefined;
  /** Whether it has to begin with a full archive, as for restoring it. */
  whole: boolean;
  signal: AbortSignal;
}

/** Says how a key is given, where one is asked for. */
export function advised(error: unknown): unknown {
  if (!(error instanceof LodestoreError) || error.code !== 'Invalid') return error;
  if (!error.message.startsWith('this archive is encrypted')) return error;
  return told(error, `${error.message}; --key-file, --passphrase-file and --passphrase-env say with what`);
}

/** Says which file an error is about. */
function about(file: ArchiveFile, error: unknown): unknown {
  const plain = advised(error);
  if (!(plain instanceof LodestoreError) || plain.message.includes(file.label)) return plain;
  return told(plain, `${file.label}: ${plain.message}`);
}

function told(error: LodestoreError, message: string): LodestoreError {
  const { code, expected, got } = error;
  return new LodestoreError(code, message, {
    cause: error,
    ...(expected !== undefined && { expected }),
    ...(got !== undefined && { got }),
  });
}

/** Runs `body` about one file. */
export function ofFile<T>(file: ArchiveFile, body: () => Promise<T>): Promise<T> {
  return body().catch((error: unknown) => {
    throw about(file, error);
  });
}

/** Reads what each file says of itself. `db` is any database: nothing of it is looked at. */
export async function headsOf(
  db: Database,
  files: readonly ArchiveFile[],
  options: Omit<ChainOptions, 'whole'>,
): Promise<Link[]> {
  const { encrypt, signal } = options;
  const links: Link[] = [];
  for (const file of files) {
    const look = () => db.verify(file.source(), { level: 1, signal, ...(encrypt && { encrypt }) });
    links.push({ file, head: await ofFile(file, look) });
  }
  return links;
}

/**
 * The files in the order in which they follow each other, whatever their order was: a shell sorts names. What is given
 * where they do not make a chain is an error that names the missing archive, and the file that it is in if one lies beside.
 */
export async function chainOf(
  db: Database,
  files: readonly ArchiveFile[],
  options: ChainOptions,
): Promise<Link[]> {
  const given = await headsOf(db, files, options);
  const links = arranged(given) ?? sorted(given);
  for (const link of options.whole ? links : []) unlocked(link);
  const broken = brokenLink(
    links.map(({ head }) => head),
    options.whole,
  );
  const link = links[broken?.at ?? 0];
  if (broken === undefined || link === undefined) return links;
  const { missing, error } = broken;
  const beside = missing === undefined ? undefined : await findBeside(db, missing, links, options);
  const hint = beside === undefined ? '' : `; ${beside} is that archive: give it, too`;
  throw about(link.file, told(error, error.message + hint));
}

/** Refuses an encrypted archive that was looked at without its key. */
export function unlocked({ file, head }: Link): void {
  if (!head.encrypted || head.manifest !== undefined) return;
  const expected = head.passphrase ? 'a passphrase' : 'a key';
  const message = 'this archive is encrypted: give what it was encrypted with';
  throw about(file, new LodestoreError('Invalid', message, { expected, got: 'none' }));
}

/** By what follows what; undefined where that does not use each of them once. */
function arranged(links: readonly Link[]): Link[] | undefined {
  const left = new Set(links);
  const order: Link[] = [];
  // The one of which the base is not among them begins.
  const ids = new Set(links.map(({ head }) => head.manifest?.archive));
  let next = links.filter(({ head: { manifest } }) => manifest && !(manifest.base && ids.has(manifest.base)));
  while (next.length === 1 && next[0] !== undefined) {
    const [one] = next;
    order.push(one);
    left.delete(one);
    next = [...left].filter(({ head }) => head.manifest?.base === one.head.manifest?.archive);
  }
  return left.size === 0 ? order : undefined;
}

/** What does not follow each other, as nearly as it does: the first gap is what is told. */
function sorted(links: readonly Link[]): Link[] {
  const rank = ({ head: { manifest, seq } }: Link) => (manifest?.type === 'full' ? -1 : seq);
  return [...links].sort((a, b) => rank(a) - rank(b));
}

/** The file of an archive in the directories of the others. What cannot be read there is passed over. */
export async function findBeside(
  db: Database,
  archive: string,
  links: readonly Link[],
  options: Omit<ChainOptions, 'whole'>,
): Promise<string | undefined> {
  const { encrypt, signal } = options;
  const labels = links.map(({ file }) => file.label);
  const folders = new Set(labels.map((label) => dirname(label)));
  for (const folder of folders) {
    const names = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith('.lode')).sort();
    for (const name of names.slice(0, BESIDE_MAX)) {
      const path = join(folder, name);
      if (labels.includes(path) || labels.includes(`${folder}/${name}`)) continue;
      signal.throwIfAborted();
      const file = await archiveFile(path).catch(() => undefined);
      const look = file && db.verify(file.source(), { level: 1, signal, ...(encrypt && { encrypt }) });
      const head = await look?.catch(() => undefined);
      if (head?.manifest?.archive === archive) return path;
    }
  }
  return undefined;
}
