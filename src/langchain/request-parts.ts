// Cuts a request into the parts that may speak of a tool or be meant for it: sentences, and within them what a mark, a comma at
// either end, "that", or nothing at all ("Remember my code is 4711.") parts. English where no mark does. Not here: which part is
// which (request.ts).
import nlp from 'compromise';
import { SENTENCE_END } from './quotes.js';

export interface Part {
  text: string;
  /** It is a clause behind the verb that asks for it: the mark at its end is that of the sentence around it. */
  isClause: boolean;
  /** It may be what is meant for the tool or what speaks of it, though only a comma or nothing parts it from what stands before. */
  looseAs: 'content' | 'about' | undefined;
}

/** Where a part ends within a sentence: after a colon, a dash, "that" with a clause behind it (and not "keep that in mind"), a
 * short phrase with its comma at the beginning, and the comma before one at the end. */
const MARK = /[:;](?=\s)|[：；]|\s[-–—](?=\s)/gu;
const THAT = /\bthat\b(?!\s+(?:as|at|by|for|from|in|on|to|until|when|with)\b)(?=\s+(?:\S+\s+){2})/giu;
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
  const unmarked = unmarkedClauses(flat);
  const closings = new Set(ends(CLOSING));
  const openings = new Set(unmarked.map(({ from }) => from));
  const clauses = new Set([...ends(THAT), ...unmarked.filter(({ isAsked }) => isAsked).map(({ from }) => from)]);
  const whole = new Set(unmarked.map(({ colon }) => colon));
  const firm = [SENTENCE_END, MARK, OPENING].flatMap(ends).filter((end) => !whole.has(end));
  for (const end of [...firm, ...clauses]) closings.delete(end);
  const places = [...new Set([0, ...firm, ...clauses, ...openings, ...closings, flat.length])].sort((a, b) => a - b);
  return places.slice(0, -1).flatMap((from, i) => {
    const text = flat.slice(from, places[i + 1]).trim();
    const looseAs = openings.has(from) ? 'content' : closings.has(from) ? 'about' : undefined;
    return /[\p{L}\p{N}]/u.test(text) ? [{ text, isClause: clauses.has(from), looseAs }] : [];
  });
}

/** Words before a clause that nothing parts from them. */
const MOST_BEFORE = 6;
/** Characters at the beginning in which it is looked for. */
const NEAR_BEGINNING = 1000;
const SUBJECT = /^(?:I|we|he|she|they)(?:['’]\p{L}+)?$/iu;
const RELATIVE = /^(?:who|whom|whose|which|that|what|when|where|why|how|if|whether)$/i;

interface Unmarked {
  from: number;
  /** The sentence asks politely: its question mark is not that of the clause. */
  isAsked: boolean;
  /** The end of a colon that stands in the clause for its verb ("my licence plate: KA 52"), or undefined. */
  colon: number | undefined;
}

interface Word {
  text: string;
  post: string;
  tags: string[];
  at: number;
}

/** Of each sentence that begins with a verb, or asks politely: the clause that follows at once, from its subject on. */
function unmarkedClauses(flat: string): Unmarked[] {
  let at = 0;
  const sentences = (nlp(flat.slice(0, NEAR_BEGINNING)).json() as { terms: Omit<Word, 'at'>[] }[]).map(({ terms }) =>
    terms
      .filter(({ text }) => text !== '')
      .map((term) => {
        at = Math.max(at, flat.indexOf(term.text, at));
        return { ...term, at };
      }),
  );
  return sentences.flatMap((words) => {
    const isAsked = /^(?:can|could|will|would|won['’]t)$/i.test(words[0]?.text ?? '');
    const asks = words.findIndex(({ tags }) => isAny(tags, 'Infinitive', 'Imperative'));
    // What comes before the verb that asks is no more than "Please", "Always", "Could you".
    if (asks < 0 || (!isAsked && words.slice(0, asks).some(({ tags }) => isAny(tags, 'Noun', 'Determiner')))) return [];
    for (let i = asks + 1; i < Math.min(words.length, MOST_BEFORE); i++) {
      const before = words[i - 1]!;
      if (RELATIVE.test(words[i]!.text) || /\p{P}/u.test(before.post)) return [];
      if (!beginsClause(words[i]!) || isAny(before.tags, 'Preposition', 'Conjunction')) continue;
      const verb = verbAfter(words, i);
      return verb === undefined ? [] : [{ from: words[i]!.at, isAsked, colon: colonOf(flat, verb) }];
    }
    return [];
  });
}

const isAny = (tags: readonly string[], ...some: string[]): boolean => some.some((tag) => tags.includes(tag));

const beginsClause = ({ text, tags }: Word): boolean =>
  SUBJECT.test(text) || isAny(tags, 'Possessive', 'Determiner', 'ProperNoun');

/** What is said of a subject: a verb, or a colon behind it; undefined if a clause of another kind comes first, or none. */
function verbAfter(words: readonly Word[], subject: number): Word | undefined {
  // "I'm" is one word.
  if (/['’](?:m|ve|ll|d|re)$/iu.test(words[subject]!.text)) return words[subject];
  for (let i = subject; i < words.length; i++) {
    const { text, tags, post } = words[i]!;
    if (i > subject && isAny(tags, 'Verb') && !isAny(tags, 'Gerund')) return words[i];
    if (/^to$/i.test(text) || RELATIVE.test(text)) return undefined;
    if (post.startsWith(':')) return isAny(words[subject]!.tags, 'Possessive') ? words[i] : undefined;
    if (/[,;.]/u.test(post)) return undefined;
  }
  return undefined;
}

const colonOf = (flat: string, { at, text }: Word): number | undefined =>
  flat[at + text.length] === ':' ? at + text.length + 1 : undefined;
