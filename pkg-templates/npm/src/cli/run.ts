/** From the words of the command line to an exit code. */

import { LodestoreError } from '../index.node.js';
import type { Command, Outcome } from './command.js';
import { COMMANDS } from './commands.js';
import { commandHelp, overview } from './help.js';
import { Io, PipeClosed } from './io.js';
import { nearest } from './nearest.js';
import { parse } from './options.js';
import { UsageError } from './usage-error.js';
import { packageVersion } from './version.js';

export const OK = 0;
export const FAILED = 1;
export const USAGE = 2;
/** As shells say of what ended by SIGINT. */
export const INTERRUPTED = 130;

/** Runs one command line and says what its exit code is. It never throws. */
export async function run(words: readonly string[], signal: AbortSignal): Promise<number> {
  const [first, ...rest] = words;
  // Known before anything is parsed, so that a mistake, too, is told in JSON where that was asked for.
  const end = words.indexOf('--');
  const asked = end < 0 ? words : words.slice(0, end);
  const io = new Io({
    json: asked.includes('--json'),
    quiet: asked.includes('--quiet') || asked.includes('-q'),
  });
  try {
    if (first === undefined) {
      io.say(overview().join('\n'));
      return USAGE;
    }
    return await report(io, first, await dispatch(io, first, rest, signal));
  } catch (error) {
    return fail(io, first, error, signal);
  }
}

async function dispatch(
  io: Io,
  first: string,
  rest: readonly string[],
  signal: AbortSignal,
): Promise<Outcome> {
  if (first === '--version' || first === '-V' || first === 'version') return version();
  if (first === '--help' || first === '-h')
    return { ok: true, result: { help: overview() }, lines: overview() };
  if (first.startsWith('-'))
    throw new UsageError(`the command comes first, then its options: not "${first}"`);
  const command = find(first);
  const { args, options } = parse(command, rest);
  if (options.flag('help')) {
    const lines = commandHelp(command);
    return { ok: true, result: { help: lines }, lines };
  }
  return command.run({ args, options, io, signal });
}

function version(): Outcome {
  const known = packageVersion();
  return { ok: true, result: { version: known }, lines: [`lodestore ${known}`] };
}

function find(name: string): Command {
  const command = COMMANDS.find((one) => one.name === name);
  if (command !== undefined) return command;
  const near = nearest(
    name,
    COMMANDS.map((one) => one.name),
  );
  throw new UsageError(`there is no command "${name}"${near === undefined ? '' : `; did you mean ${near}?`}`);
}

async function report(io: Io, command: string, { ok, result, lines }: Outcome): Promise<number> {
  if (io.json) await io.write(`${JSON.stringify({ ok, command: plainName(command), result })}\n`);
  else if (lines.length > 0) await io.write(`${lines.join('\n')}\n`);
  return ok ? OK : FAILED;
}

function plainName(first: string): string {
  if (first === '-V' || first === '--version') return 'version';
  return first === '-h' || first === '--help' ? 'help' : first;
}

async function fail(io: Io, first: string | undefined, error: unknown, signal: AbortSignal): Promise<number> {
  if (error instanceof PipeClosed) return FAILED;
  const interrupted = signal.aborted && !(error instanceof LodestoreError);
  const usage = error instanceof UsageError;
  const code =
    error instanceof LodestoreError
      ? error.code
      : usage
        ? 'Usage'
        : interrupted
          ? 'Interrupted'
          : 'Unavailable';
  const { expected, got } = error instanceof LodestoreError ? error : {};
  const message = interrupted ? 'interrupted; what was under way was given up' : messageOf(error);
  const pair = [expected !== undefined && `expected ${expected}`, got !== undefined && `got ${got}`].filter(
    Boolean,
  );
  io.say(`lodestore: ${code}: ${message}${pair.length > 0 ? ` (${pair.join(', ')})` : ''}`);
  const known = COMMANDS.some((one) => one.name === first);
  if (usage) io.say(`Try "lodestore help${known ? ` ${first}` : ''}".`);
  if (io.json) {
    const told = {
      code,
      message,
      ...(expected !== undefined && { expected }),
      ...(got !== undefined && { got }),
    };
    const answer = { ok: false, command: plainName(first ?? ''), error: told };
    await io.write(`${JSON.stringify(answer)}\n`).catch(() => undefined);
  }
  return usage ? USAGE : interrupted ? INTERRUPTED : FAILED;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
