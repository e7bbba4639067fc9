// Clocks and middles.

/**
 * Collects garbage now: large buffers left by one measurement would else be collected on the time of the next, tens of
 * milliseconds that wander between the store and the bare API. The hosts are started so that `gc` is there.
 */
export async function settle() {
  globalThis.gc();
  await new Promise((resolve) => setTimeout(resolve, 5));
}

/** Milliseconds that `work` takes, and what it returned. */
export async function timed(work) {
  const start = performance.now();
  const value = await work();
  return { ms: performance.now() - start, value };
}

export function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
