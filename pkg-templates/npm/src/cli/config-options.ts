/** The options that configure a collection, and the configuration that they come to. */

import { type CollectionConfig, type HnswConfig, LodestoreError } from '../index.node.js';
import type { OptionSpec } from './command.js';
import type { Options } from './options.js';
import { UsageError } from './usage-error.js';

/** What `rebuild` can change in place. */
export const CONFIG_OPTIONS = {
  metric: { value: 'METRIC', words: ['cosine', 'dot', 'euclidean'], text: 'How vectors are compared.' },
  index: { value: 'INDEX', words: ['auto', 'flat', 'hnsw'], text: 'What answers queries.' },
  quantization: { value: 'CODES', words: ['none', 'int8', 'binary'], text: 'Codes beside the floats.' },
  memory: {
    value: 'MODE',
    words: ['full', 'codes'],
    text: 'What is held in memory; codes needs a quantization.',
  },
  m: { value: 'N', text: 'Neighbours of a row in the graph, 2 to 64.' },
  'ef-construction': { value: 'N', text: 'Candidates that an insert looks at, 8 to 2000.' },
  ef: { value: 'N', text: 'Candidates that a query looks at, 1 to 10000.' },
  seed: { value: 'N', text: 'Seed of the graph, 0 to 4294967295.' },
  oversample: { value: 'N', text: 'Rows compared again as floats for each match, 1 to 1000.' },
} as const satisfies Record<string, OptionSpec>;

export const MODEL_OPTION = {
  model: { value: 'ID@VERSION', text: 'The model that made the vectors, for example all-MiniLM-L6-v2@1.' },
} as const satisfies Record<string, OptionSpec>;

/** What was given; what was not is left out. */
export function configOf(options: Options): Partial<CollectionConfig> {
  const hnsw = given<HnswConfig>({
    m: options.integer('m', 2, 64),
    efConstruction: options.integer('ef-construction', 8, 2000),
    ef: options.integer('ef', 1, 10_000),
    seed: options.integer('seed', 0, 4_294_967_295),
  });
  // The words were checked when the options were read.
  return given<Partial<CollectionConfig>>({
    metric: options.text('metric') as CollectionConfig['metric'],
    index: options.text('index') as CollectionConfig['index'],
    quantization: options.text('quantization') as CollectionConfig['quantization'],
    memory: options.text('memory') as CollectionConfig['memory'],
    oversample: options.integer('oversample', 1, 1000),
    hnsw: Object.keys(hnsw).length === 0 ? undefined : hnsw,
    model: modelOf(options.text('model')),
  });
}

function given<T extends object>(parts: T): T {
  return Object.fromEntries(Object.entries(parts).filter(([, value]) => value !== undefined)) as T;
}

function modelOf(text: string | undefined): CollectionConfig['model'] {
  if (text === undefined) return undefined;
  const at = text.lastIndexOf('@');
  if (at < 1 || at === text.length - 1) throw new UsageError(`--model must be ID@VERSION, not "${text}"`);
  return { id: text.slice(0, at), version: text.slice(at + 1) };
}

/** A collection that was named but is not there, told with those that are. */
export function noCollection(name: string, known: readonly string[]): LodestoreError {
  const expected = known.length === 0 ? 'nothing: the database is empty' : known.join(', ');
  return new LodestoreError('Invalid', `there is no collection "${name}"`, { expected, got: name });
}
