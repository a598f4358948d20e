// The code blocks of README and docs. Not here: what is checked of them.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const ROOT = join(import.meta.dirname, '..', '..');

export const PAGES = [
  'README.md',
  ...readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' }).map((name) => join('docs', name)),
].filter((name) => name.endsWith('.md'));

export interface Block {
  page: string;
  /** In the page, from 1. */
  line: number;
  text: string;
}

/** Blocks of a language, in the order of the pages. */
export function blocks(language: string, pages: readonly string[] = PAGES): Block[] {
  return pages.flatMap((page) => {
    const text = readFileSync(join(ROOT, page), 'utf8');
    const fence = new RegExp('^```' + language + '\n([\\s\\S]*?)^```$', 'gm');
    return [...text.matchAll(fence)].map((found) => ({
      page,
      line: text.slice(0, found.index).split('\n').length + 1,
      text: found[1]!,
    }));
  });
}
