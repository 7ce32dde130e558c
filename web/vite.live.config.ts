import { defineConfig } from 'vite';
import { viteSingleFile } from 'vite-plugin-singlefile';
import { policy } from './vite.policy';

// The live view, inlined as the report is; src/app/live_view.cc fills in the counters' meanings.
export default defineConfig({
  plugins: [viteSingleFile({ removeViteModuleLoader: true }), policy],
  build: {
    target: 'es2020',
    rollupOptions: { input: 'live.html' },
    modulePreload: false,
    emptyOutDir: false, // the report's page lies there, too
  },
});
