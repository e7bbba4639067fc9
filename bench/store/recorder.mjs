// A storage object in memory that writes down what the store asks of a storage, byte by byte.

export class Recorder {
  kind = 'recorder';
  files = new Map();
  /** The bytes of each append since `forget`. */
  appends = [];
  /** Bytes written since `forget`. */
  written = 0;
  /** File name -> where the farthest read since `forget` ended. */
  reads = new Map();

  forget() {
    this.appends = [];
    this.written = 0;
    this.reads = new Map();
  }

  async list() {
    return Array.from(this.files, ([name, bytes]) => ({ name, length: bytes.length }));
  }

  async read(name, start, end) {
    this.reads.set(name, Math.max(end, this.reads.get(name) ?? 0));
    return this.#file(name).slice(start, end);
  }

  async create(name, chunks) {
    const parts = [];
    // The bytes may be a view of the store's memory: they are copied before anything else can happen.
    for await (const chunk of chunks) parts.push(chunk.slice());
    const bytes = join(parts);
    this.written += bytes.length;
    this.files.set(name, bytes);
  }

  async append(name, at, bytes) {
    const own = bytes.slice();
    this.appends.push(own);
    this.written += own.length;
    this.files.set(name, join([this.#file(name).subarray(0, at), own]));
  }

  async remove(name) {
    this.files.delete(name);
  }

  #file(name) {
    const bytes = this.files.get(name);
    if (bytes === undefined) throw new Error(`there is no file ${name}`);
    return bytes;
  }
}

function join(parts) {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let filled = 0;
  for (const part of parts) {
    out.set(part, filled);
    filled += part.length;
  }
  return out;
}

/**
 * What the store writes for these rows and reads to open them again: counted here once, since it is the same on
 * every storage, and kept as the bytes that the bare host API is then given.
 */
export async function record(open, data) {
  const storage = new Recorder();
  const db = await open('recorded', { storage, checkpointLogBytes: NO_CHECKPOINT });
  const rows = await db.collection('words', { dimension: data.dimension });
  storage.forget();
  for (const batch of data.batches) await rows.upsert(batch);
  const upserts = { bytes: storage.written, appends: storage.appends };
  storage.forget();
  await db.checkpoint();
  const checkpoint = { bytes: storage.written };
  await db.close();
  storage.forget();
  await (await open('recorded', { storage })).close();
  const files = Array.from(storage.reads, ([name, end]) => ({
    name,
    bytes: storage.files.get(name).slice(0, end),
  }));
  return {
    upserts,
    checkpoint,
    reopen: { files, bytes: files.reduce((sum, { bytes }) => sum + bytes.length, 0) },
  };
}

/** Large enough that no checkpoint of its own accord falls into what is measured. */
export const NO_CHECKPOINT = 2 ** 40;
