// What runs in workerd, which Cloudflare's Workers run in: the suites that have cases for edge isolates, requests that share
// a database, and the Worker of the guide; with a bucket of R2.
import { join } from 'node:path';
import { guide } from './guide.mjs';
import { started } from './isolate.mjs';
import { requests } from './requests.mjs';

/** Calls `told` with the outcome of each case. */
export async function runAtTheEdge({ web, suites, only }, told) {
  const isolate = await started({ entryPoints: [join(web, 'edge.ts')] });
  try {
    for (const suite of suites) {
      const query = only === undefined ? '' : `?only=${encodeURIComponent(only)}`;
      const response = await isolate.dispatchFetch(`http://edge.test/${suite}${query}`);
      if (!response.ok) throw new Error(`${suite}: ${response.status} ${await response.text()}`);
      await eachLine(response.body, (line) => told(suite, JSON.parse(line)));
    }
    const cases = { ...requests, 'the Worker of the guide answers from its bucket': () => guide(web) };
    for (const [name, run] of Object.entries(cases)) {
      if (only === undefined || name.includes(only)) told('isolate', await outcome(name, () => run(isolate)));
    }
  } finally {
    await isolate.dispose();
  }
}

async function outcome(name, run) {
  try {
    await run();
    return { name };
  } catch (error) {
    return { name, error: error?.stack ?? String(error) };
  }
}

async function eachLine(stream, told) {
  let rest = '';
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split('\n');
    rest = lines.pop();
    for (const line of lines) told(line);
  }
  if (rest !== '') throw new Error(`the isolate ended within a line: ${rest}`);
}
