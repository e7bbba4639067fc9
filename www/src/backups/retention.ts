/** What a policy would keep and what it would let go: a dry run first, and then, if that is what is wanted, for real. */

import { h } from '../dom.js';
import { bytes, plural } from '../format.js';
import { confirmed } from '../ui/confirm.js';
import { notify } from '../ui/notices.js';
import type { Desk } from './desk.js';
import { TYPES, when } from './words.js';

/** As `db.prune` takes and gives them. */
interface Counts {
  last?: number;
  daily?: number;
  weekly?: number;
  monthly?: number;
}
interface Policy {
  snapshots: Counts;
  archives: Counts;
  history?: { days: number };
}
