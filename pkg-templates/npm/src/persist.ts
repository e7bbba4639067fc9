/** Whether the browser may remove what this origin stored. */

let asked = false;

/**
 * Asks the browser, once in each page, not to remove it. Not waited for: where the browser asks the user, there may
 * never be an answer.
 */
export function askToPersist(): void {
  const storage = globalThis.navigator?.storage;
  if (asked || typeof storage?.persist !== 'function') return;
  asked = true;
  void ask(storage).catch(() => undefined);
}

async function ask(storage: StorageManager): Promise<void> {
  if (!(await storage.persisted())) await storage.persist();
}

/** What the browser answered, for a storage of browsers. */
export async function isPersisted(kind: string): Promise<boolean | 'unknown'> {
  if (kind !== 'indexeddb' && kind !== 'opfs') return 'unknown';
  try {
    return await navigator.storage.persisted();
  } catch {
    return 'unknown';
  }
}
