/** What is verified and drilled beside the page, in a worker that is there for as long as it takes. */

import { type DrillReport, LodestoreError, type VerifyReport } from 'lodestore';
import type { Refusal, Task, Word } from './aside-worker.js';
import type { Work } from './desk.js';

type Report<T extends Task> = T['kind'] extends 'drill' ? DrillReport : VerifyReport;

/** Ended by the signal at once: nothing of the database is changed by either. */
export async function aside<T extends Task>(task: T, { signal, onProgress }: Work): Promise<Report<T>> {
  signal.throwIfAborted();
  const worker = new Worker(new URL('./aside-worker.ts', import.meta.url), { type: 'module' });
  try {
    return await new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
      worker.onerror = (event) => {
        event.preventDefault();
        reject(new Error(event.message || 'The script of the worker could not be loaded.'));
      };
      worker.onmessage = ({ data }: MessageEvent<Word>) => {
        if ('progress' in data) onProgress(data.progress);
        else if ('report' in data) resolve(data.report as Report<T>);
        else reject(errorOf(data.refusal));
      };
      worker.postMessage(task);
    });
  } finally {
    worker.terminate();
  }
}

function errorOf({ code, message, ...pair }: Refusal): Error {
  return code === undefined ? new Error(message) : new LodestoreError(code, message, pair);
}
