import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, it } from 'vitest';
import { de } from '../src/strings/de.js';
import { en } from '../src/strings/en.js';
import { languageStore, t } from '../src/strings/index.js';

const SOURCE = fileURLToPath(new URL('../src', import.meta.url));

afterEach(() => {
  languageStore.set('en');
});

it('has every string in both languages, with the same values in it', () => {
  expect(Object.keys(de).sort()).toEqual(Object.keys(en).sort());
  const values = (text: string): string[] =>
    [...new Set([...text.matchAll(/\{(\w+)/g)].map(([, name]) => name!))].sort();
  for (const [key, text] of Object.entries(en)) {
    if (key === 'training.drop') continue; // its braces are JSON
    expect(values(de[key as keyof typeof de]), key).toEqual(values(text));
  }
});

it('has no string that nobody shows', () => {
  const code = readdirSync(SOURCE, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.tsx?$/.test(name) && !/strings.(en|de)\.ts$/.test(name))
    .map((name) => readFileSync(join(SOURCE, name), 'utf8'))
    .join('\n');
  const built = [...code.matchAll(/`([a-z]+\.[a-z.]*)\$\{[^`]*?\}([a-z.]*)`/g)].map(
    ([, before, after]) => new RegExp(`^${before!}[\\w-]+${after!}$`),
  );
  const unused = Object.keys(en).filter(
    (key) =>
      !code.includes(`'${key}'`) && !built.some((pattern) => pattern.test(key)) && !/^source\.\w+\.is$/.test(key),
  );
  expect(unused).toEqual([]);
});

it('counts and writes numbers as the language does', () => {
  expect(t('memories.count', { count: 1 })).toBe('1 memory');
  expect(t('memories.count', { count: 1234 })).toBe('1,234 memories');
  languageStore.set('de');
  expect(t('memories.count', { count: 1234 })).toBe('1.234 Erinnerungen');
});
