// The words of the page in the language of its reader. Not here: the words (en.ts, de.ts).
import { createStore } from '../store.js';
import { keep, kept } from '../kept.js';
import { de } from './de.js';
import { en } from './en.js';

export type StringKey = keyof typeof en;
export type Language = 'en' | 'de';

const TABLES: Readonly<Record<Language, Readonly<Record<StringKey, string>>>> = { en, de };
export const LANGUAGES: Readonly<Record<Language, string>> = { en: 'English', de: 'Deutsch' };

export const languageStore = createStore<Language>(preferred());

export function language(): Language {
  return languageStore.get();
}

export function setLanguage(chosen: Language): void {
  keep('language', chosen);
  languageStore.set(chosen);
}

/** `{name}` in a string is replaced by the value; `{count|one|other}` chooses by the number. */
export function t(key: StringKey, values: Readonly<Record<string, string | number>> = {}): string {
  return TABLES[language()][key].replace(
    /\{(\w+)(?:\|([^|}]*)\|([^}]*))?\}/g,
    (whole, name: string, one?: string, other?: string) => {
      const value = values[name];
      if (value === undefined) return whole;
      if (one !== undefined) return value === 1 ? one : (other ?? '');
      return typeof value === 'number' ? new Intl.NumberFormat(language()).format(value) : value;
    },
  );
}

function preferred(): Language {
  const chosen = kept('language');
  if (chosen === 'en' || chosen === 'de') return chosen;
  return typeof navigator !== 'undefined' && navigator.language.toLowerCase().startsWith('de') ? 'de' : 'en';
}
