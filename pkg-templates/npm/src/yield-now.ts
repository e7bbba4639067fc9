/**
 * Lets the host do something else. Not `setTimeout`: browsers clamp nested ones to 4 ms, which would add up. And not
 * `scheduler.yield()`: what it continues goes ahead of messages and of IndexedDB, which then never have their turn.
 */

interface Scheduling {
  setImmediate?: (callback: () => void) => { unref?: () => void } | undefined;
}

let channel: MessageChannel | undefined;
const waiting: (() => void)[] = [];

/** Resolves in a later task of the event loop, behind those that wait already. */
export function yieldNow(): Promise<void> {
  const { setImmediate } = globalThis as Scheduling;
  if (typeof setImmediate === 'function') return new Promise((resolve) => setImmediate(() => resolve()));
  if (typeof MessageChannel === 'function') {
    return new Promise((resolve) => {
      if (channel === undefined) {
        channel = new MessageChannel();
        channel.port1.onmessage = () => waiting.shift()?.();
      }
      waiting.push(resolve);
      channel.port2.postMessage(null);
    });
  }
  return new Promise((resolve) => setTimeout(resolve, 0));
}

/** As `yieldNow`, for work that nobody waits for: where a process could end, it does not stay for this. */
export function rest(): Promise<void> {
  const { setImmediate } = globalThis as Scheduling;
  if (typeof setImmediate !== 'function') return yieldNow();
  return new Promise((resolve) => setImmediate(() => resolve())?.unref?.());
}
