// The crate instant-distance, compiled with simd128 behind a few functions of our own (bench/instant-distance).
import { K } from '../constants.mjs';

export async function create({ dimension, n, host, efConstruction }) {
  const { instance } = await WebAssembly.instantiate(await host.instantDistance(), {});
  const wasm = instance.exports;
  /** ef is fixed when the graph is built: to search more broadly, a copy of the links would be needed. */
  return {
    sweeps: true,
    build(rows) {
      const at = wasm.room(n, dimension);
      new Float32Array(wasm.memory.buffer, at, rows.length).set(rows);
      wasm.build(efConstruction);
    },
    tune: (ef) => wasm.tune(ef),
    query(vector) {
      new Float32Array(wasm.memory.buffer, wasm.query(), dimension).set(vector);
      const count = wasm.search(K);
      return new Uint32Array(wasm.memory.buffer, wasm.found(), count).slice();
    },
    ids: (found) => Array.from(found),
  };
}
