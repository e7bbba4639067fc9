/** Hosts that fail under a whole database: no room, lost connections, files that the browser took. */

import type { Suite } from '../check.js';
import { evictionCases } from '../hosts/eviction.js';
import { lostCases } from '../hosts/lost.js';
import { persistCases } from '../hosts/persist.js';
import { quotaCases } from '../hosts/quota.js';
import { roomCases } from '../hosts/room.js';

const suite: Suite = {
  contexts: ['node', 'window'],
  cases: (context, driver) =>
    context === 'node'
      ? roomCases()
      : // The quota first: Chromium asks for it when IndexedDB is first used, and trusts the answer for a while.
        [...quotaCases(driver), ...lostCases(driver), ...evictionCases(driver), ...persistCases(driver)],
};
export default suite;
export { open } from 'lodestore';
