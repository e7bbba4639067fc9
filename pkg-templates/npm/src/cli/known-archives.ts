/** Archives that the catalog of a database knows, in the files where they were put. */

import { existsSync } from 'node:fs';
import { type ArchiveSource, type Catalog, type CatalogEntry, LodestoreError } from '../index.node.js';
import { type ArchiveFile, archiveFile } from './archive-files.js';

/** The file of an archive, by the path that was noted when it was made. */
export async function fileOf({ archive, name }: CatalogEntry): Promise<ArchiveFile> {
  if (name === undefined) {
    const message = `the catalog does not say where archive ${archive} is: name its file`;
    throw new LodestoreError('Invalid', message, { expected: 'a path', got: 'none' });
  }
  if (!existsSync(name)) {
    const advice = `name the file where it is now, or take it out of the catalog with catalog --forget ${archive}`;
    const message = `archive ${archive} is not where it was put: ${advice}`;
    throw new LodestoreError('Invalid', message, { expected: name, got: 'no such file' });
  }
  return archiveFile(name);
}

/** For `drill`. */
export async function fetchKnown(entry: CatalogEntry): Promise<ArchiveSource> {
  return (await fileOf(entry)).source();
}

/** The newest archive that another one can follow: any for an incremental one, a full one for a differential. */
export function newest({ archives }: Catalog, type: 'differential' | 'incremental'): CatalogEntry {
  const fit = archives.filter((one) => type === 'incremental' || one.type === 'full').at(-1);
  if (fit !== undefined) return fit;
  const message = `the catalog knows no archive that ${type === 'incremental' ? 'an incremental' : 'a differential'} one can follow`;
  throw new LodestoreError('Invalid', message, {
    expected: 'a full backup first, or --since FILE',
    got: 'none',
  });
}
