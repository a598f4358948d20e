// The words of a question marked in a passage.
import type { VNode } from 'preact';
import { visible } from './visible.js';

/** Words of one or two letters mark nothing. */
export function Highlighted({ text, query }: { text: string; query: string }): VNode {
  const words = [...new Set(query.match(/[\p{L}\p{N}]{3,}/gu) ?? [])].slice(0, 32);
  const shown = visible(text);
  if (words.length === 0) return <span dir="auto">{shown}</span>;
  const parts = shown.split(new RegExp(`(${words.join('|')})`, 'giu'));
  return <span dir="auto">{parts.map((part, i) => (i % 2 === 1 ? <mark>{part}</mark> : part))}</span>;
}
