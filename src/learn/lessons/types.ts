// The words of lessons. Not here: how they are made.
import type { Triple } from '../../brain/index.js';

export interface Lesson {
  question: string;
  answer: string;
  /** What an answer has to contain to be right. */
  expected: string;
  /** The answer is taught to its end here. Of other lessons the first tokens are enough: how the answer goes on from there, the
   * full ones teach. */
  full: boolean;
}

export interface Lessons {
  /** The memory as one text, as it was told. */
  text: string;
  question?: string;
  answer?: string;
  /** If it was given as one. */
  triple?: Triple;
  /** What is trained on; those that matter most come first. */
  lessons: Lesson[];
  /** Which of them are asked when efficacy is examined. */
  recall: Lesson[];
}
