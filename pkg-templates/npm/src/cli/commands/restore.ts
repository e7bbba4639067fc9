/** `lodestore restore`. */

import { type Command, DATABASE_OPTIONS, NAME } from '../command.js';
import { fromArchives } from '../from-archives.js';
import { fromHistory } from '../from-history.js';
import { KEY_OPTIONS } from '../key-options.js';
import { MOMENT } from '../moment.js';
import { argument } from '../options.js';
import { SCOPE_OPTIONS } from '../scope.js';
import { UsageError } from '../usage-error.js';

export const restore: Command = {
  name: 'restore',
  summary: 'bring archives back as a database, or go back within one',
  description: [
    'Brings a full archive back, with the differential and incremental ones that follow it, up to their end or up to MOMENT. First everything comes in beside what is there (phase content), every checksum verified; then rows are put into their indexes (phase index); then it is validated, and becomes the database in one step. A damaged archive, an interrupt or a crash leaves what was there, and nothing else.',
    'The database is made if it is not there; one that has rows is refused unless --replace is given. What it was is a point to go back to afterwards: restore --to.',
    'With --only, nothing is replaced: rows of one collection are written as they were, by ordinary writes, and an id that was not there then is deleted.',
    'With --to and without a FILE, the database goes back to a point of its own history, or with --only some rows do.',
    'With --dry-run nothing is done: it says what there is and what would come, how long the phases would take on this machine, and whether it would be refused; with --only, which rows would change.',
    'With --replace, a database that is too damaged to open is replaced, too, once all of the archives were restored in memory; its damaged files are kept aside. That takes a FILE, not stdin.',
  ],
  args: [
    NAME,
    {
      name: 'FILE',
      text: 'The archives, in any order; - is one on stdin. Left out with --to.',
      optional: true,
      many: true,
      complete: 'file',
    },
  ],
  options: {
    ...DATABASE_OPTIONS,
    to: MOMENT,
    only: {
      value: 'COLLECTION',
      text: 'Only rows of this collection. Others, and rows that were added since, stay.',
    },
    ...SCOPE_OPTIONS,
    into: {
      value: 'OTHER',
      text: 'Make another database of this name of the archives; NAME stays as it is.',
    },
    replace: { text: 'Replace a database that is not empty.' },
    'allow-model-change': {
      text: 'Take archives whose collections have another dimension, metric or model tag than those of now.',
    },
    ...KEY_OPTIONS,
    'dry-run': { text: 'Do nothing, and say what would be done.' },
  },
  examples: [
    ['lodestore restore notes notes.lode --dry-run', 'see what would come'],
    ['lodestore restore notes sunday.lode monday.lode --replace', 'a full archive and what followed it'],
    ['lodestore restore notes *.lode --to 2026-11-20T15:00 --replace', 'up to yesterday afternoon'],
    ['lodestore restore notes notes.lode --into notes-as-it-was', 'beside what is there'],
    ['lodestore restore notes notes.lode --only words --ids \'["a"]\' --dry-run', 'what one row was'],
    ['lodestore restore notes --to 1234', 'back to a write of the history'],
  ],
  failure:
    'an archive is damaged (Corrupt), missing in the chain or does not reach to MOMENT (Invalid), the database is not empty (Invalid) or open elsewhere (Conflict); with --dry-run, it would be refused',
  run: (call) => {
    const { options } = call;
    const [, ...files] = call.args;
    const [name, to] = [argument(call.args, 0), options.text('to')];
    const [only, into] = [options.text('only'), options.text('into')];
    if (only === undefined && ['ids', 'filter'].some((option) => options.text(option) !== undefined))
      throw new UsageError('--ids and --filter are of one collection: name it with --only');
    if (only !== undefined && into !== undefined)
      throw new UsageError('--only writes rows into a database that is there: leave out --into');
    if (only !== undefined && options.flag('replace'))
      throw new UsageError('--only writes some rows and replaces nothing: leave out --replace');
    if (files.length > 0) return fromArchives(call, name, files, to);
    if (to === undefined)
      throw new UsageError('FILE is missing: the archives, or --to a point in the history');
    if (options.flag('replace') || into !== undefined)
      throw new UsageError(
        '--to without a FILE goes back within the database: leave out --replace and --into',
      );
    return fromHistory(call, name, to);
  },
};
