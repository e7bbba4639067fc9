// What the page and its worker can be asked for.
import * as lodestore from 'lodestore';
import { measureExact } from './exact.mjs';
import { measureStore } from './measure.mjs';
import { rawIndexedDb } from './raw-indexeddb.mjs';
import { rawOpfs } from './raw-opfs.mjs';
import { rawOpfsFromWindow } from './raw-opfs-window.mjs';
import { measureSingle } from './single.mjs';

const RAW = { indexeddb: rawIndexedDb, opfs: rawOpfs };

export async function work({ storage, n, repeats, singles }) {
  if (storage === undefined) {
    const kernel = await (await fetch('/kernel.wasm')).arrayBuffer();
    return measureExact({ lodestore, kernel, n, repeats });
  }
  if (singles !== undefined) {
    const raw = storage === 'opfs' && 'window' in globalThis ? rawOpfsFromWindow : RAW[storage];
    return measureSingle({ lodestore, raw, options: { storage }, singles });
  }
  return measureStore({ lodestore, raw: RAW[storage], options: { storage }, n, repeats });
}
