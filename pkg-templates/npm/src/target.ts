/** Which rows a change is about. */

import { invalid } from './fault.js';
import type { Filter } from './types.js';
import { checkIds, checkOptions, filterJson, isAnything } from './validate.js';

/** One id, several ids, or every row that a filter matches. */
export type Target = string | readonly string[] | { ids: readonly string[] } | { filter: Filter };

/** The target as JSON text, `{"ids":[...]}` or `{"filter":{...}}`. */
export function targetJson(where: string, target: Target): string {
  if (typeof target === 'string') return targetJson(where, [target]);
  if (Array.isArray(target)) {
    checkIds(where, target);
    return JSON.stringify({ ids: target });
  }
  checkOptions(where, target ?? null, { ids: isAnything, filter: isAnything });
  const { ids, filter } = target as { ids?: readonly string[]; filter?: Filter };
  if ((ids === undefined) === (filter === undefined)) {
    throw invalid(`${where}: name the rows by an id, an array of ids, { ids } or { filter }`);
  }
  if (ids !== undefined) return targetJson(where, ids);
  return `{"filter":${filterJson(`${where}: filter`, filter)}}`;
}
