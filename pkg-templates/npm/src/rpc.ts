/** Calls between a page and its worker: numbered requests, answers, progress, and errors that keep their fields. */

import { LodestoreError, toLodestoreError } from './errors.js';
import type { ProgressSink } from './progress.js';
import { yieldNow } from './yield-now.js';

/** The part of Worker, DedicatedWorkerGlobalScope and MessagePort that is used. */
export interface Port {
  postMessage(message: unknown, transfer: Transferable[]): void;
  onmessage: ((event: MessageEvent) => unknown) | null;
}

interface Request {
  id: number;
  method: string;
  args: unknown[];
  /** Whether progress is wanted. */
  progress: boolean;
  /** Whether others wait for their answers, so that more may be on its way. */
  crowded: boolean;
}

interface WireError {
  code: string;
  message: string;
  expected?: unknown;
  got?: unknown;
  stack?: string | undefined;
}

type Response =
  | { id: number; kind: 'value'; value: unknown }
  | { id: number; kind: 'error'; error: WireError }
  | { id: number; kind: 'progress'; progress: [phase: string, done: number, total: number] };

interface Pending {
  resolve: (value: never) => void;
  reject: (reason: unknown) => void;
  progress: ProgressSink | undefined;
}

/** The asking side. */
export class RpcClient {
  readonly #port: Port;
  readonly #pending = new Map<number, Pending>();
  #failure: LodestoreError | undefined;
  #lastId = 0;

  constructor(port: Port) {
    this.#port = port;
    port.onmessage = (event) => this.#receive(event.data as Response);
  }

  /** Runs `method` over there. What is in `transfer` is moved, not copied. */
  call<T>(
    method: string,
    args: unknown[],
    transfer: Transferable[] = [],
    progress?: ProgressSink,
  ): Promise<T> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    return new Promise<T>((resolve, reject) => {
      const id = ++this.#lastId;
      const crowded = this.#pending.size > 0;
      const request: Request = { id, method, args, progress: progress !== undefined, crowded };
      try {
        this.#port.postMessage(request, transfer);
      } catch (error) {
        reject(toLodestoreError(error));
        return;
      }
      this.#pending.set(id, { resolve, reject, progress });
    });
  }

  /** The other side is gone: everything pending rejects with `error`, and so does every later call. */
  fail(error: LodestoreError): void {
    this.#failure ??= error;
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    for (const { reject } of pending) reject(this.#failure);
  }

  #receive(response: Response): void {
    const pending = this.#pending.get(response.id);
    if (pending === undefined) return;
    if (response.kind === 'progress') {
      pending.progress?.(...response.progress);
      return;
    }
    this.#pending.delete(response.id);
    if (response.kind === 'value') pending.resolve(response.value as never);
    else pending.reject(fromWire(response.error));
  }
}

/**
 * Answers requests on `port` with what `handle` returns, moving the buffers of typed arrays. Many that come at once are
 * heard before the second of them is begun: each alone would be written, and flushed, before the next is looked at.
 */
export function serve(
  port: Port,
  handle: (method: string, args: unknown[], progress: ProgressSink | undefined) => unknown,
): void {
  const heard: Request[] = [];
  port.onmessage = (event) => {
    const request = event.data as Request;
    if (!request.crowded && heard.length === 0) return answer(request);
    if (heard.push(request) === 1) void yieldNow().then(() => heard.splice(0).forEach(answer));
  };
  const answer = ({ id, method, args, progress }: Request): void => {
    const send = (response: Response, transfer: Transferable[] = []) => port.postMessage(response, transfer);
    const sink: ProgressSink | undefined = progress
      ? (phase, done, total) => send({ id, kind: 'progress', progress: [phase, done, total] })
      : undefined;
    const done = (value: unknown) => {
      const { safe, transfer } = movable(value);
      send({ id, kind: 'value', value: safe }, transfer);
    };
    const failed = (error: unknown) => send({ id, kind: 'error', error: toWire(error) });
    try {
      const answered = handle(method, args, sink);
      if (answered instanceof Promise) answered.then(done, failed);
      else done(answered);
    } catch (error) {
      failed(error);
    }
  };
}

/**
 * The value and the buffers in it that may be moved. A view of a part of a buffer is copied first: sending it
 * would send, or take away, the whole.
 */
function movable(value: unknown): { safe: unknown; transfer: Transferable[] } {
  if (value instanceof Uint8Array || value instanceof Float32Array) {
    const own = value.byteLength === value.buffer.byteLength ? value : value.slice();
    return { safe: own, transfer: [own.buffer as ArrayBuffer] };
  }
  if (typeof value === 'object' && value !== null && 'vectors' in value) {
    const { safe, transfer } = movable(value.vectors);
    return { safe: { ...value, vectors: safe }, transfer };
  }
  return { safe: value, transfer: [] };
}

function toWire(error: unknown): WireError {
  const { code, message, expected, got, stack } = toLodestoreError(error);
  return { code, message, expected, got, stack };
}

function fromWire(wire: WireError): LodestoreError {
  const { stack, ...fields } = wire;
  const error = toLodestoreError(fields);
  // Both ends: where the call was awaited is not known here, but where it failed is.
  if (stack !== undefined) error.stack = `${error.stack ?? ''}\n  in the worker: ${stack}`;
  return error;
}
