/** What shells are told of the commands: made of the commands themselves, so that none is forgotten. */

import type { Command, OptionSpec } from './command.js';

type Common = Readonly<Record<string, OptionSpec>>;
type Script = (commands: readonly Command[], common: Common) => string;

function optionsOf(command: Command, common: Common): [string, OptionSpec][] {
  return Object.entries({ ...command.options, ...common });
}

/** The words that the first argument of a command takes, where there are such. */
function argumentWords(command: Command, commands: readonly Command[]): readonly string[] {
  if (command.name === 'help') return commands.map(({ name }) => name);
  const complete = command.args[0]?.complete;
  return typeof complete === 'object' ? complete : [];
}

export const bashScript: Script = (commands, common) => {
  const cases = commands.flatMap((command) => {
    const flags = optionsOf(command, common).map(([name]) => `--${name}`);
    const values = optionsOf(command, common).flatMap(([name, { words }]) =>
      words === undefined ? [] : [`      --${name}) words="${words.join(' ')}" ;;`],
    );
    const first = argumentWords(command, commands);
    return [
      `    ${command.name})`,
      `      words="${[...flags, ...first].join(' ')}"`,
      ...(values.length === 0
        ? []
        : ['      case "$previous" in', ...values.map((line) => `  ${line}`), '      esac']),
      '      ;;',
    ];
  });
  return [
    '# lodestore completions for bash',
    '_lodestore() {',
    '  local current="${COMP_WORDS[COMP_CWORD]}" previous="${COMP_WORDS[COMP_CWORD-1]}" words=""',
    '  if [ "$COMP_CWORD" -eq 1 ]; then',
    `    words="${commands.map(({ name }) => name).join(' ')} --help --version"`,
    '  else case "${COMP_WORDS[1]}" in',
    ...cases,
    '  esac; fi',
    '  COMPREPLY=($(compgen -W "$words" -- "$current"))',
    '}',
    'complete -o default -F _lodestore lodestore',
    '',
  ].join('\n');
};

export const zshScript: Script = (commands, common) => {
  const cases = commands.flatMap((command) => {
    const specs = optionsOf(command, common).map(([name, { value, words, text }]) => {
      const said = `--${name}[${zshText(text)}]`;
      if (value === undefined) return quoted(said);
      return quoted(`${said}:${value}:${words === undefined ? '_files' : `(${words.join(' ')})`}`);
    });
    const first = argumentWords(command, commands);
    const args = first.length === 0 ? ["'*:file:_files'"] : [quoted(`1:word:(${first.join(' ')})`)];
    return [`    ${command.name}) _arguments ${[...specs, ...args].join(' ')} ;;`];
  });
  const described = commands.map(({ name, summary }) => `    ${quoted(`${name}:${zshText(summary)}`)}`);
  return [
    '#compdef lodestore',
    '_lodestore() {',
    '  local -a commands=(',
    ...described,
    '  )',
    '  if (( CURRENT == 2 )); then _describe command commands; return; fi',
    '  local command="${words[2]}"',
    '  shift words; (( CURRENT-- ))',
    '  case "$command" in',
    ...cases,
    '  esac',
    '}',
    '# As a file of fpath it is called by its name; by eval it has to be registered.',
    'if [ "$funcstack[1]" = "_lodestore" ]; then _lodestore "$@"; else compdef _lodestore lodestore; fi',
    '',
  ].join('\n');
};

export const fishScript: Script = (commands, common) => {
  const lines = commands.flatMap((command) => {
    const seen = `-n ${quoted(`__fish_seen_subcommand_from ${command.name}`)}`;
    const options = optionsOf(command, common).map(([name, { short, value, words, text }]) => {
      const letter = short === undefined ? '' : ` -s ${short}`;
      const takes =
        value === undefined ? '' : words === undefined ? ' -r' : ` -x -a ${quoted(words.join(' '))}`;
      return `complete -c lodestore ${seen} -l ${name}${letter}${takes} -d ${quoted(text)}`;
    });
    const first = argumentWords(command, commands);
    const named = `complete -c lodestore -n __fish_use_subcommand -f -a ${command.name} -d ${quoted(command.summary)}`;
    return [
      named,
      ...options,
      ...(first.length === 0 ? [] : [`complete -c lodestore ${seen} -f -a ${quoted(first.join(' '))}`]),
    ];
  });
  return ['# lodestore completions for fish', ...lines, ''].join('\n');
};

/** One word of a shell, whatever is in it. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/** What _arguments and _describe would take for their own punctuation. */
function zshText(text: string): string {
  return text.replace(/[[\]:\\]/g, String.raw`\$&`);
}
