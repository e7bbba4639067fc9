/** Where the compiled module lies in the package. This literal form is how bundlers find the file to copy. */

/** The URL of the package's own .wasm file. */
export function wasmUrl(): URL {
  return new URL('./wasm/lodestore_bg.wasm', import.meta.url);
}
