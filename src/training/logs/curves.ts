// The loss curves of a run and the axes to draw them on: figures only, shared by every drawing. Not here: the drawings.
import type { MetricsRecord } from '../metrics.js';

export interface Point {
  /** Steps taken. */
  step: number;
  /** Nats per token. */
  loss: number;
}

export interface Curve {
  name: MetricsRecord['split'];
  /** By rising step. */
  points: Point[];
}

/** Train (the loss of each step), validation and test, as far as there are any. */
export function curvesOf(records: readonly MetricsRecord[]): Curve[] {
  const pointsOf = (kind: MetricsRecord['kind'], split: MetricsRecord['split']): Point[] =>
    records
      .filter((record) => record.kind === kind && record.split === split && Number.isFinite(record.loss))
      .map(({ step, loss }) => ({ step, loss }));
  const curves: Curve[] = [
    { name: 'train', points: pointsOf('step', 'train') },
    { name: 'validation', points: pointsOf('evaluation', 'validation') },
    { name: 'test', points: pointsOf('evaluation', 'test') },
  ];
  return curves.filter(({ points }) => points.length > 0);
}

/** At most `count` points: neighbours become their mean, so that the noise of single steps does not hide where they go. */
export function thinned(points: readonly Point[], count: number): Point[] {
  if (points.length <= count) return [...points];
  const out: Point[] = [];
  for (let i = 0; i < count; i++) {
    const some = points.slice(Math.floor((i * points.length) / count), Math.floor(((i + 1) * points.length) / count));
    const mean = (of: (point: Point) => number): number =>
      some.reduce((sum, point) => sum + of(point), 0) / some.length;
    out.push({ step: mean(({ step }) => step), loss: mean(({ loss }) => loss) });
  }
  return out;
}

export interface Axis {
  min: number;
  max: number;
  /** From min to max, at round numbers. */
  ticks: number[];
  /** A tick with as many decimals as all of them need. */
  label: (tick: number) => string;
}

/** An axis over all values with about `count` steps of 1, 2 or 5 times a power of ten; `wholeOnly`: none below 1. */
export function axisOf(values: readonly number[], count: number, wholeOnly = false): Axis {
  const low = values.reduce((a, b) => Math.min(a, b), Infinity);
  const high = values.reduce((a, b) => Math.max(a, b), -Infinity);
  // One value alone gets room on both sides.
  const span = high > low ? high - low : Math.max(1e-3, Math.abs(high) * 0.1);
  const power = 10 ** Math.floor(Math.log10(span / count));
  const factor = [1, 2, 5, 10].find((each) => each * power * count >= span) ?? 10;
  const size = wholeOnly ? Math.max(1, factor * power) : factor * power;
  const first = Math.floor(low / size + 1e-9);
  const last = Math.max(first + 1, Math.ceil(high / size - 1e-9));
  const ticks = Array.from({ length: last - first + 1 }, (_, i) => (first + i) * size);
  const decimals = Math.max(0, -Math.floor(Math.log10(size) + 1e-9));
  return { min: first * size, max: last * size, ticks, label: (tick) => tick.toFixed(decimals) };
}
