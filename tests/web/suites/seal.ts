/** Compression, encryption and keys: by the host and by the module, which have to agree in every host. */

import type { Case, Suite } from '../check.js';
import { cipherCases } from '../seal/cipher.js';
import { deflateCases } from '../seal/deflate.js';
import { keyCases } from '../seal/keys.js';
import { withoutCases } from '../seal/without.js';

const suite: Suite = {
  contexts: ['node', 'edge', 'window', 'worker'],
  cases: (context): Case[] => [
    ...deflateCases(context),
    ...cipherCases(context),
    ...keyCases(context),
    ...withoutCases(context),
  ],
};
export default suite;
