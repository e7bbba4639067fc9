// One start of the host, from the first word that it says to its end.

import { start } from './hosts.mjs';
import { nodeEntry, serve } from './server.mjs';

/** Longer than any host takes to start, open and look through everything on a busy machine. */
const PATIENCE_MS = 180_000;

/** Starts the host again and again, each time as another run. */
export class Launches {
  #given;
  #host;
  #server;
  #run = 0;
  #launch;

  /** `noted` hears what a browser says of its own files. */
  constructor({ host, storage, durability, checkpointLogBytes, isPatient }, noted) {
    this.noted = noted;
    this.#host = host;
    const options = { storage, durability, checkpointLogBytes };
    this.#given = { name: 'crash', options, isPatient, packed: nodeEntry() };
  }

  async listen() {
    // What a killed host said may be read after the next has started: it is no word of that one.
    this.#server = await serve((run, message) =>
      run === this.#run ? this.#launch.hear(message) : undefined,
    );
  }

  /** `prefs` are those of Firefox, `options` are of the opening and besides the others. */
  async next(profile, { prefs, options } = {}) {
    this.#run += 1;
    const given = { ...this.#given, options: { ...this.#given.options, ...options } };
    this.#launch = new Launch(given, this.noted);
    this.#launch.process = await start(this.#host, profile, this.#server.url(this.#run), prefs);
    this.#launch.process.exited.then(
      () => this.#launch.fail(`${this.#host} ended by itself: ${this.#launch.process.errors()}`),
      (error) => this.#launch.fail(error.message),
    );
    return this.#launch;
  }

  /** Kills it; resolves when everything that it had said is heard. */
  async end(launch) {
    launch.isOver = true;
    await launch.process.kill();
    await this.#server.drained();
  }

  close() {
    this.#server.close();
  }
}

class Launch {
  /** By type of message: who waits for it, and what came. */
  #came = new Map();
  #answerSurvey;
  #model;
  /** By writer that waits for room: what it was told, and how to let it go on. */
  refusals = new Map();
  /** Gives an order to the host, which waits for one. */
  #order = new Deferred();
  #done = new Deferred();
  isOver = false;

  constructor(given, noted) {
    Object.assign(this, { given, noted });
    this.failed = new Promise((_, reject) => (this.reject = reject));
    this.failed.catch(() => undefined);
  }

  fail(reason, code) {
    if (!this.isOver) this.reject(Object.assign(new Error(reason), { code }));
  }

  /** What the driver answers; nothing, and whoever told it waits. */
  hear(message) {
    if (message.type === 'error') this.fail(message.error, message.code);
    if (message.type === 'note') this.noted(message.note);
    this.#expect(message.type).resolve(message);
    switch (message.type) {
      case 'start':
        return this.given;
      case 'survey':
        return new Promise((answer) => (this.#answerSurvey = answer));
      case 'ack':
        this.#model.ack(message.w, message.n, message.seq);
        return {};
      case 'refused':
        return new Promise((goOn) => this.#refused(message, goOn));
      case 'ready':
        this.#done.resolve(message.outcome);
        return new Promise((order) => this.#order.resolve(order));
      default:
        return {};
    }
  }

  async opening() {
    await this.#wait('opening');
  }

  async survey() {
    return (await this.#wait('survey')).survey;
  }

  /** Lets it write; what it tells of goes to the model. Resolves when the first write is acknowledged. */
  async write(model, seed) {
    this.#model = model;
    this.#answerSurvey({ go: model.begin(seed) });
    await this.#wait('ack');
  }

  /** Lets it close the database. */
  async finish() {
    this.#answerSurvey({});
    await this.#wait('closed');
  }

  #refused(message, goOn) {
    // What is not known to have failed may be there.
    if (message.what === 'write' && message.code === 'Quota') this.#model.refuse(message.w);
    this.refusals.set(message.w, { ...message, goOn });
    this.onRefusal?.(message);
  }

  /** Writers that were refused write the same again. */
  resume() {
    this.#model.allow();
    for (const { goOn } of this.refusals.values()) goOn({});
    this.refusals.clear();
  }

  /** Has it do something beside the writers; resolves to `result`, or to `refused`. */
  async order(what, given = {}) {
    const order = await this.#within(`an order to ${what}`, this.#order.promise);
    this.#order = new Deferred();
    this.#done = new Deferred();
    order({ what, ...given });
    return this.#within(`the outcome of ${what}`, this.#done.promise);
  }

  /** Lets it go on for so long, unless something goes wrong. */
  async goOn(ms) {
    await Promise.race([this.failed, pause(ms)]);
  }

  #expect(type) {
    if (!this.#came.has(type)) this.#came.set(type, new Deferred());
    return this.#came.get(type);
  }

  #wait(type) {
    return this.#within(`'${type}'`, this.#expect(type).promise);
  }

  async #within(what, promise) {
    let timer;
    const late = new Promise((_, reject) => {
      const message = `no word of ${what} within ${PATIENCE_MS / 1000} s`;
      timer = setTimeout(() => reject(new Error(message)), PATIENCE_MS);
    });
    try {
      return await Promise.race([promise, this.failed, late]);
    } finally {
      clearTimeout(timer);
    }
  }
}

class Deferred {
  promise = new Promise((resolve) => (this.resolve = resolve));
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
