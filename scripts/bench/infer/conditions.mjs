// What goes on beside the work that is timed: what may be beside a training step too (neighbours.mjs), or a training.
import { beside, CONDITIONS as NEIGHBOURS } from '../neighbours.mjs';

export const CONDITIONS = {
  quiet: NEIGHBOURS.quiet,
  'one-core': NEIGHBOURS['one-core'],
  training: { text: 'a training goes on: for engram in the same process, for the others in another' },
};

/** Runs `work` beside the neighbour of a condition. A training is begun and ended with each turn, by speakers.mjs. */
export function under(condition, work) {
  return condition === 'training' ? work() : beside(condition, work);
}
