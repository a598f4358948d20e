// The classifier that a stored adapter is: its task out of the manifest, its weights loaded onto the base model.
import { EngramError } from '../../errors.js';
import type { StoredAdapter } from '../manifest.js';
import type { RowEncoder } from '../encode-row.js';
import { loraOfFile } from '../lora-of-file.js';
import type { BaseModel, Trainer } from '../types.js';
import { Classifier } from './classifier.js';

export type Classifying<T> = (classifier: Classifier, trainer: Trainer) => Promise<T>;

/** Runs `action` with the classifier and a trainer that holds the adapter. Throws `usage` for an adapter that was not trained on
 * labels, and what Trainer.load() throws. */
export async function withClassifier<T>(
  base: BaseModel,
  encoder: RowEncoder,
  { manifest, path }: StoredAdapter,
  action: Classifying<T>,
): Promise<T> {
  const { task } = manifest;
  if (task === undefined) {
    throw new EngramError('usage', `The adapter "${manifest.name}" was not trained on labels.`, {
      hint: 'Train one with: engram train rows.jsonl --classify --adapter NAME',
    });
  }
  const classifier = new Classifier(task, encoder, base.info.contextLength);
  const trainer = base.newTrainer(loraOfFile(manifest, path));
  try {
    await trainer.load(path);
    return await action(classifier, trainer);
  } finally {
    trainer.close();
  }
}
