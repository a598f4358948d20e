// From a memory in the ledger back to what it was made of. Not here: lessons themselves (lessons.ts).
import { lessonsFor } from './lessons.js';
import type { Lesson } from './statements.js';
import type { Memory, MemoryInput } from './types.js';

type Said = Pick<Memory, 'text' | 'question' | 'answer'>;

/** What the user gave to be remembered. */
export function inputOf({ text, question, answer }: Said): MemoryInput {
  return question === undefined || answer === undefined ? text : { question, answer };
}

/** Questions about a memory in all wordings there are, trained ones and others, with the answers that would betray it. */
export function probesOf(memory: Said): Lesson[] {
  const { recall, paraphrase } = lessonsFor(inputOf(memory));
  return [...recall, ...paraphrase];
}
