/** Which rows of a collection a command is about. */

import type { Filter, RowScope } from '../index.node.js';
import type { Call, OptionSpec } from './command.js';
import { UsageError } from './usage-error.js';

export const SCOPE_OPTIONS = {
  ids: { value: 'JSON', text: 'Only these rows: an array of ids, as in \'["a","b"]\'.' },
  filter: { value: 'JSON', text: 'Only rows that matched this filter then, as in \'{"lang":"de"}\'.' },
} as const satisfies Record<string, OptionSpec>;

/** Undefined where all rows are meant. */
export function scopeOf(call: Call): RowScope | undefined {
  const [ids, filter] = [call.options.text('ids'), call.options.text('filter')];
  if (ids !== undefined && filter !== undefined)
    throw new UsageError('--ids and --filter say two things: give one of them');
  if (ids !== undefined) {
    const list = parsed('ids', ids);
    if (Array.isArray(list) && list.every((id) => typeof id === 'string')) return list as string[];
    throw new UsageError('--ids must be a JSON array of strings');
  }
  if (filter === undefined) return undefined;
  const object = parsed('filter', filter);
  if (typeof object === 'object' && object !== null && !Array.isArray(object))
    return { filter: object as Filter };
  throw new UsageError('--filter must be a JSON object');
}

function parsed(name: string, text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new UsageError(`--${name} is no JSON: ${text.slice(0, 80)}`);
  }
}
