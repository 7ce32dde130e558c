import { defineConfig } from 'vite';

// The figures for papers as one classic script: isojoule-figures embeds it and runs it without a page.
export default defineConfig({
  build: {
    target: 'es2020',
    emptyOutDir: false,
    lib: { entry: 'src/paper.ts', formats: ['iife'], name: 'isojoulePaperScript', fileName: () => 'paper.js' },
  },
});
