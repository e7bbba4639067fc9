// One system in its own process or worker, told step by step what to do. `host` is what its surroundings offer.
import { EF_CONSTRUCTION, M } from './constants.mjs';

export function server(host, systems) {
  let system;
  let given;
  let queries;
  let matches;
  /** Kind of question -> function from a vector to an answer. */
  const asked = new Map();

  const commands = {
    /** Loads the library; what memory it takes from here on is its index. */
    async start(request) {
      given = request;
      host.given = request;
      queries = await host.queries();
      const { create } = await systems[request.system]();
      const { dimension, n, setting } = request;
      system = await create({ dimension, n, setting, host, m: M, efConstruction: EF_CONSTRUCTION });
      asked.set('query', system.query);
      const can = (name) => typeof system[name] === 'function';
      return {
        sweeps: system.sweeps === true,
        isExact: system.isExact === true,
        isFloor: system.isFloor === true,
        can: Object.fromEntries(
          ['filter', 'exact', 'exactFilter', 'save', 'open', 'rawRead'].map((name) => [name, can(name)]),
        ),
      };
    },

    async build() {
      let rows = await host.rows();
      const parts = host.parts();
      await host.settle();
      const before = host.cpu();
      const start = performance.now();
      await system.build(rows, parts);
      const seconds = (performance.now() - start) / 1000;
      const cpu = host.cpu() === undefined ? undefined : host.cpu() - before;
      rows = undefined;
      host.forget();
      await host.settle();
      return { seconds, cpu, held: await system.held?.() };
    },

    memory: () => host.memory(),

    /** Makes ready what is not a plain query, out of the time that is measured. */
    async ready({ kind, permille }) {
      if (kind === 'exact') asked.set(kind, await system.exact(await host.rows()));
      if (kind === 'filter') {
        matches = host.parts().map((part) => (part < permille ? 1 : 0));
        asked.set(`filter ${permille}`, await system.filter(matches, permille));
      }
      if (kind === 'exactFilter') asked.set(`exactFilter ${permille}`, await system.exactFilter(permille));
    },

    /** Asks the queries from `first` until `count` are answered or `ms` are over. */
    async ask({ kind, permille, ef, first, count, ms }) {
      if (ef !== undefined) await system.tune(ef);
      const ask = asked.get(permille === undefined ? kind : `${kind} ${permille}`);
      const { dimension } = given;
      const all = queries.length / dimension;
      const times = [];
      const found = [];
      const until = performance.now() + ms;
      // The last that is taken for nothing wakes caches that other systems have filled meanwhile.
      for (let i = -1; i < count && (i < 1 || performance.now() < until); i += 1) {
        const at = (first + Math.max(i, 0)) % all;
        const vector = queries.slice(at * dimension, (at + 1) * dimension);
        const prepared = system.prepare === undefined ? vector : system.prepare(vector);
        const start = performance.now();
        let answer = ask(prepared);
        if (answer instanceof Promise) answer = await answer;
        const time = performance.now() - start;
        if (i < 0) continue;
        times.push(time);
        found.push(system.ids(answer));
      }
      return { times, found };
    },

    async save() {
      await host.settle();
      const start = performance.now();
      const bytes = await system.save();
      return { ms: performance.now() - start, bytes };
    },

    /** Opens what was saved and asks one query, `repeats` times. */
    async open({ repeats }) {
      const runs = [];
      const vector = queries.slice(0, given.dimension);
      const prepared = system.prepare === undefined ? vector : system.prepare(vector);
      for (let i = 0; i < repeats; i += 1) {
        await system.close?.();
        await host.settle();
        const raw = await system.rawRead?.();
        await host.settle();
        const start = performance.now();
        await system.open();
        const answer = await system.query(prepared);
        const ms = performance.now() - start;
        runs.push({ ms, raw, found: system.ids(answer) });
      }
      return runs;
    },
  };

  return (request) => commands[request.command](request);
}
