import { defineConfig } from 'vite';
import { preparedFiles } from './plugins/prepared-files.mjs';
import { serviceWorker } from './plugins/service-worker.mjs';

export default defineConfig({
  root: import.meta.dirname,
  // Relative addresses, so that the page can lie in any folder of any server.
  base: './',
  build: { outDir: 'dist', target: 'es2022', assetsInlineLimit: 0, chunkSizeWarningLimit: 1024 },
  worker: { format: 'es' },
  // Both find their wasm files beside themselves, which bundling them ahead for `vite dev` would break.
  optimizeDeps: { exclude: ['lodestore', 'onnxruntime-web'] },
  plugins: [preparedFiles(), serviceWorker()],
});
