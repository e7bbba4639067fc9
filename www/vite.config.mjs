import { defineConfig } from 'vite';
import { preparedFiles } from './plugins/prepared-files.mjs';
import { serviceWorker } from './plugins/service-worker.mjs';

/** With these the model may use several threads. Everything works without them too, only more slowly. */
const isolation = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

export default defineConfig({
  root: import.meta.dirname,
  // Relative addresses, so that the page can lie in any folder of any server.
  base: './',
  build: { outDir: 'dist', target: 'es2022', assetsInlineLimit: 0, chunkSizeWarningLimit: 1024 },
  worker: { format: 'es' },
  server: { headers: isolation },
  preview: { headers: isolation },
  // Both find their wasm files beside themselves, which bundling them ahead for `vite dev` would break.
  optimizeDeps: { exclude: ['lodestore', 'onnxruntime-web'] },
  plugins: [preparedFiles(), serviceWorker()],
});
