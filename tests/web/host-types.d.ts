/** The part of the worker's globals that the tests replace; the types are those of the package's sources. */
declare var FileSystemSyncAccessHandle: { readonly prototype: FileSystemSyncAccessHandle };
