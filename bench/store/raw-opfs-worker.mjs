import { rawOpfs } from './raw-opfs.mjs';

let appender;

self.onmessage = async ({ data }) => {
  try {
    if (data === 'begin') appender = await rawOpfs.appender();
    else if (data === 'end') await appender.close();
    else await appender.append(data);
    postMessage(undefined);
  } catch (error) {
    postMessage(String(error?.stack ?? error));
  }
};
