// How well predicted labels fit the true ones: precision, recall and F1 of each label and their averages, by the definitions of
// scikit-learn (classification_report, zero_division=0), for one label a text or several. Checked against it
// (scripts/golden/classification.py). Not here: predicting (classifier.ts).

export interface Scores {
  /** Share of what was predicted that is right; 0 where nothing was. */
  precision: number;
  /** Share of what is right that was predicted; 0 where nothing is. */
  recall: number;
  /** 2 · precision · recall / (precision + recall); 0 where both are. */
  f1: number;
  /** Times the label is a true one. */
  support: number;
}

export interface ClassificationReport {
  texts: number;
  /** Share of the texts whose labels are all predicted, and no others. */
  accuracy: number;
  labels: ({ label: string } & Scores)[];
  /** Over all labels and texts together. */
  micro: Scores;
  /** Mean over the labels, each counting the same. */
  macro: Scores;
  /** Mean over the labels, each counting by its support. */
  weighted: Scores;
  /** Texts by true label (row) and predicted label (column), where each text has one of each. */
  confusion?: number[][];
}

/** Indices into `labels` of each text. Throws nothing; without texts every figure is 0. */
export function reportOf(
  labels: readonly string[],
  truth: readonly (readonly number[])[],
  predicted: readonly (readonly number[])[],
): ClassificationReport {
  const counts = labels.map((): Counts => ({ right: 0, predicted: 0, support: 0 }));
  let same = 0;
  for (const [i, wanted] of truth.entries()) {
    const given = predicted[i]!;
    for (const label of wanted) counts[label]!.support++;
    for (const label of given) counts[label]!.predicted++;
    const right = given.filter((label) => wanted.includes(label));
    for (const label of right) counts[label]!.right++;
    if (right.length === wanted.length && right.length === given.length) same++;
  }
  const scores = counts.map(scoresOf);
  const all = counts.reduce(plus, { right: 0, predicted: 0, support: 0 });
  const { support } = all;
  const isSingle = truth.length > 0 && [...truth, ...predicted].every((some) => some.length === 1);
  return {
    texts: truth.length,
    accuracy: ratio(same, truth.length),
    labels: labels.map((label, i) => ({ label, ...scores[i]! })),
    micro: scoresOf(all),
    macro: { ...average(scores, () => 1), support },
    weighted: { ...average(scores, (score) => score.support), support },
    ...(isSingle ? { confusion: confusionOf(labels.length, truth, predicted) } : {}),
  };
}

interface Counts {
  /** Predicted and true. */
  right: number;
  predicted: number;
  support: number;
}

function plus(a: Counts, b: Counts): Counts {
  return { right: a.right + b.right, predicted: a.predicted + b.predicted, support: a.support + b.support };
}

function scoresOf({ right, predicted, support }: Counts): Scores {
  return {
    precision: ratio(right, predicted),
    recall: ratio(right, support),
    f1: ratio(2 * right, predicted + support),
    support,
  };
}

function average(scores: readonly Scores[], weightOf: (score: Scores) => number): Omit<Scores, 'support'> {
  const total = scores.reduce((sum, score) => sum + weightOf(score), 0);
  const mean = (of: (score: Scores) => number): number =>
    ratio(
      scores.reduce((sum, score) => sum + of(score) * weightOf(score), 0),
      total,
    );
  return {
    precision: mean(({ precision }) => precision),
    recall: mean(({ recall }) => recall),
    f1: mean(({ f1 }) => f1),
  };
}

function confusionOf(
  size: number,
  truth: readonly (readonly number[])[],
  predicted: readonly (readonly number[])[],
): number[][] {
  const matrix = Array.from({ length: size }, () => Array.from({ length: size }, () => 0));
  for (const [i, [wanted]] of truth.entries()) {
    matrix[wanted!]![predicted[i]![0]!]!++;
  }
  return matrix;
}

function ratio(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}
