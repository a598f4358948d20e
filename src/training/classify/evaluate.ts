// Asks a classifier for many texts, and measures it on rows whose labels are known. Not here: what the figures mean (report.ts).
import type { Trainer } from '../types.js';
import type { Classifier, Prediction } from './classifier.js';
import type { LabelledRow } from './labelled-row.js';
import { reportOf, type ClassificationReport } from './report.js';

export interface EvaluateOptions {
  onProgress?: ((progress: { done: number; of: number }) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/** Throws as Classifier.predict() does. */
export async function predictAll(
  classifier: Classifier,
  trainer: Pick<Trainer, 'logits'>,
  texts: readonly string[],
  { onProgress, signal }: EvaluateOptions = {},
): Promise<Prediction[]> {
  const predictions: Prediction[] = [];
  for (const text of texts) {
    predictions.push(await classifier.predict(trainer, text, signal));
    onProgress?.({ done: predictions.length, of: texts.length });
  }
  return predictions;
}

/** Throws as predictAll() does, and `mismatch` for a label that is none of the task. */
export async function evaluate(
  classifier: Classifier,
  trainer: Pick<Trainer, 'logits'>,
  rows: readonly LabelledRow[],
  options: EvaluateOptions = {},
): Promise<ClassificationReport> {
  const truth = rows.map(({ labels }) => classifier.indicesOf(labels));
  const texts = rows.map(({ text }) => text);
  const predictions = await predictAll(classifier, trainer, texts, options);
  const predicted = predictions.map(({ labels }) => classifier.indicesOf(labels));
  return reportOf(classifier.task.labels, truth, predicted);
}
