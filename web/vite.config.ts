import { defineConfig } from 'vite';
import { viteSingleFile } from 'vite-plugin-singlefile';

// Everything is inlined: the page opens from a file, without a network. src/report/html replaces the
// two @ISOJOULE_...@ words of the built file.
export default defineConfig({
  plugins: [viteSingleFile({ removeViteModuleLoader: true })],
  build: {
    target: 'es2020',
    rollupOptions: { input: 'report.html' },
    modulePreload: false,
  },
});
