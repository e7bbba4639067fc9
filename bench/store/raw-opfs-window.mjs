// What a window has to do for OPFS: hand the bytes to a dedicated worker, and wait until it wrote and flushed them.

export const rawOpfsFromWindow = {
  async appender() {
    const worker = new Worker(new URL('./raw-opfs-worker.mjs', import.meta.url), { type: 'module' });
    const ask = (message) =>
      new Promise((resolve, reject) => {
        worker.onmessage = ({ data }) => (data === undefined ? resolve() : reject(new Error(data)));
        worker.postMessage(message);
      });
    await ask('begin');
    return {
      append: (bytes) => ask(bytes),
      async close() {
        await ask('end');
        worker.terminate();
      },
    };
  },
};
