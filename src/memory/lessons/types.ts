// The words of lessons. Not here: how they are made.

import type { Opening } from '../decision.js';
import type { Triple } from '../types.js';

/** Most lessons of one sentence. */
export const MOST_LESSONS = 16;

export interface Lesson {
  question: string;
  answer: string;
  /** What an answer has to contain to be right: a phrase of the memory. */
  expected: string;
  /** The answer is to be taught to its end here. Of other lessons the first tokens are enough: how the answer goes on from
   * there, the full ones teach. */
  full: boolean;
  /** How its answer opens is not learned: see decision.ts. */
  opening?: Opening;
}

export interface Lessons {
  /** The memory as one text. */
  text: string;
  question?: string;
  answer?: string;
  /** If it was given as one. */
  triple?: Triple;
  /** Questions with their answers, to be trained on; those that matter most come first. */
  lessons: Lesson[];
  /** Which lessons stand for all of them when recall is probed. */
  recall: Lesson[];
  /** In wordings that are never trained on. */
  paraphrase: Lesson[];
  /** What has to be known for it to be known: of each of these one question, in any of its wordings. None: it cannot be told. */
  facts: Lesson[][];
  /** Questions of the same form about something else: must be answered as before. */
  contrasts: string[];
}

/** Lessons without those that ask nothing, or what was asked before. */
export function distinct(lessons: readonly Lesson[]): Lesson[] {
  const seen = new Set<string>();
  return lessons.filter(({ question }) => question.trim() !== '' && !seen.has(question) && seen.add(question));
}
