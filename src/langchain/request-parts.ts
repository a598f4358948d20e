// Cuts a request into the parts that may speak of a tool or be meant for it: sentences, and within them what a colon, a dash or a comma
// at either end parts. By marks alone, so in every language that has them. Not here: which part is which (request.ts).
import { SENTENCE_END } from './quotes.js';

export interface Part {
  text: string;
  /** It may be what speaks of the tool, though only a comma parts it from what stands before. */
  isLoose: boolean;
}

/** Where a part ends within a sentence: after a colon or a dash, a short phrase with its comma at the beginning, and the comma before
 * one at the end. */
const MARK = /[:;](?=\s)|[：；]|\s[-–—](?=\s)/gu;
const OPENING = /(?<=^|[.!?]\s+)(?:[\p{L}'’-]+\s+){0,4}[\p{L}'’-]+,(?=\s)/gu;
const CLOSING = /,(?=\s(?:[\p{L}'’-]+\s+){0,4}[\p{L}'’-]+[.!?]*$)/gu;

/** In order; together they are the request, with single spaces and a full stop at the end of each line that has no mark. */
export function partsOf(request: string): Part[] {
  const lines = request.split('\n').map((line) => line.trim().replace(/\s+/gu, ' '));
  const flat = lines
    .filter((line) => line !== '')
    .map((line, i, all) => (i + 1 === all.length || /[\p{P}]$/u.test(line) ? line : `${line}.`))
    .join(' ');
  const ends = (pattern: RegExp): number[] =>
    Array.from(flat.matchAll(pattern), ({ index, 0: found }) => index + found.length);
  const firm = [SENTENCE_END, MARK, OPENING].flatMap(ends);
  const closings = new Set(ends(CLOSING));
  for (const end of firm) closings.delete(end);
  const places = [...new Set([0, ...firm, ...closings, flat.length])].sort((a, b) => a - b);
  return places.slice(0, -1).flatMap((from, i) => {
    const text = flat.slice(from, places[i + 1]).trim();
    return /[\p{L}\p{N}]/u.test(text) ? [{ text, isLoose: closings.has(from) }] : [];
  });
}
