/** Where archives are kept: files, downloads, stores of objects, in every host; and when they are made. */

import type { Case, Suite } from '../check.js';
import { faultCases } from '../targets/faults.js';
import { fileCases } from '../targets/files.js';
import { repositoryCases } from '../targets/repository.js';
import { scheduleCases } from '../targets/schedule.js';
import { storeCases } from '../targets/stores.js';

const suite: Suite = {
  contexts: ['node', 'edge', 'window', 'worker'],
  cases: (context): Case[] => [
    ...fileCases(context),
    ...repositoryCases(),
    ...faultCases(),
    ...storeCases(context),
    ...scheduleCases(),
  ],
};
export default suite;
