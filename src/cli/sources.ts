// The passages an answer was given, as numbered sources below it.
import type { Answer } from '../index.js';
import { excerpt } from './format/index.js';
import type { Job } from './job.js';

/** On stderr, as remarks are: stdout carries the answer. */
export function sourceLines(job: Job, { passages }: Pick<Answer, 'passages'>): void {
  if (job.settings.json) return;
  passages.forEach(({ place, text }, i) => {
    job.note(`[${i + 1}] ${place}: ${excerpt(text)}`);
  });
}
