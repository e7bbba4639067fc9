/** `lodestore/targets`: where archives are kept, and when they are made. Apart, for pages that keep none. */

export { type BackedUp, type BackupProgress, backupTo, type BackupToOptions } from './backup-to.js';
export { download, type FilePlace, fromFile, toFile, type ToFileOptions } from './files/index.js';
export { type FolderPlace, toFolder } from './files/folder.js';
export type { CollectReport, RepositoryCheck } from './repository/collect.js';
export {
  type CollectOptions,
  objectStore,
  type ObjectStoreOptions,
  type Repository,
  type RepositoryCheckOptions,
} from './repository/index.js';
export type { StoredArchive } from './repository/listing.js';
export {
  runIfDue,
  type Scheduled,
  type ScheduledKind,
  scheduleBackup,
  scheduleDrill,
  type ScheduleOptions,
} from './schedule.js';
export { type MemoryStore, memoryStore } from './stores/memory-store.js';
export type { ObjectInfo, ObjectStore } from './stores/object-store.js';
export { type R2BucketLike, type R2ListLike, r2Store } from './stores/r2-store.js';
export { type S3Options, s3Store } from './stores/s3-store.js';
export type { ArchiveAbout, ArchiveName, ArchiveSink, BackupTarget, Kept, Sent } from './target.js';
