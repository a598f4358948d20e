// Measures a classifier on rows whose labels are known. Not here: what the figures mean (report.ts).
import type { Trainer } from '../types.js';
import type { Classifier } from './classifier.js';
import type { LabelledRow } from './labelled-row.js';
import { reportOf, type ClassificationReport } from './report.js';

export interface EvaluateOptions {
  onProgress?: ((progress: { done: number; of: number }) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/** Throws as Classifier.predict() does, and `mismatch` for a label that is none of the task. */
export async function evaluate(
  classifier: Classifier,
  trainer: Pick<Trainer, 'logits'>,
  rows: readonly LabelledRow[],
  { onProgress, signal }: EvaluateOptions = {},
): Promise<ClassificationReport> {
  const truth = rows.map(({ labels }) => classifier.indicesOf(labels));
  const predicted: number[][] = [];
  for (const { text } of rows) {
    const { labels } = await classifier.predict(trainer, text, signal);
    predicted.push(classifier.indicesOf(labels));
    onProgress?.({ done: predicted.length, of: rows.length });
  }
  return reportOf(classifier.task.labels, truth, predicted);
}
