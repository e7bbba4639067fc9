/** Configurations of collections, checked and as JSON. */

import type { CollectionConfig } from './types.js';
import { checkOptions, isInteger, isOneOf, isString, type Check } from './validate.js';
import { invalid } from './fault.js';

const DIMENSION_MAX = 16_384;

const isHnsw: Check = (value) =>
  typeof value === 'object' && value !== null
    ? undefined
    : 'must be an object { m, efConstruction, ef, seed }';

const isModel: Check = (value) =>
  typeof value === 'object' && value !== null ? undefined : 'must be an object { id, version }';

const CONFIG = {
  dimension: isInteger(1, DIMENSION_MAX),
  metric: isOneOf('cosine', 'dot', 'euclidean'),
  index: isOneOf('auto', 'flat', 'hnsw'),
  quantization: isOneOf('none', 'int8', 'binary'),
  memory: isOneOf('full', 'codes'),
  hnsw: isHnsw,
  oversample: isInteger(1, 1_000),
  model: isModel,
};

const HNSW = {
  m: isInteger(2, 64),
  efConstruction: isInteger(8, 2_000),
  ef: isInteger(1, 10_000),
  seed: isInteger(0, 0xffff_ffff),
};

/** The configuration as JSON text. `partial`: only what changes. */
export function configJson(where: string, config: Partial<CollectionConfig>, partial = false): string {
  checkOptions(where, config, CONFIG);
  if (config.dimension === undefined && !partial) {
    throw invalid(`${where}: dimension is missing; give the number of numbers in each vector`);
  }
  if (config.hnsw !== undefined) checkOptions(`${where}: hnsw`, config.hnsw, HNSW);
  if (config.model !== undefined) {
    checkOptions(`${where}: model`, config.model, { id: isString, version: isString });
    const { id, version } = config.model;
    if (id === undefined || version === undefined) throw invalid(`${where}: model needs both id and version`);
  }
  return JSON.stringify(config);
}
