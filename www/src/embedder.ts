/** Turns texts into vectors: the page's side of the worker that runs the model. */

export type EmbedRequest =
  { kind: 'load'; model: string; vocabulary: string } | { kind: 'embed'; id: number; texts: string[] };

export type EmbedAnswer =
  | { kind: 'progress'; done: number; total: number }
  | { kind: 'loaded' }
  | { kind: 'vectors'; id: number; vectors: Float32Array<ArrayBuffer>; ms: number }
  | { kind: 'failed'; id: number | undefined; message: string };

export interface Embedded {
  /** As many times the dimension as there were texts. */
  vectors: Float32Array;
  ms: number;
}

interface Waiting {
  resolve(embedded: Embedded): void;
  reject(error: Error): void;
}

/** Recently asked texts, so that going back and switching filters costs no model run. */
const REMEMBERED = 200;

export class Embedder {
  /** Resolves when the model can be asked. */
  readonly ready: Promise<void>;
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  readonly #remembered = new Map<string, Float32Array>();
  #next = 0;

  constructor(onProgress: (done: number, total: number) => void) {
    this.#worker = new Worker(new URL('./embed-worker.ts', import.meta.url), { type: 'module' });
    this.ready = new Promise((resolve, reject) => {
      const fail = (message: string) => {
        const error = new Error(message);
        reject(error);
        for (const waiting of this.#waiting.values()) waiting.reject(error);
        this.#waiting.clear();
      };
      this.#worker.onerror = (event) => {
        event.preventDefault();
        fail(`The model stopped: ${event.message || 'its script could not be loaded'}.`);
      };
      this.#worker.onmessage = ({ data }: MessageEvent<EmbedAnswer>) => {
        if (data.kind === 'progress') onProgress(data.done, data.total);
        else if (data.kind === 'loaded') resolve();
        else if (data.kind === 'failed' && data.id === undefined) fail(data.message);
        else this.#settle(data);
      };
    });
    // Who asks gets the error; without this an unasked one would be reported twice.
    this.ready.catch(() => undefined);
    const model = new URL('model/model.onnx', document.baseURI).href;
    const vocabulary = new URL('model/vocab.txt', document.baseURI).href;
    this.#send({ kind: 'load', model, vocabulary });
  }

  /** One question; `ms` is 0 when it was asked before. */
  async one(text: string): Promise<Embedded> {
    const known = this.#remembered.get(text);
    if (known !== undefined) return { vectors: known, ms: 0 };
    const embedded = await this.many([text]);
    this.#remembered.set(text, embedded.vectors);
    const oldest = this.#remembered.keys().next().value;
    if (this.#remembered.size > REMEMBERED && oldest !== undefined) this.#remembered.delete(oldest);
    return embedded;
  }

  async many(texts: string[]): Promise<Embedded> {
    await this.ready;
    const id = this.#next;
    this.#next += 1;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#send({ kind: 'embed', id, texts });
    });
  }

  #settle(answer: EmbedAnswer & { id: number | undefined }): void {
    if (answer.id === undefined) return;
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if (answer.kind === 'vectors') waiting?.resolve(answer);
    else if (answer.kind === 'failed') waiting?.reject(new Error(answer.message));
  }

  #send(request: EmbedRequest): void {
    this.#worker.postMessage(request);
  }
}
