/** What archives are compressed and encrypted with in this context: a page, a worker, a process, an isolate. */

import { sealModule } from '../load.js';
import { choose } from './choose.js';
import type { Seal } from './seal.js';
import { PageSeal } from './page-seal.js';

export type { Bytes, Seal } from './seal.js';

/** The module is loaded when something first needs it. */
export const seal: Seal = /* @__PURE__ */ choose(/* @__PURE__ */ new PageSeal(() => sealModule()));
