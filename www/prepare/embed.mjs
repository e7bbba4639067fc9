/** Chooses the entries and turns each gloss into a vector, natively, continuing where an earlier run was cut off. */

import { mkdir, open, readFile, rm, stat } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { DIMENSION, embedBatch } from '../shared/sentence.js';
import { WordPiece } from '../shared/wordpiece.js';
import { readIfThere, sha256, writeWhole } from './files.mjs';
import { paths } from './paths.mjs';
import { chooseEntries, wordnetLicence } from './wordnet.mjs';

const WANTED = 14_000;
const BATCH = 32;
/** A shorter clause says too little to stand alone. */
const SHORTEST_CLAUSE = 10;
const ROW_BYTES = DIMENSION * 4;

/** @param {(line: string) => void} say */
export async function embedGlosses(say) {
  const vocabulary = await readFile(paths.vocabulary, 'utf8');
  const entries = await chooseEntries(join(paths.wordnet, 'dict'), new Set(vocabulary.split('\n')), WANTED);
  await writeWhole(join(paths.licences, 'wordnet.txt'), await wordnetLicence(join(paths.wordnet, 'dict')));
  const tokenizer = WordPiece.parse(vocabulary);
  const texts = entries.map((entry) => tokenizer.encode(embeddedText(entry)));
  // Texts of one length need no padding: by length is the order on disk.
  const order = texts.map((_, index) => index).sort((a, b) => texts[a].length - texts[b].length || a - b);
  const sorted = order.map((index) => entries[index]);

  const made = JSON.stringify(sorted);
  const stamp = sha256(JSON.stringify(order.map((index) => texts[index])) + made);
  if ((await readIfThere(paths.stamp))?.toString() !== stamp) {
    await mkdir(paths.data, { recursive: true });
    await rm(paths.vectors, { force: true });
    await rm(paths.archive, { force: true });
    await writeWhole(paths.entries, made);
    await writeWhole(paths.stamp, stamp);
  }
  await appendVectors(
    order.map((index) => texts[index]),
    say,
  );
  say(`glosses: ${entries.length} entries of WordNet 3.1 have their vectors`);
}

/**
 * The word and the first clause of its gloss. Of the ways tried on thirty questions this put the word sought among
 * the first five most often (24 times; the gloss alone 18): later clauses say more than a person would ask.
 */
function embeddedText({ word, gloss }) {
  const end = gloss.indexOf(';', SHORTEST_CLAUSE);
  return `${word}: ${end < 0 ? gloss : gloss.slice(0, end)}`;
}

async function appendVectors(texts, say) {
  const size = await stat(paths.vectors).then(
    (info) => info.size,
    () => 0,
  );
  // A batch that was being written when the last run ended is made again.
  let done = Math.floor(size / ROW_BYTES);
  if (done >= texts.length) return;
  say(
    done === 0 ? `glosses: embedding ${texts.length}` : `glosses: going on after ${done} of ${texts.length}`,
  );

  const { InferenceSession, Tensor } = await loadRuntime();
  const session = await InferenceSession.create(paths.model, {
    intraOpNumThreads: availableParallelism(),
    logSeverityLevel: 3,
  });
  const file = await open(paths.vectors, done === 0 ? 'w' : 'r+');
  try {
    await file.truncate(done * ROW_BYTES);
    const start = performance.now();
    let said = start;
    // Time goes with tokens rather than texts, and the long ones come last.
    const tokens = (batch) => batch.reduce((sum, ids) => sum + ids.length, 0);
    let left = tokens(texts.slice(done));
    let finished = 0;
    while (done < texts.length) {
      const batch = texts.slice(done, done + BATCH);
      await file.write(
        new Uint8Array((await embedBatch(session, Tensor, batch)).buffer),
        0,
        undefined,
        done * ROW_BYTES,
      );
      done += batch.length;
      finished += tokens(batch);
      left -= tokens(batch);
      const now = performance.now();
      if (now - said < 3000 && done < texts.length) continue;
      said = now;
      const seconds = Math.ceil((left * (now - start)) / finished / 1000);
      say(`glosses: ${done} of ${texts.length}${left > 0 ? `, about ${seconds} s to go` : ''}`);
    }
    await file.sync();
  } finally {
    await file.close();
    await session.release();
  }
}

async function loadRuntime() {
  try {
    const module = await import('onnxruntime-node');
    return module.default ?? module;
  } catch (error) {
    throw new Error(
      `onnxruntime-node does not load here (${process.platform} ${process.arch}): ${error.message}. ` +
        'It has binaries for Linux and Windows on x64 and arm64, and for macOS on arm64.',
    );
  }
}
