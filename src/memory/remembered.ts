// From a memory in the ledger back to what it was made of. Not here: lessons themselves (lessons/).
import type { StoredMemory } from './events.js';
import { lessonsFor, type Lesson } from './lessons/index.js';
import type { MemoryInput, Triple } from './types.js';

type Said = Pick<StoredMemory, 'text' | 'question' | 'answer' | 'data'>;

/** What the user gave to be remembered. */
export function inputOf({ text, question, answer, data }: Said): MemoryInput {
  const triple = data?.['triple'];
  if (isTriple(triple)) return triple;
  return question === undefined || answer === undefined ? text : { question, answer };
}

/** Questions about a memory in all wordings that rules make, trained ones and others, with the answers that would betray it. */
export function probesOf(memory: Said): Lesson[] {
  const { recall, paraphrase } = lessonsFor(inputOf(memory));
  return [...recall, ...paraphrase];
}

/** The questions beside which a memory was trained with care; undefined if it was not. */
export function besideOf({ data }: Pick<StoredMemory, 'data'>): string[] | undefined {
  const beside = data?.['beside'];
  return Array.isArray(beside) ? beside.filter((question) => typeof question === 'string') : undefined;
}

function isTriple(value: unknown): value is Triple {
  if (typeof value !== 'object' || value === null) return false;
  const { subject, relation, object } = value as Record<string, unknown>;
  return [subject, relation, object].every((part) => typeof part === 'string');
}
