// Precision, recall, F1 and their averages: as scikit-learn computes them.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { reportOf, type Scores } from '../../../../src/training/classify/report.js';

type Figures = Omit<Scores, 'support'>;
interface Case {
  size: number;
  several: boolean;
  truth: number[][];
  predicted: number[][];
  expected: { labels: Scores[]; accuracy: number; confusion?: number[][] } & Record<
    'micro' | 'macro' | 'weighted',
    Figures
  >;
}

const GOLDEN = join(import.meta.dirname, '..', '..', '..', 'fixtures', 'golden', 'classification.json');
const cases = JSON.parse(readFileSync(GOLDEN, 'utf8')) as Case[];

const close = (value: number): number => expect.closeTo(value, 12) as number;
const closeTo = <T extends object>(figures: T): T =>
  Object.fromEntries(Object.entries(figures).map(([name, value]) => [name, close(value as number)])) as T;

describe('a classification report', () => {
  it.each(
    cases.map((each, i) => [i, each.size, each.several ? 'several labels a text' : 'one label a text', each] as const),
  )("%i equals scikit-learn's of %i classes, %s", (_i, size, _kind, { truth, predicted, expected }) => {
    const names = Array.from({ length: size }, (_, label) => `label ${label}`);
    const report = reportOf(names, truth, predicted);
    expect(report.labels.map(({ label }) => label)).toEqual(names);
    for (const [i, scores] of report.labels.entries()) {
      expect(scores).toEqual({ label: names[i], ...closeTo(expected.labels[i]!) });
    }
    for (const average of ['micro', 'macro', 'weighted'] as const) {
      const { support, ...figures } = report[average];
      expect(figures, average).toEqual(closeTo(expected[average]));
      expect(support).toBe(truth.flat().length);
    }
    expect(report.accuracy).toEqual(close(expected.accuracy));
    expect(report.confusion).toEqual(expected.confusion);
    expect(report.texts).toBe(truth.length);
  });

  it('of no texts is all zeros', () => {
    const report = reportOf(['a', 'b'], [], []);
    expect(report).toMatchObject({ texts: 0, accuracy: 0, micro: { f1: 0 }, weighted: { f1: 0, support: 0 } });
    expect(report.confusion).toBeUndefined();
  });
});
