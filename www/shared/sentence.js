/** From token ids to sentence vectors: what all-MiniLM-L6-v2 needs around its network, the same in Node and page. */

export const DIMENSION = 384;

/**
 * The input tensors of a batch, padded to its longest text.
 * @param {number[][]} batch
 */
export function pad(batch) {
  const width = Math.max(...batch.map((ids) => ids.length));
  const size = batch.length * width;
  const inputIds = new BigInt64Array(size);
  const attentionMask = new BigInt64Array(size);
  batch.forEach((ids, row) => {
    ids.forEach((id, column) => {
      inputIds[row * width + column] = BigInt(id);
      attentionMask[row * width + column] = 1n;
    });
  });
  return { inputIds, attentionMask, tokenTypeIds: new BigInt64Array(size), shape: [batch.length, width] };
}

/**
 * Mean of the hidden states of each text's own tokens, scaled to length one.
 * @param {Float32Array} hidden batch x width x dimension
 * @param {number[][]} batch
 * @returns {Float32Array<ArrayBuffer>} batch x dimension
 */
export function pool(hidden, batch) {
  const width = Math.max(...batch.map((ids) => ids.length));
  const out = new Float32Array(batch.length * DIMENSION);
  batch.forEach((ids, row) => {
    const vector = out.subarray(row * DIMENSION, (row + 1) * DIMENSION);
    for (let token = 0; token < ids.length; token += 1) {
      const start = (row * width + token) * DIMENSION;
      for (let i = 0; i < DIMENSION; i += 1) vector[i] += hidden[start + i];
    }
    // The mean and the sum point the same way, so one scaling does for both.
    let square = 0;
    for (let i = 0; i < DIMENSION; i += 1) square += vector[i] * vector[i];
    const length = Math.sqrt(square) || 1;
    for (let i = 0; i < DIMENSION; i += 1) vector[i] /= length;
  });
  return out;
}

/**
 * Runs the model over one batch.
 * @param {{ run(feeds: Record<string, any>): Promise<Record<string, any>>, inputNames: readonly string[], outputNames: readonly string[] }} session
 * @param {new (type: 'int64', data: BigInt64Array, shape: number[]) => unknown} Tensor
 * @param {number[][]} batch
 * @returns {Promise<Float32Array<ArrayBuffer>>}
 */
export async function embedBatch(session, Tensor, batch) {
  const { inputIds, attentionMask, tokenTypeIds, shape } = pad(batch);
  /** @type {Record<string, unknown>} */
  const feeds = {
    input_ids: new Tensor('int64', inputIds, shape),
    attention_mask: new Tensor('int64', attentionMask, shape),
  };
  if (session.inputNames.includes('token_type_ids')) {
    feeds.token_type_ids = new Tensor('int64', tokenTypeIds, shape);
  }
  const results = await session.run(feeds);
  return pool(results[session.outputNames[0]].data, batch);
}
