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
  constructor({ host, storage, durability, checkpointLogBytes }, noted) {
    this.noted = noted;
    this.#host = host;
    const options = { storage, durability, checkpointLogBytes };
    this.#given = { name: 'crash', options, packed: nodeEntry() };
  }

  async listen() {
    // What a killed host said may be read after the next has started: it is no word of that one.
    this.#server = await serve((run, message) =>
      run === this.#run ? this.#launch.hear(message) : undefined,
    );
  }

  async next(profile) {
    this.#run += 1;
    this.#launch = new Launch(this.#given, this.noted);
    this.#launch.process = await start(this.#host, profile, this.#server.url(this.#run));
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
  isOver = false;

  constructor(given, noted) {
    Object.assign(this, { given, noted });
    this.failed = new Promise((_, reject) => (this.reject = reject));
    this.failed.catch(() => undefined);
  }

  fail(reason) {
    if (!this.isOver) this.reject(new Error(reason));
  }

  /** What the driver answers; nothing, and whoever told it waits. */
  hear(message) {
    if (message.type === 'error') this.fail(message.error);
    if (message.type === 'note') this.noted(message.note);
    const { resolve } = this.#expect(message.type);
    resolve(message);
    switch (message.type) {
      case 'start':
        return this.given;
      case 'survey':
        return new Promise((answer) => (this.#answerSurvey = answer));
      case 'ack':
        this.#model.ack(message.w, message.n, message.seq);
        return {};
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

  /** Lets it go on for so long, unless something goes wrong. */
  async goOn(ms) {
    await Promise.race([this.failed, pause(ms)]);
  }

  #expect(type) {
    if (!this.#came.has(type)) {
      let resolve;
      const promise = new Promise((done) => (resolve = done));
      this.#came.set(type, { promise, resolve });
    }
    return this.#came.get(type);
  }

  async #wait(type) {
    let timer;
    const late = new Promise((_, reject) => {
      const message = `no word of '${type}' within ${PATIENCE_MS / 1000} s`;
      timer = setTimeout(() => reject(new Error(message)), PATIENCE_MS);
    });
    try {
      return await Promise.race([this.#expect(type).promise, this.failed, late]);
    } finally {
      clearTimeout(timer);
    }
  }
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
