import { defineConfig } from 'vite';
import { viteSingleFile } from 'vite-plugin-singlefile';
import { policy } from './vite.policy';

// A fleet's page, inlined as the report is.
export default defineConfig({
  plugins: [viteSingleFile({ removeViteModuleLoader: true }), policy],
  build: {
    target: 'es2020',
    rollupOptions: { input: 'fleet.html' },
    modulePreload: false,
    emptyOutDir: false, // the other pages lie there, too
  },
});
