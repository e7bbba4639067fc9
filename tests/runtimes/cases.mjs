// Runs the cases for Node in the runtime that this script runs in: Node, Deno or Bun. run.mjs of tests/web starts it, has
// bundled the suites, and is told of each case by a line of JSON.
import { spawn } from 'node:child_process';
import fs from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const { scratch, suites, only, kernels, packed } = JSON.parse(process.argv[2]);

/** What runs a text as a module. */
function evaluating() {
  if (process.versions.deno !== undefined) return ['eval', '--quiet'];
  return process.versions.bun === undefined ? ['--input-type=module', '-e'] : ['-e'];
}

const bundled = (suite) => pathToFileURL(join(scratch, 'node/suites', `${suite}.js`)).href;

/** Runs `script` (which sees the suite `files` as m) in a process; ends it with SIGKILL after so many lines of output. */
function killAfter(script, lines) {
  const module = JSON.stringify(bundled('files'));
  const text = `const m = await import(${module}); await ${script};`;
  const child = spawn(process.execPath, [...evaluating(), text]);
  return new Promise((resolve, reject) => {
    let out = '';
    let errors = '';
    child.stdout.on('data', (data) => {
      out += data;
      if (out.split('\n').length > lines) child.kill('SIGKILL');
    });
    child.stderr.on('data', (data) => (errors += data));
    child.on('error', reject);
    // A last line without its end was cut by the kill: it is no acknowledgement.
    child.on('close', (code, signal) => {
      if (signal === 'SIGKILL') resolve(out.split('\n').slice(0, -1));
      else reject(new Error(`the process ended by itself (${code}): ${errors}`));
    });
  });
}

globalThis.testDirectory = join(scratch, 'files');
globalThis.testHost = {
  directory: globalThis.testDirectory,
  fs,
  pid: process.pid,
  kernels,
  packed,
  killAfter,
};

const drive = () => Promise.reject(new Error('there is no browser to drive'));

for (const suite of suites) {
  const { default: loaded } = await import(bundled(suite));
  for (const test of loaded.cases('node', drive)) {
    if (only !== undefined && !test.name.includes(only)) continue;
    let error;
    try {
      await test.run();
    } catch (failure) {
      error = failure?.stack ?? String(failure);
    }
    console.log(JSON.stringify({ suite, name: test.name, error }));
  }
}
// Whatever a case left open keeps nobody waiting.
process.exit(0);
