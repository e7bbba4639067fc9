/** Table of contents: the commands, in the order of the help. */

import type { Command } from './command.js';
import { audit } from './commands/audit.js';
import { backup } from './commands/backup.js';
import { catalog } from './commands/catalog.js';
import { check } from './commands/check.js';
import { completions } from './commands/completions.js';
import { diff } from './commands/diff.js';
import { drill } from './commands/drill.js';
import { exportRows } from './commands/export.js';
import { help } from './commands/help.js';
import { history } from './commands/history.js';
import { importRows } from './commands/import.js';
import { inspect } from './commands/inspect.js';
import { optimize } from './commands/optimize.js';
import { prune } from './commands/prune.js';
import { rebuild } from './commands/rebuild.js';
import { repair } from './commands/repair.js';
import { restore } from './commands/restore.js';
import { salvage } from './commands/salvage.js';
import { verify } from './commands/verify.js';

export const COMMANDS: readonly Command[] = [
  inspect,
  check,
  repair,
  salvage,
  backup,
  verify,
  restore,
  drill,
  history,
  diff,
  prune,
  audit,
  catalog,
  rebuild,
  optimize,
  exportRows,
  importRows,
  completions,
  help,
];
