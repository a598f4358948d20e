// `engram train`: a named adapter from a file of examples, as a run that can be paused, cut off and gone on with. Not here:
// memories, which have adapters of their own (memorize), and what became of runs (runs.ts).
import { EngramError } from '../../errors.js';
import type { LoraKind, TargetModule, TrainEvent } from '../../index.js';
import type { CommandSpec, Options } from '../command.js';
import { classificationReport, trainEvent, trainReport, trainStep } from '../format.js';
import { bytesOf, choiceOf, numberOf, stringOf } from '../input.js';
import type { Job } from '../job.js';
import { pauseOnSuspend } from '../suspend.js';
import { drawRun } from './plot.js';

const TARGETS: readonly TargetModule[] = ['q', 'k', 'v', 'o', 'gate', 'up', 'down'];

export const train: CommandSpec = {
  usage: 'train [file]',
  summary: 'train a named adapter on rows of {text}, {prompt, completion} or {messages}, or on a text',
  options: [
    ['--adapter <name>', 'name of the new adapter (required but with --resume)'],
    ['--resume [run]', 'go on with a run that was cut off: the one named, or the latest'],
    ['--events', 'with --json: print every event as a line of JSON before the report'],
  ],
  groups: [
    [
      'Data',
      [
        ['--validation <share|file>', 'what is measured after each epoch; the best adapter is kept (default: 0)'],
        ['--test <share|file>', 'what is measured once, at the end (default: 0)'],
        ['--classify', 'rows are {text, label} or {text, labels}; tells the labels, tests on 0.2 of the rows'],
        ['--prompt <text>', 'with --classify: how it asks; {text} stands for the text, {labels} for all labels'],
        ['--format <kind>', 'jsonl, text or labels (default: text for .txt and .md, else jsonl)'],
        ['--length <tokens>', 'longest example; longer texts are cut (default: 512 for texts, else the context)'],
      ],
    ],
    [
      'Training',
      [
        ['--epochs <number>', 'times that every row is learned from (default: 3)'],
        ['--batch-size <rows>', 'rows that go through the model together (default: 4)'],
        ['--batch-tokens <tokens>', 'as many rows together as have so many tokens (default: no limit)'],
        ['--accumulate <batches>', 'batches whose gradients make one step (default: 1)'],
        ['--learning-rate <number>', 'learning rate at its highest (default: 2e-4)'],
        ['--rate-b <ratio>', 'LoRA+: the learning rate of B is this times that of A, say 16 (default: 1)'],
        ['--schedule <kind>', 'constant, linear or cosine (default: constant)'],
        ['--warmup <steps>', 'steps in which the learning rate rises (default: 0)'],
        ['--optimizer <kind>', 'adamw, adam or sgd (default: adamw)'],
        ['--weight-decay <number>', 'how much weights shrink beside the gradient (default: 0)'],
        ['--max-grad-norm <number>', 'longer gradients are shortened to this; 0: none are (default: 1)'],
        ['--memory <size>', 'most memory the process may take, e.g. 2GB; slower where it is short (default: any)'],
        ['--seed <number>', 'seed of order, split, initial values and dropout (default: 0)'],
      ],
    ],
    [
      'Stopping early',
      [
        ['--patience <number>', 'end after so many validations without a lower loss (validates on 0.1 of the rows)'],
        ['--min-delta <nats>', 'how much lower a loss must be to count as lower (default: 0)'],
        ['--evaluate-every <steps>', 'validate also within an epoch (default: at its end only)'],
      ],
    ],
    [
      'Adapter',
      [
        ['--rank <number>', 'rank of the adapter (default: 8)'],
        ['--ranks <list>', 'ranks of single matrices, such as v=16,10-29.down=4,0-3.*=0 (default: --rank throughout)'],
        ['--kind <kind>', 'lora, scaled by alpha / rank, or rslora, by alpha / sqrt(rank) (default: lora)'],
        ['--alpha <number>', 'scale of the adapter, see --kind (default: 2 × rank; rslora: 5.66)'],
        ['--dropout <share>', 'share of the inputs that the adapter does not see in training (default: 0)'],
        ['--targets <list>', `what is adapted: some of ${TARGETS.join(',')} (default: all)`],
        ['--layers <first:last>', 'adapted layers; negative ones count from the top (default: all)'],
      ],
    ],
    [
      'Checkpoints',
      [
        ['--checkpoint-steps <number>', 'steps between two (default: 0, as time goes)'],
        ['--checkpoint-seconds <number>', 'seconds between two (default: 60)'],
        ['--keep <number>', 'how many stay beside the best (default: 2, and none when the run is done)'],
      ],
    ],
  ],
  apiNames: {
    warmupSteps: '--warmup',
    rankPattern: '--ranks',
    keepCheckpoints: '--keep',
    maxTokens: '--length',
    textTokens: '--length',
  },
  examples: [
    'engram train rows.jsonl --adapter tone',
    'engram train rows.jsonl --adapter tone --epochs 20 --validation 0.1 --patience 3',
    'engram train rows.jsonl --adapter tone --validation held-back.jsonl --test test.jsonl',
    'engram train mails.jsonl --classify --adapter mails',
    'engram train --resume',
  ],
  notes: [
    'Of a conversation only what the assistant says is learned.',
    'Ctrl-C stops after a checkpoint, and --resume goes on; Ctrl-Z pauses after one, and fg goes on. A run that was',
    'killed goes on from its last checkpoint. What comes out is the same to the bit.',
    'A run is a folder below runs/ of the home: run.json, metrics.jsonl, loss.svg, checkpoints/, tensorboard/ (for',
    'tensorboard --logdir), and report.json with --classify. See engram runs list and engram plot.',
  ],
  run: async (job, [file], options) => {
    const request = readRequest(file, options);
    const { checkTrainRequest, RunControl } = await job.api();
    await checkTrainRequest(job.settings.home, request); // before a model is loaded
    // No prompt is read: with --memory every copy of the weights counts.
    const engine = await job.openModel({ compute: 'llama' });
    const control = new RunControl();
    const suspension = pauseOnSuspend(job, control);
    try {
      const report = await engine.train({
        ...request,
        control,
        signal: job.signal,
        onProgress: (progress) => {
          job.progress.show(...trainStep(progress));
        },
        onEvent: (event) => {
          if (event.type === 'classified') {
            job.progress.show('Measuring labels', `${event.done} of ${event.of}`, event.done / event.of);
          }
          show(job, event, options['events'] === true);
          if (event.type === 'paused') void suspension.paused();
        },
      });
      if (job.isInteractive) await drawRun(job, report.folder);
      job.line(trainReport(report));
      if (report.report !== undefined) job.line(`\n${classificationReport(report.report)}`);
      job.value(report);
    } finally {
      suspension.stop();
    }
    return undefined;
  },
};

