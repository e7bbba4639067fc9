// The workload in a process of Node: node.mjs FOLDER URL.

import { work } from './workload.mjs';

const [folder, url] = process.argv.slice(2);

const tell = async (message) => {
  const answer = await fetch(`${url}/tell`, { method: 'POST', body: JSON.stringify(message) });
  return answer.json();
};

const { name, options, packed } = await tell({ type: 'start' });
await work(await import(packed), { name, options: { ...options, directory: folder } }, tell);
