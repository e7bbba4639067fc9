// Starts the worker, which is where OPFS can be read without waiting, and passes on what it says.
const worker = new Worker(new URL('./worker.mjs', import.meta.url), { type: 'module' });

window.run = (request) =>
  new Promise((resolve, reject) => {
    worker.onerror = (event) => reject(new Error(event.message));
    worker.onmessage = ({ data }) => {
      if (data.say !== undefined) window.say(data.say);
      else if (data.add !== undefined) window.add(...data.add);
      else if (data.failure !== undefined) reject(new Error(data.failure));
      else resolve();
    };
    worker.postMessage(request);
  });
