// What all views share: which brain, which theme, whether the server is there. Not here: anything that the server knows itself.
import { keep, kept } from './kept.js';
import type { Connection } from './live.js';
import { createStore } from './store.js';

export type Theme = 'system' | 'light' | 'dark';

export const brainStore = createStore(kept('brain') ?? 'default');
export const connectionStore = createStore<Connection>('connecting');
export const themeStore = createStore<Theme>(themeOf(kept('theme')));

export function chooseBrain(name: string): void {
  keep('brain', name);
  brainStore.set(name);
}

export function chooseTheme(theme: Theme): void {
  keep('theme', theme);
  themeStore.set(theme);
  showTheme(theme);
}

export function showTheme(theme: Theme): void {
  if (theme === 'system') delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = theme;
}

function themeOf(value: string | undefined): Theme {
  return value === 'light' || value === 'dark' ? value : 'system';
}
