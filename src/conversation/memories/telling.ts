// What somebody tells in a conversation: its sentences, and the few of many that tell the most in little room. By rules over
// words, in any language. Not here: summaries and entities, which are made of them.
import { contentWords, sentences } from '../../brain/index.js';
import { shortened, type CountTokens, type Prefixes } from './show.js';
import type { Exchange } from './types.js';

/** A sentence, and who said it. */
export interface Statement {
  who: string;
  text: string;
}

/** What is read from a file may be anything. */
export function areStatements(value: unknown): value is Statement[] {
  return (
    Array.isArray(value) &&
    value.every((one: unknown) => {
      const { who, text } = (one ?? {}) as Partial<Record<keyof Statement, unknown>>;
      return typeof who === 'string' && typeof text === 'string';
    })
  );
}

/** Words that tell something; fewer are a greeting or a yes. */
const LEAST_WORDS = 2;
/** A question tells less than a statement. */
const QUESTION = 0.3;
/** Names and numbers tell more than other words. */
const NAME = 2;
/** What a statement is worth for each word that it shares with what is asked. */
const ASKED = 4;
/** Tokens of one statement, so that none takes the room of all. */
const MOST_TOKENS = 64;

export function tellingOf({ human, ai }: Exchange, { humanPrefix, aiPrefix }: Prefixes): Statement[] {
  const of = (who: string, said: string): Statement[] => sentences(said).map((text) => ({ who, text }));
  return [...of(humanPrefix, human), ...of(aiPrefix, ai)].filter(
    ({ text }) => new Set(contentWords(text)).size >= LEAST_WORDS,
  );
}

const isQuestion = (text: string): boolean => /[?？]["”’)]*$/u.test(text.trim());

/** Those that together tell the most words in so many tokens, in the order in which they were said; those with words of what
 * is asked first. */
export async function mostTelling(
  statements: readonly Statement[],
  most: number,
  countTokens: CountTokens,
  asked = '',
): Promise<Statement[]> {
  const wanted = new Set(contentWords(asked));
  const candidates = await Promise.all(
    statements.map(async ({ who, text }, order) => {
      const short = await shortened(text, MOST_TOKENS, countTokens);
      return { who, text: short, order, words: wordsOf(short), tokens: await countTokens(`${who}: ${short}\n`) };
    }),
  );
  const told = new Set<string>();
  const chosen: typeof candidates = [];
  let room = most;
  for (;;) {
    let best: { at: number; worth: number } | undefined;
    candidates.forEach(({ text, words, tokens }, at) => {
      if (tokens > room) return;
      let worth = 0;
      for (const [word, weight] of words) {
        if (wanted.has(word)) worth += ASKED;
        else if (!told.has(word)) worth += weight;
      }
      worth = (worth * (isQuestion(text) ? QUESTION : 1)) / Math.sqrt(tokens);
      if (worth > 0 && worth > (best?.worth ?? 0)) best = { at, worth };
    });
    if (best === undefined) break;
    const [taken] = candidates.splice(best.at, 1);
    chosen.push(taken!);
    room -= taken!.tokens;
    for (const word of taken!.words.keys()) told.add(word);
  }
  return chosen.sort((a, b) => a.order - b.order).map(({ who, text }) => ({ who, text }));
}

/** Its words with what each is worth. */
function wordsOf(text: string): Map<string, number> {
  const names = new Set(
    Array.from(text.matchAll(/(?<!^|[.!?]\s)\b(?:\p{Lu}[\p{L}\p{M}]+|\p{N}[\p{N}.,:]*)/gu)).flatMap(([name]) =>
      contentWords(name),
    ),
  );
  return new Map(contentWords(text).map((word) => [word, names.has(word) ? NAME : 1]));
}
