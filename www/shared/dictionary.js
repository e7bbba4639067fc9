/** What the preparation writes and the page reads: names that must not drift apart. */

import { DIMENSION } from './sentence.js';

export const DICTIONARY = 'wordnet';
export const OWN = 'mine';
export const ARCHIVE = 'dictionary.lode';
export const MODEL = { id: 'all-MiniLM-L6-v2', version: 'int8-1' };

/** The configuration of both collections: one question is asked of both, so their vectors must be comparable. */
export const CONFIG = { dimension: DIMENSION, metric: /** @type {const} */ ('cosine'), model: MODEL };
