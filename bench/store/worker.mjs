import { work } from './work.mjs';

self.onmessage = async ({ data }) => {
  try {
    postMessage({ metrics: await work(data) });
  } catch (error) {
    postMessage({ failure: String(error?.stack ?? error) });
  }
};
