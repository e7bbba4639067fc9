/** `lodestore help`. */

import type { Command } from '../command.js';
import { COMMANDS } from '../commands.js';
import { commandHelp, overview } from '../help.js';
import { UsageError } from '../usage-error.js';

export const help: Command = {
  name: 'help',
  summary: 'print the manual, or that of one command',
  description: [
    'Prints what a command does, its arguments and options with their defaults, its exit codes and examples.',
  ],
  args: [{ name: 'COMMAND', text: 'The command. Left out: all of them, one line each.', optional: true }],
  options: {},
  examples: [['lodestore help restore', 'how to restore']],
  failure: 'the manual cannot be printed',
  run: async ({ args: [name] }) => {
    const command = COMMANDS.find((one) => one.name === name);
    if (name !== undefined && command === undefined) throw new UsageError(`there is no command "${name}"`);
    const lines = command === undefined ? overview() : commandHelp(command);
    return { ok: true, result: { help: lines }, lines };
  },
};
