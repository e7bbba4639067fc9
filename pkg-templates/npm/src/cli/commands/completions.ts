/** `lodestore completions`. */

import { type Command, COMMON_OPTIONS } from '../command.js';
import { COMMANDS } from '../commands.js';
import { bashScript, fishScript, zshScript } from '../completion-scripts.js';
import { argument } from '../options.js';
import { UsageError } from '../usage-error.js';

const SHELLS = { bash: bashScript, zsh: zshScript, fish: fishScript };

export const completions: Command = {
  name: 'completions',
  summary: 'print a script that completes commands and options in a shell',
  description: [
    'Prints a script for the shell: commands, options and their words. File names complete as ever.',
  ],
  args: [{ name: 'SHELL', text: 'bash, zsh or fish.', complete: Object.keys(SHELLS) }],
  options: {},
  examples: [
    ['eval "$(lodestore completions bash)"', 'in ~/.bashrc'],
    ['lodestore completions zsh > ~/.zfunc/_lodestore', 'for zsh, where ~/.zfunc is in fpath'],
    ['lodestore completions fish > ~/.config/fish/completions/lodestore.fish', 'for fish'],
  ],
  failure: 'the script cannot be printed',
  run: async ({ args }) => {
    const shell = argument(args, 0);
    if (!Object.hasOwn(SHELLS, shell))
      throw new UsageError(`the shell must be one of ${Object.keys(SHELLS).join(', ')}, not "${shell}"`);
    const script = SHELLS[shell as keyof typeof SHELLS](COMMANDS, COMMON_OPTIONS);
    return { ok: true, result: { shell, script }, lines: script.trimEnd().split('\n') };
  },
};
