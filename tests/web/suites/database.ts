/** The whole database, as the packed package has it, in every host and every storage. */

import type { Case, Suite } from '../check.js';
import { apiCases } from '../database/api.js';
import { archiveCases } from '../database/archive.js';
import { backupCases } from '../database/backups.js';
import { codesCases } from '../database/codes.js';
import { derivationCases } from '../database/derivations.js';
import { faultCases } from '../database/faults.js';
import { graphCases } from '../database/graph.js';
import { keyCases } from '../database/keys.js';
import { openingCases } from '../database/opening.js';
import { optionCases } from '../database/options.js';
import { oracleCases } from '../database/oracle.js';
import { pastCases } from '../database/past.js';
import { places } from '../database/place.js';
import { rebuildCases } from '../database/rebuild.js';
import { refusedCases } from '../database/refused.js';
import { reopenCases } from '../database/reopen.js';
import { salvageCases } from '../database/salvage.js';
import { upkeepCases } from '../database/upkeep.js';

const suite: Suite = {
  contexts: ['node', 'edge', 'window', 'worker'],
  cases(context, driver): Case[] {
    const all = places(context);
    // What does not depend on the storage: once here, and once through a worker.
    const first = all.filter((place, i) => i === 0 || place.label === 'indexeddb in its worker');
    return [
      ...apiCases(all),
      ...optionCases(all, first),
      ...oracleCases(first),
      ...reopenCases(all),
      ...refusedCases(first),
      ...keyCases(all),
      ...archiveCases(all),
      ...backupCases(all),
      // Counting them takes a text that is run, which isolates refuse.
      ...(context === 'edge' ? [] : derivationCases(first, context)),
      ...rebuildCases(all),
      ...pastCases(all),
      ...upkeepCases(all),
      ...codesCases(all),
      ...graphCases(all),
      ...openingCases(all, context, driver),
      ...faultCases(),
      ...salvageCases(context),
    ];
  },
};
export default suite;
