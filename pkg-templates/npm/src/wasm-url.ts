/** Where the compiled modules lie in the package. This literal form is how bundlers find the files to copy. */

/** The URL of the package's own .wasm file, for every engine. */
export function wasmUrl(): URL {
  return new URL('./wasm/lodestore_bg.wasm', import.meta.url);
}

/** The URL of its faster twin, for engines with relaxed SIMD. */
export function relaxedUrl(): URL {
  return new URL('./wasm/lodestore_relaxed_bg.wasm', import.meta.url);
}

/** The URL of the second part of the former. */
export function moreUrl(): URL {
  return new URL('./wasm/lodestore_more_bg.wasm', import.meta.url);
}

/** The URL of the second part of the latter. */
export function relaxedMoreUrl(): URL {
  return new URL('./wasm/lodestore_relaxed_more_bg.wasm', import.meta.url);
}

/** The URL of what derives keys, and compresses and encrypts where the host cannot. */
export function sealUrl(): URL {
  return new URL('./wasm/lodestore_seal_bg.wasm', import.meta.url);
}
