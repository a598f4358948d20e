// Labelled rows as examples to learn from. Not here: reading them (labelled-data.ts), and rows without labels (../dataset.ts).
import { EngramError } from '../../errors.js';
import { trainedTokens, type Dataset } from '../dataset.js';
import type { RowEncoder } from '../encode-row.js';
import { Classifier } from './classifier.js';
import { readLabelled, taskOf } from './labelled-data.js';
import type { LabelledRow } from './labelled-row.js';
import type { ClassifyTask } from './task.js';

export interface LabelledOptions {
  /** Tokens of an example at most. */
  maxTokens: number;
  /** How a text is asked about; see ClassifyTask. */
  prompt?: string | undefined;
  /** Whose labels these are. Default: a task of the labels that the rows have. */
  task?: ClassifyTask | undefined;
  signal?: AbortSignal | undefined;
}

export interface LabelledDataset extends Dataset {
  labelled: { task: ClassifyTask; rows: LabelledRow[] };
}

/** Throws as readLabelled() and taskOf() do, and with the line `too_long`, and `mismatch` for a label that is none of the task. */
export async function readLabelledDataset(
  path: string,
  encoder: RowEncoder,
  { maxTokens, prompt, task: given, signal }: LabelledOptions,
): Promise<LabelledDataset> {
  const rows = await readLabelled(path, signal);
  const task = given ?? taskOf(rows, prompt);
  const classifier = new Classifier(task, encoder, maxTokens);
  const examples = rows.map(({ text, labels, line }) => atLine(line, () => classifier.example(text, labels)));
  return {
    examples,
    rowOf: rows.map((_, i) => i),
    rows: rows.length,
    tokens: examples.reduce((sum, example) => sum + example.tokens.length, 0),
    trainedTokens: examples.reduce((sum, example) => sum + trainedTokens(example), 0),
    labelled: { task, rows },
  };
}

/** Names the line in what is thrown. */
function atLine<T>(line: number, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof EngramError)) throw error;
    const { code, message, hint, details } = error;
    throw new EngramError(code, `Line ${line}: ${message}`, { hint, cause: error, details: { ...details, line } });
  }
}
