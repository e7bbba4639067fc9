// The page of one system. The system runs in a worker: that is where a store belongs, and OPFS is fast only there.
const worker = new Worker(new URL('./worker.mjs', import.meta.url), { type: 'module' });

window.call = async (request) => {
  // The worker's memory is counted with its page's.
  if (request.command === 'memory') {
    worker.postMessage({ command: 'settle' });
    return (await performance.measureUserAgentSpecificMemory()).bytes;
  }
  return new Promise((resolve, reject) => {
    worker.onerror = (event) => reject(new Error(event.message));
    worker.onmessage = ({ data }) => ('failure' in data ? reject(new Error(data.failure)) : resolve(data.value));
    worker.postMessage(request);
  });
};
