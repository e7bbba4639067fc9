/** Configurations of collections, checked and as JSON. */

import type { CollectionConfig } from './types.js';
import { checkOptions, isInteger, isOneOf, isString, type Check } from './validate.js';
import { invalid } from './fault.js';

const DIMENSION_MAX = 16_384;

const isModel: Check = (value) =>
  typeof value === 'object' && value !== null ? undefined : 'must be an object { id, version }';

const CONFIG = {
  dimension: isInteger(1, DIMENSION_MAX),
  metric: isOneOf('cosine', 'dot', 'euclidean'),
  index: isOneOf('auto', 'flat'),
  quantization: isOneOf('none'),
  model: isModel,
};

/** The configuration as JSON text. `partial`: only what changes. */
export function configJson(where: string, config: Partial<CollectionConfig>, partial = false): string {
  checkOptions(where, config, CONFIG);
  if (config.dimension === undefined && !partial) {
    throw invalid(`${where}: dimension is missing; give the number of numbers in each vector`);
  }
  if (config.model !== undefined) {
    checkOptions(`${where}: model`, config.model, { id: isString, version: isString });
    const { id, version } = config.model;
    if (id === undefined || version === undefined) throw invalid(`${where}: model needs both id and version`);
  }
  return JSON.stringify(config);
}
