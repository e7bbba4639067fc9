/**
 * Making a damaged database whole. The code for it is a module of its own, which is loaded when it is asked for: hardly
 * anybody needs it, and everybody would download it.
 */

import { unavailable } from './fault.js';
import type { StorageHost } from './host.js';
import type { WasmSource } from './load.js';
import type { OpenReport } from './types.js';

/** Where the module comes from; absent where there is none. */
export type SalvageSource = (() => WasmSource | Promise<WasmSource>) | undefined;

interface Salvaged {
  report: OpenReport;
  salvage?: OpenReport['salvage'];
}

/**
 * Salvages what is stored behind `host` if it does not open, and gives what the open report then has to say of it. After
 * that the database opens as any other. `optionsJson` as for `WasmStore.open`.
 */
export async function salvaged(
  source: SalvageSource,
  host: StorageHost,
  optionsJson: string,
): Promise<Partial<OpenReport>> {
  if (source === undefined) {
    throw unavailable('edge isolates have no salvage: copy the files to another host, and open them there');
  }
  const glue = await import('./wasm/salvage.js');
  await glue.default({ module_or_path: await source() });
  const json = await new Promise<string>((resolve, reject) => {
    // Where the module itself fails, nobody else would hear of it.
    glue.onTrap(reject);
    (glue.salvage(host, optionsJson) as Promise<string>).then(resolve, reject);
  });
  const { report, salvage } = JSON.parse(json) as Salvaged;
  if (salvage === undefined) return {};
  const { snapshot, snapshotsSkipped, framesReplayed, bytesDropped, rowsQuarantined } = report;
  return { snapshot, snapshotsSkipped, framesReplayed, bytesDropped, rowsQuarantined, salvage };
}
