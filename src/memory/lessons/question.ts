// Lessons of a question with its answer: the question in other wordings, everywhere the same answer. Not here: the wordings.
import type { Lesson, Lessons } from './types.js';
import { contrastsOf } from './contrast.js';
import { wordingsOf } from './wordings.js';

/** An answer as it is expected: without the punctuation at its end. */
export function expectedOf(answer: string): string {
  return answer.replace(/[\s.!?…。！？]+$/u, '');
}

export function textOfQuestion(question: string, answer: string): string {
  return `${question} ${answer}`;
}

export function questionLessons(question: string, answer: string, probed: number, contrasts: number): Lessons {
  const { lessons, probes } = wordingsOf(question);
  const lesson = (wording: string, index: number): Lesson => ({
    ...{ question: wording, answer, expected: expectedOf(answer), full: index < 3 },
  });
  const all = lessons.map(lesson);
  const recall = all.slice(0, probed);
  const paraphrase = probes.slice(0, probed).map(lesson);
  return {
    text: textOfQuestion(question, answer),
    ...{ question, answer },
    lessons: all,
    ...{ recall, paraphrase },
    facts: [...recall, ...paraphrase].map((one) => [one]),
    contrasts: contrastsOf([question], contrasts),
  };
}
