/** Edge runtimes compile an imported .wasm file ahead of time and hand over the module. */
declare module '*.wasm' {
  const module: WebAssembly.Module;
  export default module;
}
