// `engram train`: a named adapter from a file of examples, as a run that can be paused, cut off and gone on with. Not here:
// memories, which have adapters of their own (memorize), and what became of runs (runs.ts).
import { EngramError } from '../../errors.js';
import type { LoraKind, TrainEvent, TrainRequest } from '../../index.js';
import { TRAINING } from '../../options/index.js';
import type { CommandSpec, Options } from '../command.js';
import { classificationReport, trainEvent, trainReport, trainStep } from '../format/index.js';
import { stringOf } from '../input.js';
import type { Job } from '../job.js';
import { groupsOf, valuesOf } from '../options.js';
import { pauseOnSuspend } from '../suspend.js';
import { drawRun } from './plot.js';

const CLASSIFY = [
  '--classify',
  'rows are {text, label} or {text, labels}; tells the labels, tests on 0.2 of the rows',
] as const;

export const train: CommandSpec = {
  usage: 'train [file]',
  summary: 'train a named adapter on rows of {text}, {prompt, completion} or {messages}, or on a text',
  options: [
    ['--adapter <name>', 'name of the new adapter (required but with --resume)'],
    ['--resume [run]', 'go on with a run that was cut off: the one named, or the latest'],
    ['--events', 'with --json: print every event as a line of JSON before the report'],
  ],
  groups: groupsOf(TRAINING).map(([heading, rows]) => [heading, heading === 'Data' ? [...rows, CLASSIFY] : rows]),
  apiNames: {
    warmupSteps: '--warmup',
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
    const { RunControl } = await job.api();
    // No prompt is read: with --memory every copy of the weights counts.
    const { adapters } = await job.open({ compute: 'llama' });
    const control = new RunControl();
    const suspension = pauseOnSuspend(job, control);
    try {
      const report = await adapters.train({
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
      if (job.isInteractive) await drawRun(job, report.run);
      job.line(trainReport(report));
      if (report.report !== undefined) job.line(`\n${classificationReport(report.report)}`);
      job.value(report);
    } finally {
      suspension.stop();
    }
    return undefined;
  },
};

function readRequest(file: string | undefined, options: Options): TrainRequest {
  const resume = options['resume'] as string | true | undefined;
  const adapter = stringOf(options, 'adapter');
  const hint = 'See: engram train --help';
  if (resume === undefined && file === undefined) {
    throw new EngramError('usage', 'There is no file to train on.', { hint });
  }
  if (resume === undefined && adapter === undefined) {
    throw new EngramError('usage', "Option '--adapter <name>' is missing: the name of the new adapter.", { hint });
  }
  // The training says why there is no DoRA.
  const { kind, ...rest } = options;
  const given = kind === 'dora' ? { ...valuesOf(TRAINING, rest), kind: kind as LoraKind } : valuesOf(TRAINING, options);
  return { ...given, file, adapter, resume, format: formatOf(given.format, options['classify'] === true) };
}

/** --classify is the short way to say --format labels. */
function formatOf(format: TrainRequest['format'], isClassify: boolean): TrainRequest['format'] {
  if (!isClassify) return format;
  if (format === undefined || format === 'labels') return 'labels';
  throw new EngramError('usage', `--classify is for rows with labels, not for the format ${format}.`);
}

function show(job: Job, event: TrainEvent, asJson: boolean): void {
  if (asJson) job.event(event);
  const line = trainEvent(event);
  if (line !== undefined) job.note(line);
}
