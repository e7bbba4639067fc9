/** The model, in a worker of its own: the page and the store stay responsive while it computes. */

import * as ort from 'onnxruntime-web/wasm';
import wasmUrl from 'onnxruntime-web/ort-wasm-simd-threaded.wasm?url';
import { embedBatch } from '../shared/sentence.js';
import { WordPiece } from '../shared/wordpiece.js';
import type { EmbedAnswer, EmbedRequest } from './embedder.js';

let tokenizer: WordPiece;
let session: ort.InferenceSession;

self.onmessage = (event: MessageEvent<EmbedRequest>) => void serve(event.data);

async function serve(request: EmbedRequest): Promise<void> {
  try {
    if (request.kind === 'load') {
      await load(request.model, request.vocabulary);
      answer({ kind: 'loaded' });
      return;
    }
    const start = performance.now();
    const batch = request.texts.map((text) => tokenizer.encode(text));
    const vectors = await embedBatch(session, ort.Tensor, batch);
    answer({ kind: 'vectors', id: request.id, vectors, ms: performance.now() - start }, [vectors.buffer]);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    answer({ kind: 'failed', id: request.kind === 'embed' ? request.id : undefined, message });
  }
}

async function load(modelUrl: string, vocabularyUrl: string): Promise<void> {
  ort.env.wasm.wasmPaths = { wasm: new URL(wasmUrl, self.location.href).href };
  // One text takes some 40 ms on one thread. With several, which only isolated pages may have, the model never got
  // ready in this build; why was not looked into.
  ort.env.wasm.numThreads = 1;
  ort.env.logLevel = 'error';
  const [model, vocabulary] = await Promise.all([fetchModel(modelUrl), fetchText(vocabularyUrl)]);
  tokenizer = WordPiece.parse(vocabulary);
  session = await ort.InferenceSession.create(model, { executionProviders: ['wasm'] });
  // The first run is slow; better now than under the reader's first question.
  await embedBatch(session, ort.Tensor, [tokenizer.encode('warm')]);
}

async function fetchText(url: string): Promise<string> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`The model's vocabulary could not be fetched (${response.status}).`);
  return response.text();
}

async function fetchModel(url: string): Promise<Uint8Array> {
  const response = await fetch(url);
  if (!response.ok || response.body === null) {
    throw new Error(`The model could not be fetched (${response.status}).`);
  }
  const total = Number(response.headers.get('Content-Length') ?? 0);
  const chunks: Uint8Array[] = [];
  let done = 0;
  for (const reader = response.body.getReader(); ;) {
    const step = await reader.read();
    if (step.done) break;
    chunks.push(step.value);
    done += step.value.length;
    answer({ kind: 'progress', done, total: Math.max(total, done) });
  }
  const model = new Uint8Array(done);
  let at = 0;
  for (const chunk of chunks) {
    model.set(chunk, at);
    at += chunk.length;
  }
  return model;
}

function answer(message: EmbedAnswer, transfer: Transferable[] = []): void {
  self.postMessage(message, { transfer });
}
