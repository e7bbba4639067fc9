// What every page can be told to do; `tab.mjs` tells it.

const DIMENSION = 8;

/** The vector of a row follows from its id, so that every tab knows it. Far from that of any other row. */
function vectorOf(id) {
  let state = 2166136261;
  for (const char of id) state = Math.imul(state ^ char.charCodeAt(0), 16777619) >>> 0;
  return Float32Array.from({ length: DIMENSION }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

globalThis.changes = [];

globalThis.openDb = async (name, options) => {
  globalThis.db = await lodestore.open(name, options);
  db.on('change', (change) => globalThis.changes.push(change));
  globalThis.rows = await db.collection('rows', { dimension: DIMENSION });
};

globalThis.write = async (id, metadata = {}) => {
  const { seq } = await rows.upsert([{ id, vector: vectorOf(id), metadata }]);
  // Whether it is read again at once, in the tab that wrote it.
  const row = await rows.get(id);
  if (row === undefined || row.seq < seq)
    throw new Error(
      `${id} was written as ${seq} and is not there: ${row?.seq}, ${JSON.stringify(await db.stats())}`,
    );
  return seq;
};

/** What was acknowledged here. */
globalThis.told = [];

/** Settles when nothing is written here any more. */
globalThis.writing = Promise.resolve();

/** This page was in the back/forward cache: the answers that it waited for there do not come any more. */
const wasAway = new Promise((resolve) => {
  addEventListener('pageshow', ({ persisted }) => persisted && resolve());
});

/** Writes rows, `width` at a time, and tells of each that was acknowledged. */
globalThis.writeMany = (prefix, count, width) => {
  let next = 0;
  const lane = async () => {
    while (next < count) {
      const id = `${prefix}-${next++}`;
      await write(id);
      told.push(id);
      await Promise.race([acked(id), wasAway]);
    }
  };
  globalThis.writing = Promise.all(Array.from({ length: width }, lane));
  return writing;
};

/** Everything there is, and whether it is found. */
globalThis.survey = async () => {
  const ids = [];
  for await (const { id } of rows.listAll({ limit: 1000 })) ids.push(id);
  const lost = [];
  const found = await rows.queryMany(ids.map(vectorOf), { topK: 1 });
  found.forEach(({ matches }, i) => {
    if (matches[0]?.id !== ids[i]) lost.push(ids[i]);
  });
  const { seq, role } = await db.stats();
  const { ok, problems } = await db.check();
  return { ids, lost, count: await rows.count(), seq, role, ok, problems };
};

/** Nothing else happens here for so long. */
globalThis.block = (ms) => {
  const end = performance.now() + ms;
  while (performance.now() < end);
};

/** The code of the error that `work` fails with. */
globalThis.codeOf = (work) =>
  work.then(
    () => 'none',
    (error) => error.code ?? String(error),
  );

/** While it holds, whatever WebAssembly asks of this context fails as WebAssembly itself does. */
const BREAKS = `
  let isBroken = false;
  for (const [owner, name] of [[Date, 'now'], [performance, 'now'], [Array, 'of']]) {
    const real = owner[name];
    owner[name] = function (...args) {
      if (isBroken && new Error().stack.includes('/wasm')) throw new WebAssembly.RuntimeError('out of memory');
      return real.apply(this, args);
    };
  }
`;
const setBroken = new Function(`${BREAKS} return (is) => void (isBroken = is);`)();

/** Does something whose calls into WebAssembly fail in the middle. */
globalThis.broken = async (work) => {
  const tell = new BroadcastChannel('broken');
  setBroken(true);
  tell.postMessage(true);
  await new Promise((resolve) => setTimeout(resolve, 50));
  try {
    return await work();
  } finally {
    setBroken(false);
    tell.postMessage(false);
    tell.close();
  }
};

/** Workers that begin from now on can be broken as well. */
globalThis.breakWorkers = () => {
  const Own = Worker;
  globalThis.Worker = class extends Own {
    constructor(url, options) {
      const hears = `new BroadcastChannel('broken').onmessage = ({ data }) => (isBroken = data);`;
      const text = `import ${JSON.stringify(String(url))}; ${BREAKS} ${hears}`;
      super(URL.createObjectURL(new Blob([text], { type: 'text/javascript' })), options);
    }
  };
};
