/** `lodestore repair`. */

import { type Command, DATABASE_OPTIONS, NAME } from '../command.js';
import { checked } from '../checking.js';

export const repair: Command = {
  name: 'repair',
  summary: 'check, and make good what can be',
  description: [
    'Does what check does, then makes again what follows from the rows (graph, codes, secondary index) where it does not hold, and writes everything anew where storage is damaged and memory is whole. Damaged files are kept aside as they were; inspect lists them.',
    'Where storage and memory differ about a row, nobody knows which is right: that is reported and left.',
  ],
  args: [NAME],
  options: DATABASE_OPTIONS,
  examples: [['lodestore repair notes', 'make it whole']],
  failure: 'problems are left, or the database does not open',
  run: (call) => checked(call, true),
};
