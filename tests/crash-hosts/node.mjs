// The workload in a process of Node: node.mjs FOLDER URL.

import { work } from './workload.mjs';

const [folder, url] = process.argv.slice(2);

const tell = async (message) => {
  const answer = await fetch(`${url}/tell`, { method: 'POST', body: JSON.stringify(message) });
  return answer.json();
};

const { packed, ...given } = await tell({ type: 'start' });
await work(await import(packed), { ...given, options: { ...given.options, directory: folder } }, tell);
