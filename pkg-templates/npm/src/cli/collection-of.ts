/** A collection that a command names, which must be there. */

import type { Collection, Database } from '../index.node.js';
import { noCollection } from './config-options.js';

export async function collectionOf(db: Database, name: string): Promise<Collection> {
  const known = (await db.collections()).map((one) => one.name);
  if (!known.includes(name)) throw noCollection(name, known);
  return db.collection(name);
}
