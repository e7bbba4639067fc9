// The store in a dedicated worker, over OPFS.
import { open } from 'lodestore-under-test';
import { built, opened } from '../measure.mjs';
import { Rows } from '../rows.mjs';

async function run({ step, n, config, dimension, queries }) {
  const split = queries * dimension * 4;
  // To open, the queries are enough.
  const wanted = step === 'built' ? {} : { headers: { Range: `bytes=0-${split - 1}` } };
  const response = await fetch('/rows.f32', { ...wanted, cache: 'no-store' });
  const all = new Float32Array(await response.arrayBuffer());
  const data = { dimension, queries: all.subarray(0, queries * dimension), rows: all.subarray(split / 4) };
  const host = {
    open,
    options: { storage: 'opfs' },
    source: new Rows(data, n),
    say: (say) => postMessage({ say }),
  };
  const add = (...given) => postMessage({ add: given });
  await (step === 'built' ? built(host, config, add) : opened(host, add));
}

onmessage = ({ data }) =>
  run(data).then(
    () => postMessage({}),
    (error) => postMessage({ failure: `${error?.code ?? error?.name}: ${error?.message}` }),
  );
