import { work } from './work.mjs';

function inWorker(request) {
  const worker = new Worker(new URL('./worker.mjs', import.meta.url), { type: 'module' });
  return new Promise((resolve, reject) => {
    worker.onerror = (event) => reject(new Error(event.message));
    worker.onmessage = ({ data }) => (data.metrics ? resolve(data.metrics) : reject(new Error(data.failure)));
    worker.postMessage(request);
  }).finally(() => worker.terminate());
}

window.bench = (request) => (request.worker ? inWorker(request) : work(request));
