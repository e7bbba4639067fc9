/** `lodestore check`. */

import { type Command, DATABASE_OPTIONS, NAME } from '../command.js';
import { checked } from '../checking.js';

export const check: Command = {
  name: 'check',
  summary: 'verify everything that is stored, and report problems',
  description: [
    'Reads every byte of the database, compares it with its checksums, and compares rows, codes, graphs and secondary indexes with one another. Nothing is changed; see repair.',
    'A database that is too damaged to open is refused with Corrupt; see salvage.',
  ],
  args: [NAME],
  options: DATABASE_OPTIONS,
  examples: [
    ['lodestore check notes', 'is it whole?'],
    ['lodestore check notes --json | jq -r ".result.problems[].code"', 'what kinds of problems there are'],
  ],
  failure: 'there are problems, or the database does not open',
  run: (call) => checked(call, false),
};
