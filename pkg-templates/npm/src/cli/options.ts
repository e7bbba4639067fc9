/** The options and arguments of one call, checked against what its command knows. */

import { parseArgs } from 'node:util';
import { type Argument, type Command, COMMON_OPTIONS, type OptionSpec } from './command.js';
import { UsageError } from './usage-error.js';

type Values = Readonly<Record<string, string | boolean | undefined>>;

/** What was given, by name. */
export class Options {
  readonly #values: Values;

  constructor(values: Values) {
    this.#values = values;
  }

  flag(name: string): boolean {
    return this.#values[name] === true;
  }

  text(name: string): string | undefined {
    const value = this.#values[name];
    return typeof value === 'string' ? value : undefined;
  }

  /** A whole number; its bounds are part of the message. */
  integer(name: string, min: number, max: number): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const value = /^[0-9]{1,15}$/.test(text) ? Number(text) : NaN;
    if (value >= min && value <= max) return value;
    throw new UsageError(`--${name} must be a whole number from ${min} to ${max}, not "${text}"`);
  }
}

export interface Parsed {
  args: string[];
  options: Options;
}

/** Reads the words after the command's name. */
export function parse(command: Command, words: readonly string[]): Parsed {
  const specs = { ...command.options, ...COMMON_OPTIONS };
  const { values, positionals } = parseWords(specs, words);
  const options = new Options(values);
  if (options.flag('help')) return { args: [], options };
  for (const [name, spec] of Object.entries(specs)) {
    const value = options.text(name);
    if (spec.words === undefined || value === undefined || spec.words.includes(value)) continue;
    throw new UsageError(`--${name} must be one of ${spec.words.join(', ')}, not "${value}"`);
  }
  checkCount(command.args, positionals);
  return { args: positionals, options };
}

function parseWords(specs: Readonly<Record<string, OptionSpec>>, words: readonly string[]) {
  const options = Object.fromEntries(
    Object.entries(specs).map(([name, { short, value }]) => [
      name,
      { type: value === undefined ? 'boolean' : 'string', ...(short !== undefined && { short }) } as const,
    ]),
  );
  try {
    const parsed = parseArgs({ args: [...words], options, allowPositionals: true, strict: true });
    return { values: parsed.values as Values, positionals: parsed.positionals };
  } catch (error) {
    // Only the first sentence: the rest is advice on how to escape, which is long and seldom what was meant.
    const said = error instanceof Error ? (error.message.split(/\. |\n/)[0] ?? '') : String(error);
    throw new UsageError(said.replace(/\.$/, ''));
  }
}

function checkCount(args: readonly Argument[], given: readonly string[]): void {
  const missing = args.find((arg, at) => arg.optional === undefined && given[at] === undefined);
  if (missing !== undefined) throw new UsageError(`${missing.name} is missing: ${missing.text}`);
  const extra = args.at(-1)?.many === true ? undefined : given[args.length];
  if (extra !== undefined) throw new UsageError(`there is no place for "${extra}"`);
  const empty = given.indexOf('');
  if (empty >= 0) throw new UsageError(`${(args[empty] ?? args.at(-1))?.name ?? 'an argument'} is empty`);
}

/** The argument at `at`, which `parse` has made sure of where it is not optional. */
export function argument(args: readonly string[], at: number): string {
  const value = args[at];
  if (value === undefined) throw new UsageError('an argument is missing');
  return value;
}
