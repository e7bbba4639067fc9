/** The public names that are the same in every host. */

export type { Change, ChangeListener } from './changes.js';
export type { Catalog, CatalogEntry } from './catalog.js';
export { Restore, type RestoreSource } from './archive/restore.js';
export type { Beside, DrillOptions, DrillReport } from './archive/drill.js';
export type * from './archive/types.js';
export { Collection } from './collection.js';
export { Database } from './database.js';
export { deleteDatabase, type DeleteOptions } from './delete-database.js';
export { LodestoreError } from './errors.js';
export type { ImportSource } from './import-source.js';
export type { LoadOptions, WasmSource } from './load.js';
export type { RestoreResult, RowChange, RowScope } from './restore-rows.js';
export { type History, type Moment, Past, type RestorePoint } from './past.js';
export type { PrunedArchive, PrunedSnapshot, PruneOptions, PruneResult } from './prune.js';
export type * from './reports.js';
export type { KeepCounts, RetentionPolicy } from './retention.js';
export type { Target } from './target.js';
export type * from './types.js';
