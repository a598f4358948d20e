// The whole benchmark of memory: cases, each strategy over them, and the rows that come of it. What was measured before an
// interruption is reported; with a file to resume from, the next run goes on there.
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { note, phase } from '../set-up/progress.mjs';
import { interruption } from './child.mjs';
import { beginReport } from './machine.mjs';
import { readCases, readUnrelated } from './memory/cases.mjs';
import { Estimate } from './memory/estimate.mjs';
import { homeOf } from './memory/home.mjs';
import { Journal } from './memory/journal.mjs';
import { Measurement } from './memory/measure.mjs';
import { comparePeft } from './memory/peft.mjs';
import { missesOf, rowOf } from './memory/rows.mjs';
import { inOrder } from './memory/strategies.mjs';
import { Subject } from './memory/subject.mjs';
import { PeakMeter } from './peak.mjs';
import { reasonOf } from './peers.mjs';

/** Unrelated questions there are in all; each case is asked a few of them in turn. */
const UNRELATED = 100;

/** Options as memory/command.mjs reads them; returns what --json prints. */
export async function benchMemory(options) {
  const report = beginReport('memory');
  const cases = readCases(options);
  const unrelated = readUnrelated({ ...options, most: UNRELATED });
  const identity = identityOf(options);
  const journal = new Journal(options.resume, identity);
  const peak = new PeakMeter(options.threads ?? availableParallelism());
  await peak.measure();
  const { home, remove } = homeOf(options.resume);
  let done = false;
  try {
    const measurement = await measure({ cases, unrelated, journal, options: { ...options, home } });
    const peft = options.peers.includes('peft') ? await besidePeft({ cases, journal, options }) : undefined;
    done = !interruption.aborted;
    const { rows, misses } = rowsOf(measurement, options);
    return {
      ...report.head(),
      ...(done ? {} : { cancelled: true }),
      peakGflops: peak.best,
      options: { ...identity, count: options.count },
      unrelatedQuestions: unrelated.length,
      rows,
      ...(peft === undefined ? {} : { peft }),
      ...(options.misses ? { misses } : {}),
    };
  } finally {
    if (done || options.resume === undefined) remove();
  }
}

async function measure({ cases, unrelated, journal, options }) {
  const signal = interruption;
  const { strategies } = options;
  let estimate;
  let update = () => undefined;
  const tick = () => {
    estimate.tick();
    update(estimate.toString());
  };
  const open = (strategy) => Subject.open({ ...options, strategy, signal });
  const measurement = new Measurement({ cases, unrelated, journal, options, signal, open, tick });
  estimate = new Estimate(measurement.left(strategies));
  try {
    for (const name of inOrder(strategies)) {
      await phase(name === 'none' ? 'Asking the base model' : `Remembering by ${name}`, async (show) => {
        update = show;
        update(estimate.toString());
        await measurement.strategy(name);
      });
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  return measurement;
}

/** PEFT's training of the same memories, or why there is none; undefined if it was interrupted. */
async function besidePeft({ cases, journal, options }) {
  try {
    return await journal.once(`peft ${cases.length}`, () =>
      phase('Training beside PEFT', (show) => comparePeft({ cases, options, show })),
    );
  } catch (error) {
    if (interruption.aborted) return undefined;
    const why = reasonOf(error);
    note(`Without PEFT: ${why}`);
    return { why };
  }
}

/** Rows with and without the gate, and what each did not hold. */
function rowsOf(measurement, { kind, strategies, gate, sequential }) {
  const { cases } = measurement;
  const base = measurement.results('none');
  const unlearned = { seconds: 0, memories: [] };
  const found = strategies.flatMap((strategy) => {
    const isBase = strategy === 'none';
    const results = isBase
      ? new Map([...base].map(([i, gated]) => [i, { learned: unlearned, gated }]))
      : measurement.results(strategy);
    const hasUngated = !gate && [...results.values()].some(({ ungated }) => ungated !== undefined);
    return (hasUngated ? [true, false] : [true]).map((isGated) => ({ strategy, gate: isGated, cases, base, results }));
  });
  const mode = sequential ? 'sequential' : 'single';
  return {
    rows: found.flatMap((given) => {
      const row = rowOf(given);
      return row === undefined ? [] : [{ strategy: given.strategy, kind, mode, ...row }];
    }),
    misses: found.flatMap((given) => missesOf(given)),
  };
}

/** What must be the same for pieces of two runs to belong together. Alone, more cases change nothing for the others. */
function identityOf(options) {
  const { kind, data, count, offset, seed, sequential, supersede, forget, gate } = options;
  const { model, embedder, parallel, unrelated } = options;
  return {
    ...{ benchmark: 'memory', kind, data: resolve(data), offset, seed, sequential, supersede, forget, gate },
    ...{ model, embedder, parallel },
    ...(sequential ? { count } : {}),
    ...(unrelated === undefined ? {} : { unrelated: resolve(unrelated) }),
  };
}
