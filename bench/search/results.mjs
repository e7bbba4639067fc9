// The rows of all runs so far, merged by what they are about, and what is made of them.
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { plots } from './plot.mjs';
import { markdown } from './markdown.mjs';

export class Results {
  #folder;
  #rows;

  constructor(folder, rows) {
    this.#folder = folder;
    this.#rows = rows;
  }

  static async read(folder) {
    const text = await readFile(join(folder, 'search.json'), 'utf8').catch((error) => {
      if (error.code === 'ENOENT') return '[]';
      throw error;
    });
    return new Results(folder, JSON.parse(text));
  }

  /** Puts the rows of a system at a setting in the place of those it had. */
  put({ host, dataset, n, system, setting }, rows) {
    const same = (row) =>
      row.host === host &&
      row.dataset === dataset &&
      row.n === n &&
      row.system === system &&
      (row.setting === setting || row.setting.startsWith(`${setting}, `));
    this.#rows = [...this.#rows.filter((row) => !same(row)), ...rows];
  }

  async write() {
    await mkdir(this.#folder, { recursive: true });
    const lines = this.#rows.map((row) => `  ${JSON.stringify(row)}`);
    await writeFile(join(this.#folder, 'search.json'), `[\n${lines.join(',\n')}\n]\n`);
    await writeFile(join(this.#folder, 'search.md'), markdown(this.#rows));
    for (const name of await readdir(this.#folder)) {
      if (/^search-.*\.svg$/.test(name)) await rm(join(this.#folder, name));
    }
    for (const { name, svg } of plots(this.#rows)) await writeFile(join(this.#folder, name), svg);
  }
}
