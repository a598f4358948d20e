// From a memory in the ledger back to what it was made of, and what was asked about it. Not here: lessons themselves (lessons/).
import type { MemoryInput, StoredMemory, Triple } from '../brain/index.js';
import { lessonsFor, type Lesson } from './lessons/index.js';
import { ANY_QUESTIONS } from './replay.js';

type Said = Pick<StoredMemory, 'text' | 'question' | 'answer' | 'data'>;

/** What the user gave to be remembered. */
export function inputOf({ text, question, answer, data }: Said): MemoryInput {
  const triple = data?.['triple'];
  if (isTriple(triple)) return triple;
  return question === undefined || answer === undefined ? text : { question, answer };
}

/** Questions that were written for its examination. */
export function questionsOf(memory: Pick<StoredMemory, 'data'> | undefined): string[] {
  const questions = memory?.data?.['questions'];
  return Array.isArray(questions) ? questions.filter((question) => typeof question === 'string') : [];
}

/** Whether it was trained until it was held more surely, in sleep. */
export function isCareful(memory: Pick<StoredMemory, 'data'> | undefined): boolean {
  return memory?.data?.['careful'] === true;
}

/** Questions about a memory, trained ones and others, with the answer that would betray it. */
export function probesOf(memory: Said): Lesson[] {
  const own = lessonsFor(inputOf(memory)).lessons.filter(({ question }) => !ANY_QUESTIONS.includes(question));
  return [...own, ...questionsOf(memory).map((question) => ({ ...own[0]!, question }))];
}

function isTriple(value: unknown): value is Triple {
  if (typeof value !== 'object' || value === null) return false;
  const { subject, relation, object } = value as Record<string, unknown>;
  return [subject, relation, object].every((part) => typeof part === 'string');
}
