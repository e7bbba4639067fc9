/** What a command is: its words for the help and the completions, and what it does. */

import type { Io } from './io.js';
import type { Options } from './options.js';

/** One option. Without `value` it is a switch. */
export interface OptionSpec {
  short?: string;
  /** What stands for its value in the help. */
  value?: string;
  /** The only words that it takes. */
  words?: readonly string[];
  /** With unit and default. */
  text: string;
}

export interface Argument {
  name: string;
  text: string;
  optional?: true;
  /** The last one: any number of them. */
  many?: true;
  /** What a shell completes it with. */
  complete?: 'file' | readonly string[];
}

/** What a command is given. */
export interface Call {
  args: readonly string[];
  options: Options;
  io: Io;
  /** Aborted by an interrupt. */
  signal: AbortSignal;
}

/** What a command found or did. */
export interface Outcome {
  /** False when problems are left: the exit code is 1 then. */
  ok: boolean;
  /** For `--json`. */
  result: unknown;
  /** For people, on stdout; `[]` where stdout had data. */
  lines: string[];
}

export interface Command {
  name: string;
  /** One line. */
  summary: string;
  /** Paragraphs. */
  description: readonly string[];
  args: readonly Argument[];
  options: Readonly<Record<string, OptionSpec>>;
  /** A line of the shell, and what it is for. */
  examples: readonly (readonly [string, string])[];
  /** When the exit code is 1. */
  failure: string;
  run(call: Call): Promise<Outcome>;
}

/** The database that a command is about; every such command has these. */
export const DATABASE_OPTIONS = {
  dir: {
    value: 'DIR',
    text: 'Directory that holds the database as a folder of its name. Default ./.lodestore.',
  },
} as const satisfies Record<string, OptionSpec>;

export const NAME: Argument = { name: 'NAME', text: 'Name of the database.' };

/** Every command has these. */
export const COMMON_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  json: { text: 'Print the result as one line of JSON on stdout, and nothing else there.' },
  quiet: { short: 'q', text: 'No progress bar (there is one on stderr only when that is a terminal).' },
  help: { short: 'h', text: 'Print the help of the command and exit.' },
};
