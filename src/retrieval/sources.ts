// Which documents a search is narrowed to: by path, with * and **. Letters with marks are the same however they are composed: macOS
// takes them apart in names of files. Not here: times and fields of passages (passages.ts).
import { resolve, sep } from 'node:path';
import { EngramError } from '../errors.js';

/**
 * Whether a path is meant by a pattern: a file or folder by its path, by the end of it (`notes/2026`, `plan.md`), or by a
 * glob of those, in which * stands for anything but a separator, ** for anything, ? for one character.
 */
export function sourceMatcher(pattern: string): (path: string) => boolean {
  const plain = pattern
    .normalize('NFC')
    .replace(/[\\/]+$/u, '')
    .replace(/^\.[\\/]/u, '');
  if (plain === '') throw new EngramError('usage', 'A source is empty.');
  const source = plain
    .split(/(\*\*[\\/]?|\*|\?|[\\/])/u)
    .map((part) => {
      if (part.startsWith('**')) return '(?:.*)';
      if (part === '*') return '[^\\\\/]*';
      if (part === '?') return '[^\\\\/]';
      return /^[\\/]$/u.test(part) ? '[\\\\/]' : part.replace(/[.+^${}()|[\]]/gu, '\\$&');
    })
    .join('');
  const byEnd = new RegExp(`(?:^|[\\\\/])${source}(?:[\\\\/].*)?$`, 'su');
  const absolute = resolve(pattern).normalize('NFC');
  return (path) => {
    const composed = path.normalize('NFC');
    return composed === absolute || composed.startsWith(absolute + sep) || byEnd.test(composed);
  };
}
