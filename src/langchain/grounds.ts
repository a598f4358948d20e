// Whether what a model wrote rests on what was said to it, by counting words: a small model that is to report what a tool found
// writes "no", its own last thought, or a line of its instructions. Not here: what is written in its place (react.ts).
import type { Completion } from '../index.js';
import { stem } from '../stem.js';

/** Share of an answer's words that what was said has too, from which on it rests on it. */
const RESTS = 0.5;
/** The same from which on it repeats a thought or a line of the instructions. */
const REPEATS = 0.8;

/** At least half of its words are those of the sources, and all of its numbers. */
export function restsOn(text: string, sources: readonly string[]): boolean {
  const said = sources.join('\n');
  const numbers = new Set(numbersOf(said));
  return (
    wordsOf(text).length > 0 && overlap(text, said) >= RESTS && numbersOf(text).every((number) => numbers.has(number))
  );
}

/** It says no more than one of the texts. */
export function repeats(text: string, others: readonly string[]): boolean {
  return others.some((other) => overlap(text, other) >= REPEATS);
}

export function wordsOf(text: string): string[] {
  return Array.from(text.toLowerCase().matchAll(/[\p{L}\p{N}]+/gu), ([word]) => word);
}

/** Share of the words of a text that another has, by their stems; 1 of a text without words. */
export function overlap(text: string, other: string): number {
  const stems = (some: string): string[] => wordsOf(some).map(stem);
  const words = stems(text);
  const known = new Set(stems(other));
  return words.length === 0 ? 1 : words.filter((word) => known.has(word)).length / words.length;
}

/** Per token; 0 where none were asked for. */
export function meanLogprob({ logprobs = [] }: Pick<Completion, 'logprobs'>): number {
  return logprobs.reduce((sum, { logprob }) => sum + logprob, 0) / Math.max(1, logprobs.length);
}

const numbersOf = (text: string): string[] => wordsOf(text).filter((word) => /\p{N}/u.test(word));
