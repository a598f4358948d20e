// The losses of a run out of its events. Pure.
import type { TuningEvent } from '../../api.js';
import type { Series } from '../../parts/plot.js';

export function curvesOf(events: readonly TuningEvent[], names: { train: string; validation: string }): Series[] {
  const train = new Map<number, number>();
  const validation = new Map<number, number>();
  for (const { data } of events) {
    if (data === null) continue;
    const { step, train_loss: trained, valid_loss: validated, full_valid_loss: whole } = data;
    if (typeof trained === 'number') train.set(step, trained);
    const held = whole ?? validated;
    if (typeof held === 'number') validation.set(step, held);
  }
  return [
    { label: names.train, points: pointsOf(train) },
    { label: names.validation, points: pointsOf(validation) },
  ].filter(({ points }) => points.length > 0);
}

export function stepsOf(events: readonly TuningEvent[]): { done: number; of: number } | undefined {
  const last = events.findLast(({ data }) => data?.total_steps !== undefined)?.data;
  return last?.total_steps === undefined ? undefined : { done: last.step, of: last.total_steps };
}

function pointsOf(values: ReadonlyMap<number, number>): { step: number; value: number }[] {
  return [...values].map(([step, value]) => ({ step, value })).sort((a, b) => a.step - b.step);
}
