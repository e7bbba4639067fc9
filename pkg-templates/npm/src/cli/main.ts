#!/usr/bin/env node
/** The program: one command line, one exit code. */

import { run } from './run.js';

const interrupt = new AbortController();
// The first interrupt gives up in good order (no half-made file is left, the lock is let go); the second kills.
for (const signal of ['SIGINT', 'SIGTERM'])
  process.once(signal, () => interrupt.abort(new Error('interrupted')));

process.exitCode = await run(process.argv.slice(2), interrupt.signal);
