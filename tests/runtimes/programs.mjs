// The runtimes beside Node that cases for Node run in: their programs, as npm has them for this machine.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const packages = fileURLToPath(new URL('node_modules', import.meta.url));

/** Each is in a package of its own, by platform, of which npm installs those that fit. */
const FOUND_IN = {
  deno: ['@deno', 'deno'],
  bun: ['@oven', 'bin/bun'],
};

/** What runs a script there: the program and the words before the name of the script. */
export function runtime(name) {
  if (name === 'node') return [process.execPath];
  const program = find(...FOUND_IN[name]);
  return name === 'deno' ? [program, 'run', '--allow-all', '--quiet', '--no-config'] : [program];
}

function find(scope, path) {
  const folder = join(packages, scope);
  const fitting = existsSync(folder) ? readdirSync(folder).sort() : [];
  const program = fitting.map((one) => join(folder, one, path)).find((one) => existsSync(one));
  if (program === undefined) throw new Error(`no ${scope} package is installed: run \`cargo xtask setup\``);
  return program;
}
