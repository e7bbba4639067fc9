/** The manual: one page for all commands, and one for each. Made of what the commands say of themselves. */

import { type Argument, type Command, COMMON_OPTIONS, type OptionSpec } from './command.js';
import { COMMANDS } from './commands.js';
import { columns, wrap } from './text.js';

const WIDTH = 88;
const INDENT = '    ';

/** What `lodestore help` prints. */
export function overview(): string[] {
  return [
    'NAME',
    `${INDENT}lodestore - look after vector databases that are kept in files`,
    '',
    'SYNOPSIS',
    `${INDENT}lodestore COMMAND [OPTIONS] [ARGUMENTS]`,
    `${INDENT}lodestore help [COMMAND]`,
    `${INDENT}lodestore --version`,
    '',
    'COMMANDS',
    ...columns(
      COMMANDS.map(({ name, summary }) => [name, summary]),
      INDENT,
    ),
    '',
    'OPTIONS OF EVERY COMMAND',
    ...optionLines(COMMON_OPTIONS),
    '',
    'DESCRIPTION',
    ...paragraphs([
      'A database is a folder of its name in a directory: ./.lodestore unless --dir says otherwise, which is where open(name) of the package keeps it in Node, Deno and Bun. One process at a time has it open; a command on a database that is open elsewhere fails with Conflict and touches nothing.',
      'Results go to stdout; errors and progress go to stderr. A file that a command writes appears whole or not at all. Where FILE may be -, that is stdin or stdout.',
      "An error is one line: lodestore: CODE: what is wrong and what to do (expected ..., got ...). CODE is the code of the package's LodestoreError (Invalid, Mismatch, Corrupt, Version, Conflict, Quota, Unavailable, Closed, Evicted), or Usage, or Interrupted.",
      'With --json, stdout is one line: {"ok":true, "command":..., "result":...}, or {"ok":false, "command":..., "error":{"code":..., "message":..., "expected":..., "got":...}}. A command that ran and found problems says "ok":false with a "result".',
    ]),
    '',
    'EXIT CODES',
    ...exitCodes('a command failed, or problems are left'),
    '',
    'EXAMPLES',
    ...exampleLines([
      ['lodestore import notes words vectors.jsonl', 'make a database of a file of rows'],
      [
        'lodestore backup notes notes.lode && lodestore verify notes.lode',
        'back it up, and see that the backup restores',
      ],
      ['lodestore drill notes', 'restore a backup aside, and compare it with what the database was'],
      ['lodestore check notes --json | jq .ok', 'ask a program'],
    ]),
  ];
}

/** What `lodestore help COMMAND` prints. */
export function commandHelp(command: Command): string[] {
  const { name, args, options, examples } = command;
  const words = args.map(({ name, many, optional }) => {
    const word = many === undefined ? name : `${name}...`;
    return optional === undefined ? word : `[${word}]`;
  });
  return [
    'NAME',
    `${INDENT}lodestore ${name} - ${command.summary}`,
    '',
    'SYNOPSIS',
    `${INDENT}lodestore ${[name, '[OPTIONS]', ...words].join(' ')}`,
    '',
    'DESCRIPTION',
    ...paragraphs(command.description),
    '',
    ...(args.length === 0 ? [] : ['ARGUMENTS', ...args.flatMap(argumentLines), '']),
    'OPTIONS',
    ...optionLines({ ...options, ...COMMON_OPTIONS }),
    '',
    'EXIT CODES',
    ...exitCodes(command.failure),
    '',
    'EXAMPLES',
    ...exampleLines(examples),
  ];
}

function paragraphs(texts: readonly string[]): string[] {
  return texts.flatMap((text, i) => [...(i === 0 ? [] : ['']), ...wrap(text, WIDTH, INDENT)]);
}

function argumentLines({ name, text }: Argument): string[] {
  return [`${INDENT}${name}`, ...wrap(text, WIDTH, INDENT + INDENT)];
}

function optionLines(options: Readonly<Record<string, OptionSpec>>): string[] {
  return Object.entries(options).flatMap(([name, { short, value, words, text }]) => {
    const shown = `--${name}${value === undefined ? '' : ` ${value}`}`;
    const said = words === undefined ? text : `${text} One of ${words.join(', ')}.`;
    const head = short === undefined ? shown : `-${short}, ${shown}`;
    return [INDENT + head, ...wrap(said, WIDTH, INDENT + INDENT)];
  });
}

function exitCodes(failure: string): string[] {
  const codes = [
    ['0', 'done, and nothing is wrong'],
    ['1', failure],
    ['2', 'the command line is wrong; nothing was done'],
    ['130', 'interrupted'],
  ] as const;
  return codes.flatMap(([code, text]) => {
    const [first = '', ...more] = wrap(text, WIDTH, INDENT + ' '.repeat(5));
    return [INDENT + code.padEnd(5) + first.trimStart(), ...more];
  });
}

function exampleLines(examples: Command['examples']): string[] {
  return examples.flatMap(([line, what]) => [`${INDENT}# ${what}`, `${INDENT}${line}`]);
}
