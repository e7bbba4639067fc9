/** Names each step, goes on after a failure, and counts. */

export class Steps {
  passed = 0;
  failed = 0;

  /** @param {string} name @param {() => Promise<void>} run */
  async step(name, run) {
    try {
      await run();
      this.passed += 1;
      console.log(`ok    ${name}`);
    } catch (error) {
      this.failed += 1;
      console.log(`FAIL  ${name}\n      ${String(error.stack ?? error).replaceAll('\n', '\n      ')}`);
    }
  }

  finish() {
    console.log(`${this.passed} passed, ${this.failed} failed`);
    process.exitCode = this.failed > 0 || this.passed === 0 ? 1 : 0;
  }
}
