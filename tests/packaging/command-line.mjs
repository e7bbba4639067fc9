// The installed program, run as a shell would.
import { spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import assert from 'node:assert/strict';

/** A folder of its own, and the program in it. */
export async function workplace({ project, installed }) {
  const folder = await mkdtemp(join(project, 'cli-'));
  const program = join(installed, 'dist/cli/main.js');
  const at = (name) => join(folder, name);

  /** Runs one command line; `input` goes to stdin and ends it. */
  function cli(args, { input = '' } = {}) {
    return start(process.execPath, [program, ...args], { cwd: folder, input });
  }

  /** As `cli`, and it must end with `code`. */
  async function expect(code, args, options) {
    const done = await cli(args, options);
    assert.equal(done.code, code, `${args.join(' ')}: exit ${done.code}\n${done.stdout}${done.stderr}`);
    return done;
  }

  /** What `--json` prints: one line that is JSON. */
  async function json(code, args, options) {
    const { stdout } = await expect(code, [...args, '--json'], options);
    assert.match(stdout, /^[^\n]+\n$/, `one line: ${stdout}`);
    const answer = JSON.parse(stdout);
    assert.equal(answer.command, args[0]);
    assert.equal(answer.ok, code === 0);
    return answer;
  }

  /** Every file of a database, by name, but the locks, which are of the process, and the audit log, which tells of failures as well. */
  async function stored(name) {
    const place = at(`.lodestore/${name}`);
    const names = (await readdir(place)).filter((file) => !/^_lock_|^audit-/.test(file)).sort();
    return Promise.all(
      names.map(async (file) => [file, (await readFile(join(place, file))).toString('base64')]),
    );
  }

  return { folder, at, cli, expect, json, stored };
}

export function start(command, args, { cwd, input = '' }) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, stdio: ['pipe', 'pipe', 'pipe'] });
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (data) => (stdout += data));
    child.stderr.setEncoding('utf8').on('data', (data) => (stderr += data));
    // A program that does not read its input may be gone before all of it is written.
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}
