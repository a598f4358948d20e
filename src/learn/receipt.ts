// What is said of an attempt: the share of questions answered right before and after, what was kept, and whether it holds.
// Not here: asking (examination.ts).
import { says, type BeforeAfter, type Probe, type Receipt } from '../brain/index.js';

/** What training took, or why there was none. */
export type Training = Pick<Receipt, 'steps' | 'tokens' | 'flop' | 'loss'> | { reason: string };

/** `whyNot`: why what was trained does not hold. */
export function receiptOf(id: string, probes: Probe[], training: Training, seconds: number, whyNot?: string): Receipt {
  const untrained = 'reason' in training;
  if (untrained) for (const probe of probes) Object.assign(probe, { after: probe.before, held: true });
  const of = (kind: Probe['kind']): Probe[] => probes.filter((probe) => probe.kind === kind);
  const [unrelated, neighbours, old, paraphrase] = [
    of('unrelated'),
    of('neighbour'),
    of('superseded'),
    of('paraphrase'),
  ];
  const kept = (some: readonly Probe[]) => ({ kept: count(some), asked: some.length });
  const { reason = whyNot, ...took } = untrained
    ? { ...{ steps: 0, tokens: 0, flop: 0, loss: { before: 0, after: 0 } }, ...training }
    : { ...training, reason: undefined };
  return {
    id,
    ...took,
    recall: beforeAfter(of('recall')),
    ...(paraphrase.length === 0 ? {} : { paraphrase: beforeAfter(paraphrase) }),
    unrelated: kept(unrelated),
    ...(neighbours.length === 0 ? {} : { neighbours: kept(neighbours) }),
    ...(old.length === 0 ? {} : { superseded: { asked: old.length, recalled: old.length - count(old) } }),
    seconds,
    committed: reason === undefined,
    probes,
    ...(reason === undefined ? {} : { reason }),
  };
}

export function shareHeld(probes: readonly Probe[]): number {
  return probes.length === 0 ? 1 : count(probes) / probes.length;
}

function count(probes: readonly Probe[]): number {
  return probes.filter(({ held }) => held).length;
}

/** Before is what was asked before, if anything was. */
function beforeAfter(probes: readonly Probe[]): BeforeAfter {
  const asked = probes.filter(({ before }) => before !== undefined);
  const right = asked.filter(({ before, expected }) => says(before!, expected)).length;
  const after = probes.length === 0 ? 0 : shareHeld(probes);
  return { ...(asked.length === 0 ? {} : { before: right / asked.length }), after };
}
