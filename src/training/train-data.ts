// The data of a run: the files, their rows split by the seed, and hashes that tell whether they are those that it began with.
// Not here: how rows become examples (dataset.ts, encode-row.ts).
import { createHash } from 'node:crypto';
import { EngramError } from '../errors.js';
import { sha256File } from '../files.js';
import { readLabelledDataset, type ClassifyTask, type LabelledDataset, type LabelledRow } from './classify/index.js';
import { readDataset, type Dataset } from './dataset.js';
import type { RowEncoder } from './encode-row.js';
import type { FlatOptions, Rows } from './request.js';
import type { DataFile, RunRecord } from './runs.js';
import type { TrainSettings } from './train-settings.js';
import { splitRows } from './split.js';
import type { Example } from './types.js';

export interface TrainData {
  files: RunRecord['data'];
  train: Example[];
  validation: Example[];
  test: Example[];
  rows: Rows;
  /** Of the file to learn from. */
  typed?: NonNullable<Dataset['typed']>;
  /** Of all examples. */
  digest: string;
  /** Of the format `labels`: what is asked, and the rows it is measured on: those of the test, else of the validation. */
  labelled?: { task: ClassifyTask; measured: LabelledRow[] };
}

/** Throws as readDataset() and splitRows() do. */
export async function readTrainData(
  encoder: RowEncoder,
  options: FlatOptions & { file: string },
  settings: TrainSettings,
  signal: AbortSignal | undefined,
): Promise<TrainData> {
  const { format, maxTokens, textTokens, prompt, validation, test } = settings.data;
  const read = async (path: string, task?: ClassifyTask): Promise<{ file: DataFile; dataset: AnyDataset }> => ({
    file: { path, sha256: await sha256File(path, { signal }) },
    dataset: await naming(
      path,
      format === 'labels'
        ? readLabelledDataset(path, encoder, { maxTokens, prompt, task, signal })
        : readDataset(path, encoder, { format, maxTokens, textTokens, signal }),
    ),
  });
  const main = await read(options.file);
  const { labelled } = main.dataset;
  const share = (part: number | 'file'): number => (part === 'file' ? 0 : part);
  const shares = { validation: share(validation), test: share(test), seed: settings.run.seed };
  const split = splitRows(main.dataset.rows, shares, labelled && groupsOf(labelled.rows));
  const ofFile = async (path: number | string | undefined) =>
    typeof path === 'string' ? read(path, labelled?.task) : undefined;
  const [validated, tested] = [await ofFile(options.validation), await ofFile(options.test)];
  const parts = {
    train: rowsOf(main.dataset, split.train),
    validation: validated?.dataset.examples ?? rowsOf(main.dataset, split.validation),
    test: tested?.dataset.examples ?? rowsOf(main.dataset, split.test),
  };
  const rowsToMeasure = (part: typeof tested, numbers: readonly number[]): LabelledRow[] =>
    part?.dataset.labelled?.rows ?? labelled?.rows.filter((_, i) => numbers.includes(i)) ?? [];
  const tests = rowsToMeasure(tested, split.test);
  const measured = tests.length > 0 ? tests : rowsToMeasure(validated, split.validation);
  return {
    files: {
      train: main.file,
      ...(validated === undefined ? {} : { validation: validated.file }),
      ...(tested === undefined ? {} : { test: tested.file }),
    },
    ...parts,
    rows: {
      train: split.train.length,
      validation: validated?.dataset.rows ?? split.validation.length,
      test: tested?.dataset.rows ?? split.test.length,
    },
    ...(main.dataset.typed === undefined ? {} : { typed: main.dataset.typed }),
    digest: digestOf(Object.values(parts)),
    ...(labelled === undefined ? {} : { labelled: { task: labelled.task, measured } }),
  };
}

/** By its label; of several the rarest, which is the one that could be missing. */
function groupsOf(rows: readonly LabelledRow[]): string[] {
  const counts = new Map<string, number>();
  for (const label of rows.flatMap(({ labels }) => labels)) counts.set(label, (counts.get(label) ?? 0) + 1);
  return rows.map(({ labels }) => labels.toSorted((a, b) => counts.get(a)! - counts.get(b)!)[0] ?? '');
}

/** A run has up to three files, so what is wrong with a line says of which. */
async function naming<T>(path: string, reading: Promise<T>): Promise<T> {
  try {
    return await reading;
  } catch (error) {
    if (!(error instanceof EngramError) || error.details?.['line'] === undefined) throw error;
    if (error.message.includes(path)) throw error;
    const { code, message, hint, details } = error;
    throw new EngramError(code, `${path}: ${message}`, { hint, details: { ...details, file: path }, cause: error });
  }
}

type AnyDataset = Dataset & Partial<Pick<LabelledDataset, 'labelled'>>;

function rowsOf({ examples, rowOf }: Dataset, rows: readonly number[]): Example[] {
  const wanted = new Set(rows);
  return examples.filter((_, i) => wanted.has(rowOf[i]!));
}

function digestOf(parts: readonly (readonly Example[])[]): string {
  const hash = createHash('sha256');
  for (const part of parts) {
    hash.update(`${part.length};`);
    for (const { tokens, weights } of part) {
      hash.update(`${tokens.length};`).update(Int32Array.from(tokens)).update(Float32Array.from(weights));
    }
  }
  return hash.digest('hex');
}
