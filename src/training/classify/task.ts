// What a classifier is asked: its labels, whether a text may have several, and the words of the question. It is kept in the
// manifest of the adapter, so that what was trained is what is asked later. Not here: tokens (answers.ts).
import { EngramError } from '../../errors.js';

export interface ClassifyTask {
  /** At least two, sorted. */
  labels: string[];
  /** Whether a text has any number of them, or exactly one. */
  several: boolean;
  /** The question: {text} stands for the text, {labels} for the labels. */
  prompt: string;
}

/** What a text without any label is answered with. */
export const NO_LABEL = 'none';

const ONE = 'Which of these labels fits the text: {labels}?\n\n{text}';
const SEVERAL = `Which of these labels fit the text: {labels}? Name all that do, or say ${NO_LABEL}.\n\n{text}`;

/** A task with these labels, doubles removed. Throws `usage` for fewer than two, for a label that reads as no label, and for a
 * prompt without {text}. */
export function newTask(
  labels: Iterable<string>,
  options: { several: boolean; prompt?: string | undefined },
): ClassifyTask {
  const { several, prompt = several ? SEVERAL : ONE } = options;
  const all = [...new Set(labels)].sort();
  if (all.length < 2) {
    const what = all.length === 0 ? 'no label' : `the label "${all[0]!}" only`;
    throw new EngramError('usage', `There is nothing to tell apart: the rows have ${what}.`);
  }
  if (several && all.includes(NO_LABEL)) {
    throw new EngramError('usage', `The label "${NO_LABEL}" is what a text without labels is answered with.`, {
      hint: 'Give such rows "labels": [] instead, or rename the label.',
    });
  }
  if (!prompt.includes('{text}')) {
    throw new EngramError('usage', `Expected {text} in the prompt but received "${prompt}".`, {
      hint: 'It stands for the text to classify; {labels} may stand for the labels.',
    });
  }
  return { labels: all, several, prompt };
}

/** The question about a text. Braces in the text itself are left as they are. */
export function questionOf({ labels, prompt }: ClassifyTask, text: string): string {
  return prompt.replaceAll(/\{text\}|\{labels\}/g, (slot) => (slot === '{text}' ? text : labels.join(', ')));
}

/** Whether a value out of a file is a task. */
export function isTask(value: unknown): value is ClassifyTask {
  const task = value as Partial<ClassifyTask> | null;
  return (
    typeof task === 'object' &&
    task !== null &&
    Array.isArray(task.labels) &&
    task.labels.length >= 2 &&
    task.labels.every((label) => typeof label === 'string') &&
    typeof task.several === 'boolean' &&
    typeof task.prompt === 'string'
  );
}
