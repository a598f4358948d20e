// Which memory somebody means by an id, a text, or a part of one. Not here: which memory a question touches (gate.ts).
import { EngramError } from '../errors.js';
import type { StoredMemory } from './events.js';
import { contentWords } from './text.js';

/** The one memory of these that is meant by an id, a text, a question, or a part of one that no other has. Throws `not_found`,
 * or `usage` when several fit. */
export function findMemory<T extends StoredMemory>(memories: readonly T[], idOrText: string): T {
  const byId = memories.find((memory) => memory.id === idOrText.trim());
  if (byId !== undefined) return byId;
  const wanted = plain(idOrText);
  const texts = (memory: StoredMemory): string[] =>
    [memory.text, memory.question, memory.answer].filter((part) => part !== undefined).map(plain);
  const whole = memories.filter((memory) => texts(memory).includes(wanted));
  const fits =
    whole.length > 0 ? whole : memories.filter((memory) => texts(memory).some((part) => part.includes(wanted)));
  // A part that says nothing (`the`) names nothing.
  const names = whole.length > 0 || contentWords(idOrText).length > 0;
  if (!names || fits.length === 0) {
    throw new EngramError('not_found', `Nothing remembered fits "${idOrText}".`, {
      hint: '`engram memories` lists what is remembered.',
    });
  }
  if (fits.length > 1) {
    throw new EngramError('usage', `"${idOrText}" fits ${fits.length} memories.`, {
      hint: `Name one by its id: ${fits.map((memory) => `${memory.id} (${excerpt(memory.text)})`).join(', ')}.`,
      details: { ids: fits.map((memory) => memory.id) },
    });
  }
  return fits[0]!;
}

/** A text but for case, spaces and Unicode form. */
export function plain(text: string): string {
  return text.normalize('NFKC').toLowerCase().replace(/\s+/gu, ' ').trim();
}

export function excerpt(text: string): string {
  const line = text.replace(/\s+/gu, ' ').trim();
  return line.length <= 60 ? line : `${line.slice(0, 59)}…`;
}
