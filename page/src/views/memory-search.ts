// Which memories a search of the list shows: all words of the query, in any order, accents and case aside. By words alone: what is
// meant is for the chat to find.
import type { Memory } from '../api.js';

export type StateFilter = Memory['state'] | 'damaged' | 'all';

export function matches(
  memory: Pick<Memory, 'id' | 'text' | 'state' | 'damaged'>,
  query: string,
  state: StateFilter,
): boolean {
  if (state === 'damaged' ? memory.damaged === undefined : state !== 'all' && memory.state !== state) return false;
  const text = folded(`${memory.id} ${memory.text}`);
  return folded(query)
    .split(/\s+/)
    .every((word) => text.includes(word));
}

export function folded(text: string): string {
  return text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
}
