// Where a passage is from, as a person names it.
import { basename } from 'node:path';
import type { Passage } from '../index.js';

/** `Kilns › Firing (manual.pdf, page 3)` */
export function place({
  title,
  headings,
  source,
  page,
}: Pick<Passage, 'title' | 'headings' | 'source' | 'page'>): string {
  const names = [...new Set([title, ...headings])].filter((name) => name !== undefined && name !== '');
  const file = `${basename(source)}${page === undefined ? '' : `, page ${page}`}`;
  return names.length === 0 ? file : `${names.join(' › ')} (${file})`;
}
