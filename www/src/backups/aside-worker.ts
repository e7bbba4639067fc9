/**
 * Verifies and drills off the page: reading an archive, and deriving a key from its passphrase, would hold up what the
 * reader does meanwhile. The database is shared with the page, as it is between tabs.
 */

import { type Encryption, LodestoreError, open, type Progress, type VerifyLevel } from 'lodestore';
import { NAME } from '../library.js';

export type Task = { sources: Blob[]; encrypt?: Encryption } & (
  { kind: 'verify'; level: VerifyLevel } | { kind: 'drill' }
);

/** An error, as it crosses. */
export interface Refusal {
  code?: LodestoreError['code'];
  message: string;
  expected?: string;
  got?: string;
}

export type Word = { progress: Progress } | { report: unknown } | { refusal: Refusal };

const say = (word: Word) => postMessage(word);

addEventListener('message', ({ data }: MessageEvent<Task>) => {
  run(data).then(
    (report) => say({ report }),
    (error: unknown) => say({ refusal: refusalOf(error) }),
  );
});

async function run(task: Task): Promise<unknown> {
  const db = await open(NAME);
  try {
    const { sources, encrypt } = task;
    const options = { encrypt, onProgress: (progress: Progress) => say({ progress }) };
    return task.kind === 'verify'
      ? await db.verify(sources, { ...options, level: task.level })
      : await db.drill({ ...options, backup: sources });
  } finally {
    await db.close();
  }
}

function refusalOf(error: unknown): Refusal {
  if (!(error instanceof LodestoreError)) return { message: String(error) };
  const { code, message, expected, got } = error;
  return { code, message, ...(expected !== undefined && { expected }), ...(got !== undefined && { got }) };
}
