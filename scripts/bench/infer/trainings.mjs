// What chatting costs a training in the same process: its steps a second alone, and while engram generates.
import { phase } from '../../set-up/progress.mjs';
import { throwIfInterrupted } from '../child.mjs';
import { significant } from '../statistics.mjs';

/** A row for each number of threads that engram generated with. `rows`: those of generation while training. */
export async function trainingRows(run, rows) {
  const generated = rows.filter(({ condition, what, stepsPerSecond }) => {
    return condition === 'training' && what === 'generation 128' && stepsPerSecond !== undefined;
  });
  const found = [];
  for (const { threads, stepsPerSecond: whileGenerating } of generated) {
    try {
      const seconds = run.times.training;
      const { steps, seconds: trained } = await phase(`A training alone, beside an idle engram (${threads})`, () =>
        run.speakers.engram(threads).ask({ do: 'train', seconds }, (seconds + 60) * 1000),
      );
      const alone = significant(steps / trained);
      found.push({ threads, alone, whileGenerating, share: significant(whileGenerating / alone) });
    } catch (error) {
      throwIfInterrupted();
      found.push({ threads, whileGenerating, why: error.message });
    }
  }
  return found;
}
