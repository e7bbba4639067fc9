/** Making a damaged database whole, before it is opened as any other. */

import type { StorageHost } from './host.js';
import { loadMore } from './load.js';
import { orFallen } from './trap.js';
import type { OpenReport } from './types.js';
import { salvage as makeWhole } from './wasm/lodestore.js';

interface Salvaged {
  report: OpenReport;
  salvage?: OpenReport['salvage'];
}

/**
 * Salvages what is stored behind `host` if it does not open, and gives what the open report then has to say of it. After
 * that the database opens as any other. `optionsJson` as for `WasmStore.open`.
 */
export async function salvaged(host: StorageHost, optionsJson: string): Promise<Partial<OpenReport>> {
  await loadMore();
  const json = await orFallen(makeWhole(host, optionsJson) as Promise<string>);
  const { report, salvage } = JSON.parse(json) as Salvaged;
  if (salvage === undefined) return {};
  const { snapshot, snapshotsSkipped, framesReplayed, bytesDropped, rowsQuarantined } = report;
  return { snapshot, snapshotsSkipped, framesReplayed, bytesDropped, rowsQuarantined, salvage };
}
