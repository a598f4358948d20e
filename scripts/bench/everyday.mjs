// The benchmark of memories as people tell them: each brain is told all and then asked all, by free generation, from the weights alone.
// What was measured before an interruption is reported; with a file to resume from, the next run goes on there.
// Not here: the data (everyday/data.mjs), one brain (everyday/measure.mjs), the shares (everyday/rows.mjs).
import { basename, resolve } from 'node:path';
import { phase } from '../set-up/progress.mjs';
import { interruption } from './child.mjs';
import { readBrains } from './everyday/data.mjs';
import { BrainMeasurement } from './everyday/measure.mjs';
import { missesOf, rowsOf } from './everyday/rows.mjs';
import { beginReport } from './machine.mjs';
import { Estimate } from './memory/estimate.mjs';
import { homeOf } from './memory/home.mjs';
import { Journal } from './memory/journal.mjs';
import { Subject } from './memory/subject.mjs';

/** Options as memory/command.mjs reads them; returns what --json prints. */
export async function benchEveryday(options) {
  const report = beginReport('memory');
  const { kind, data, count, part, model, embedder, resume } = options;
  const brains = readBrains(options);
  const identity = {
    benchmark: 'memory',
    kind,
    data: resolve(data),
    ...(count ? { count } : {}),
    part,
    model,
    embedder,
  };
  const journal = new Journal(resume, identity);
  const { home, remove } = homeOf(resume);
  let done = false;
  try {
    const all = await measure(brains, { ...options, home, journal });
    done = !interruption.aborted;
    return {
      ...report.head(),
      ...(done ? {} : { cancelled: true }),
      options: { ...identity, data: basename(data) },
      rows: rowsOf(all),
      ...(options.misses ? { misses: missesOf(all) } : {}),
    };
  } finally {
    if (done || resume === undefined) remove();
  }
}

/** Each brain with what was measured of it. */
async function measure(brains, { journal, ...options }) {
  const signal = interruption;
  let estimate;
  let update = () => undefined;
  const tick = () => {
    estimate.tick();
    update(estimate.toString());
  };
  const open = (name) => Subject.open({ ...options, strategy: 'weights', parallel: 1, brain: name, signal });
  const all = brains.map((brain) => new BrainMeasurement({ brain, journal, open, tick, signal }));
  estimate = new Estimate(all.reduce((sum, { left }) => sum + left, 0));
  try {
    for (const one of all) {
      await phase(`Telling and asking ${one.brain.name}`, async (show) => {
        update = show;
        update(estimate.toString());
        await one.run();
      });
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  return all;
}
