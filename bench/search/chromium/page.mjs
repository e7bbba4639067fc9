// The page of one system. The system runs in a worker: that is where a store belongs, and OPFS is fast only there.
const worker = new Worker(new URL('./worker.mjs', import.meta.url), { type: 'module' });

function ask(request) {
  return new Promise((resolve, reject) => {
    worker.onerror = (event) => reject(new Error(event.message));
    worker.onmessage = ({ data }) =>
      'failure' in data ? reject(new Error(data.failure)) : resolve(data.value);
    worker.postMessage(request);
  });
}

window.call = async (request) => {
  if (request.command !== 'memory') return ask(request);
  // The browser counts the heap and the buffers of the page and its worker, but not what WebAssembly holds.
  const wasm = await ask({ command: 'wasm memory' });
  return wasm + (await performance.measureUserAgentSpecificMemory()).bytes;
};