type Request = Parameters<Awaited<ReturnType<Job['open']>>['train']>[0];

function readRequest(file: string | undefined, options: Options): Request {
  const resume = options['resume'] as string | true | undefined;
  const adapter = stringOf(options, 'adapter');
  const hint = 'See: engram train --help';
  if (resume === undefined && file === undefined) {
    throw new EngramError('usage', 'There is no file to train on.', { hint });
  }
  if (resume === undefined && adapter === undefined) {
    throw new EngramError('usage', "Option '--adapter <name>' is missing: the name of the new adapter.", { hint });
  }
  const number = (name: string, flag: string): number | undefined => numberOf(options, name, flag);
  return {
    ...{ file, adapter, resume },
    validation: partOf(options, 'validation'),
    test: partOf(options, 'test'),
    format: formatOf(options),
    prompt: stringOf(options, 'prompt'),
    length: number('length', '--length'),
    epochs: number('epochs', '--epochs'),
    batchSize: number('batchSize', '--batch-size'),
    batchTokens: number('batchTokens', '--batch-tokens'),
    accumulate: number('accumulate', '--accumulate'),
    learningRate: number('learningRate', '--learning-rate'),
    rateB: number('rateB', '--rate-b'),
    schedule: choiceOf(options, 'schedule', '--schedule', ['constant', 'linear', 'cosine']),
    warmup: number('warmup', '--warmup'),
    optimizer: choiceOf(options, 'optimizer', '--optimizer', ['adamw', 'adam', 'sgd']),
    weightDecay: number('weightDecay', '--weight-decay'),
    maxGradNorm: number('maxGradNorm', '--max-grad-norm'),
    seed: number('seed', '--seed'),
    patience: number('patience', '--patience'),
    minDelta: number('minDelta', '--min-delta'),
    evaluateEvery: number('evaluateEvery', '--evaluate-every'),
    rank: number('rank', '--rank'),
    rankPattern: ranksOf(options),
    kind: stringOf(options, 'kind') as LoraKind | undefined, // the API says what there is, and why there is no DoRA
    alpha: number('alpha', '--alpha'),
    dropout: number('dropout', '--dropout'),
    targets: targetsOf(options),
    layers: layersOf(options),
    memory: bytesOf(options, 'memory', '--memory'),
    checkpointSteps: number('checkpointSteps', '--checkpoint-steps'),
    checkpointSeconds: number('checkpointSeconds', '--checkpoint-seconds'),
    keepCheckpoints: number('keep', '--keep'),
  };
}

/** --classify is the short way to say --format labels. */
function formatOf(options: Options): 'jsonl' | 'text' | 'labels' | undefined {
  const format = choiceOf(options, 'format', '--format', ['jsonl', 'text', 'labels']);
  if (options['classify'] !== true) return format;
  if (format === undefined || format === 'labels') return 'labels';
  throw new EngramError('usage', `--classify is for rows with labels, not for the format ${format}.`);
}

/** A share of the rows, or a path. */
function partOf(options: Options, name: string): number | string | undefined {
  const given = stringOf(options, name);
  if (given === undefined) return undefined;
  const share = given.trim() === '' ? Number.NaN : Number(given);
  return Number.isNaN(share) ? given : share;
}

function show(job: Job, event: TrainEvent, asJson: boolean): void {
  if (asJson) job.event(event);
  const line = trainEvent(event);
  if (line !== undefined) job.note(line);
}

function targetsOf(options: Options): TargetModule[] | undefined {
  return stringOf(options, 'targets')
    ?.split(',')
    .map((word) => choiceOf({ word: word.trim() }, 'word', '--targets', TARGETS)!);
}

/** `v=16,3.down=4` as {v: 16, '3.down': 4}. */
function ranksOf(options: Options): Record<string, number> | undefined {
  const given = stringOf(options, 'ranks');
  if (given === undefined) return undefined;
  return Object.fromEntries(
    given.split(',').map((item) => {
      const [name, rank, ...rest] = item.split('=').map((part) => part.trim());
      if (name === undefined || name === '' || rank === undefined || rest.length > 0) {
        throw new EngramError('usage', `Expected matrix=rank for --ranks but received "${item}".`, {
          hint: 'For example --ranks v=16,10-29.down=4',
        });
      }
      return [name, numberOf({ rank }, 'rank', '--ranks')!];
    }),
  );
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
