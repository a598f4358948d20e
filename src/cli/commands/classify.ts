// `engram classify`: the labels of texts, by an adapter that `train --classify` made; or how well it tells them.
import { EngramError } from '../../errors.js';
import type { Prediction } from '../../index.js';
import type { CommandSpec } from '../command.js';
import { classificationReport, excerpt } from '../format/index.js';
import { requireFile, stringOf, textOf } from '../input.js';
import type { Job } from '../job.js';

export const classify: CommandSpec = {
  usage: 'classify [text...]',
  summary: 'tell the labels of a text (from the arguments, or stdin) with an adapter of train --classify',
  required: ['adapter'],
  options: [
    ['--adapter <name>', 'an adapter that train --classify made (required)'],
    ['--lines', 'each line is a text'],
    ['--evaluate <file.jsonl>', 'measure the adapter on rows of {text, label} or {text, labels} instead'],
  ],
  examples: [
    'engram classify --adapter mails "You have won a prize"',
    'engram classify --adapter mails --lines --json < subjects.txt',
    'engram classify --adapter mails --evaluate others.jsonl',
  ],
  run: async (job, words, options) => {
    const adapter = stringOf(options, 'adapter')!;
    const file = stringOf(options, 'evaluate');
    if (file !== undefined) {
      if (words.length > 0) throw new EngramError('usage', 'Give a text or --evaluate, not both.');
      await requireFile(file);
      return evaluate(job, adapter, file);
    }
    const engine = await job.openToAnswer();
    await engine.check({ adapter }, { raw: true });
    const input = await textOf(job, words, 'text');
    const isLines = options['lines'] === true;
    const texts = isLines
      ? input
          .split('\n')
          .map((line) => line.trim())
          .filter((line) => line !== '')
      : [input];
    const predictions = await engine.adapters.classify({
      adapter,
      texts,
      signal: job.signal,
      onProgress: show(job, 'Classifying'),
    });
    for (const [i, prediction] of predictions.entries()) {
      job.line(isLines ? `${verdict(prediction)}\t${excerpt(texts[i]!)}` : verdict(prediction));
    }
    job.value({ adapter, predictions: predictions.map((prediction, i) => ({ text: texts[i]!, ...prediction })) });
    return undefined;
  },
};

async function evaluate(job: Job, adapter: string, file: string): Promise<undefined> {
  const engine = await job.openToAnswer();
  await engine.check({ adapter }, { raw: true });
  const report = await engine.adapters.evaluate({
    adapter,
    file,
    signal: job.signal,
    onProgress: show(job, 'Classifying'),
  });
  job.line(classificationReport(report));
  job.value({ adapter, file, ...report });
  return undefined;
}

function show(job: Job, label: string): (progress: { done: number; of: number }) => void {
  return ({ done, of }) => {
    if (of > 1) job.progress.show(label, `${done} of ${of}`, done / of);
  };
}

/** `spam (99.8%)`, or all labels of a text that may have several. */
function verdict({ labels, probabilities }: Prediction): string {
  const named = labels.map((label) => `${label} (${(100 * (probabilities[label] ?? 0)).toFixed(1)}%)`);
  return named.length === 0 ? 'none' : named.join(', ');
}
