/**
 * Calls between a page and its worker: numbered requests, answers, progress, and errors that keep their fields. Writes
 * of one task, and answers that come together, are one message: a message costs more than the row in it.
 */

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

/** Calls that may wait for the end of the task: no caller has a hand on what they were given. */
const GATHERED = new Set(['named', 'upsert']);

/** The asking side. */
export class RpcClient {
  readonly #port: Port;
  readonly #pending = new Map<number, Pending>();
  /** Asked in this task, behind others. */
  #gathered: { request: Request; transfer: Transferable[] }[] = [];
  #failure: LodestoreError | undefined;
  #lastId = 0;

  constructor(port: Port) {
    this.#port = port;
    port.onmessage = ({ data }) => {
      if (Array.isArray(data)) for (const response of data as Response[]) this.#receive(response);
      else this.#receive(data as Response);
    };
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
      this.#pending.set(id, { resolve, reject, progress });
      if (GATHERED.has(method)) this.#gather(request, transfer);
      else {
        // Nothing overtakes what came before it.
        this.#flush();
        this.#send(request, transfer);
      }
    });
  }

  #send(request: Request, transfer: Transferable[]): void {
    try {
      this.#port.postMessage(request, transfer);
    } catch (error) {
      this.#pending.get(request.id)?.reject(toLodestoreError(error));
      this.#pending.delete(request.id);
    }
  }

  #gather(request: Request, transfer: Transferable[]): void {
    if (this.#gathered.push({ request, transfer }) === 1) void Promise.resolve().then(() => this.#flush());
  }

  #flush(): void {
    if (this.#gathered.length === 0) return;
    const gathered = this.#gathered;
    this.#gathered = [];
    if (this.#failure !== undefined) return;
    const [first] = gathered;
    if (gathered.length === 1 && first !== undefined) return this.#send(first.request, first.transfer);
    const requests = gathered.map(({ request }) => request);
    try {
      this.#port.postMessage(
        requests,
        gathered.flatMap(({ transfer }) => transfer),
      );
    } catch {
      // One of them cannot be sent: each by itself tells which.
      for (const { request, transfer } of gathered) this.#send(request, transfer);
    }
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
  port.onmessage = ({ data }) => {
    const requests = (Array.isArray(data) ? data : [data]) as Request[];
    if (heard.length === 0 && requests[0]?.crowded !== true) return requests.forEach(answer);
    if (heard.length === 0) void yieldNow().then(() => heard.splice(0).forEach(answer));
    heard.push(...requests);
  };
  const answers = new Answers(port);
  const answer = ({ id, method, args, progress }: Request): void => {
    const sink: ProgressSink | undefined = progress
      ? (phase, done, total) => answers.tell({ id, kind: 'progress', progress: [phase, done, total] })
      : undefined;
    const done = (value: unknown) => {
      const { safe, transfer } = movable(value);
      answers.send({ id, kind: 'value', value: safe }, transfer);
    };
    const failed = (error: unknown) => answers.send({ id, kind: 'error', error: toWire(error) });
    answers.owed += 1;
    try {
      const answered = handle(method, args, sink);
      if (answered instanceof Promise) answered.then(done, failed);
      else done(answered);
    } catch (error) {
      failed(error);
    }
  };
}

/** What goes back. */
class Answers {
  /** Requests without an answer. */
  owed = 0;
  readonly #port: Port;
  #gathered: Response[] = [];

  constructor(port: Port) {
    this.#port = port;
  }

  tell(response: Response): void {
    this.#port.postMessage(response, []);
  }

  /** Answers a request: at once, unless the next answer may be a moment away. */
  send(response: Response, transfer: Transferable[] = []): void {
    this.owed -= 1;
    if (transfer.length > 0 || (this.owed === 0 && this.#gathered.length === 0)) {
      this.#port.postMessage(response, transfer);
      return;
    }
    if (this.#gathered.push(response) === 1) void Promise.resolve().then(() => this.#flush());
    if (this.owed === 0) this.#flush();
  }

  #flush(): void {
    if (this.#gathered.length === 0) return;
    const gathered = this.#gathered;
    this.#gathered = [];
    this.#port.postMessage(gathered, []);
  }
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
