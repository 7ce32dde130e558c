import { createHash } from 'node:crypto';
import type { Plugin } from 'vite';

const kHash = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
const hashesOf = (page: string, tag: string) => [...page.matchAll(new RegExp(`<${tag}\\b([^>]*)>([^]*?)</${tag}>`, 'g'))].filter(([, attributes]) => !attributes!.includes('application/json')).map(([, , text]) => kHash(text!));

// The page's policy names its own scripts and styles by their hashes: nothing that a board's name
// brings in could run, and the page asks nobody but the server it came from.
export const policy: Plugin = {
  name: 'isojoule-policy',
  enforce: 'post',
  generateBundle(_options, bundle) {
    for (const part of Object.values(bundle)) {
      if (part.type !== 'asset' || !part.fileName.endsWith('.html')) continue;
      const page = String(part.source);
      const scripts = hashesOf(page, 'script'), styles = hashesOf(page, 'style');
      if (scripts.length !== 1 || styles.length !== 1 || !page.includes('@ISOJOULE_POLICY@')) throw new Error(`${part.fileName}: expected one script and one style, found ${scripts.length} and ${styles.length}`);
      part.source = page.replace('@ISOJOULE_POLICY@', `default-src 'none'; script-src ${scripts[0]}; style-src ${styles[0]}; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'`);
    }
  },
};
