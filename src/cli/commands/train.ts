// `engram train`: a named adapter from a file of examples. Not here: memories, which have adapters of their own (memorize).
import { EngramError } from '../../errors.js';
import type { TargetModule } from '../../index.js';
import type { CommandSpec, Options } from '../command.js';
import { count, table, trainStep } from '../format.js';
import { choiceOf, numberOf, stringOf } from '../input.js';

const TARGETS: readonly TargetModule[] = ['q', 'k', 'v', 'o', 'gate', 'up', 'down'];

export const train: CommandSpec = {
  usage: 'train <file.jsonl>',
  summary: 'train a named adapter on rows of {text}, {prompt, completion} or {messages}',
  required: ['adapter'],
  options: [
    ['--adapter <name>', 'name of the new adapter (required)'],
    ['--epochs <number>', 'times that every row is learned from (default: 3)'],
    ['--batch-size <rows>', 'rows that go through the model together (default: 4)'],
    ['--rank <number>', 'rank of the adapter (default: 8)'],
    ['--alpha <number>', 'the adapter is scaled by alpha / rank (default: 2 × rank)'],
    ['--learning-rate <number>', 'learning rate at its highest (default: 2e-4)'],
    ['--optimizer <kind>', 'adamw, adam or sgd (default: adamw)'],
    ['--schedule <kind>', 'constant, linear or cosine (default: constant)'],
    ['--warmup <steps>', 'steps in which the learning rate rises (default: 0)'],
    ['--validation <share>', 'share of the rows that is only measured (default: 0)'],
    ['--seed <number>', 'seed of order, split and initial values (default: 0)'],
    ['--targets <list>', `what is adapted: some of ${TARGETS.join(',')} (default: all)`],
    ['--layers <first:last>', 'adapted layers; negative ones count from the top (default: all)'],
  ],
  examples: ['engram train rows.jsonl --adapter tone --epochs 3 --validation 0.1'],
  run: async (job, [file], options) => {
    const request = {
      file: file!,
      adapter: stringOf(options, 'adapter')!,
      epochs: numberOf(options, 'epochs', '--epochs'),
      batchSize: numberOf(options, 'batchSize', '--batch-size'),
      rank: numberOf(options, 'rank', '--rank'),
      alpha: numberOf(options, 'alpha', '--alpha'),
      learningRate: numberOf(options, 'learningRate', '--learning-rate'),
      optimizer: choiceOf(options, 'optimizer', '--optimizer', ['adamw', 'adam', 'sgd']),
      schedule: choiceOf(options, 'schedule', '--schedule', ['constant', 'linear', 'cosine']),
      warmup: numberOf(options, 'warmup', '--warmup'),
      validation: numberOf(options, 'validation', '--validation'),
      seed: numberOf(options, 'seed', '--seed'),
      targets: targetsOf(options),
      layers: layersOf(options),
    };
    const engine = await job.open();
    const report = await engine.train({
      ...request,
      signal: job.signal,
      onProgress: (progress) => {
        job.progress.show(...trainStep(progress));
      },
    });
    const rows = report.epochs.map(({ train: loss, validation }, index) => {
      return [`${index + 1}`, loss.toFixed(4), validation === null ? '–' : validation.toFixed(4)];
    });
    job.line(table(['epoch', 'loss', 'validation'], rows));
    job.line(`Trained ${report.adapter} on ${count(report.trainedTokens)} tokens.`);
    job.value(report);
    return undefined;
  },
};

function targetsOf(options: Options): TargetModule[] | undefined {
  return stringOf(options, 'targets')
    ?.split(',')
    .map((word) => choiceOf({ word: word.trim() }, 'word', '--targets', TARGETS)!);
}

function layersOf(options: Options): [number, number] | undefined {
  const given = stringOf(options, 'layers');
  if (given === undefined) return undefined;
  const match = /^(-?\d+):(-?\d+)$/.exec(given.trim());
  if (match === null) {
    throw new EngramError('usage', `Expected first:last for --layers but received "${given}".`, {
      hint: 'For example --layers 15:29, or --layers=-8:-1 for the top eight.',
    });
  }
  return [Number(match[1]), Number(match[2])];
}
