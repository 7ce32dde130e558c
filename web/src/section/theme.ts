// Light, dark or as the system has it. Kept for the next page where the browser allows that.
import { select } from '../figure/controls';

const kThemes = ['auto', 'light', 'dark'] as const;
type Theme = (typeof kThemes)[number];
const kKey = 'isojoule-theme';

// A page opened from a file may have no storage, or refuse it: then the choice lasts as long as the page.
function kept(): Theme {
  try {
    return kThemes.find((theme) => theme === localStorage.getItem(kKey)) ?? 'auto';
  } catch {
    return 'auto';
  }
}
function keep(theme: Theme): void {
  try {
    if (theme === 'auto') localStorage.removeItem(kKey);
    else localStorage.setItem(kKey, theme);
  } catch {
    // No storage: see above.
  }
}
function apply(theme: Theme): void {
  if (theme === 'auto') delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = theme;
}

export function themeSelect(): HTMLElement {
  apply(kept());
  return select<Theme>('Theme', [...kThemes], (theme) => theme, kept(), (theme) => (apply(theme), keep(theme)));
}
