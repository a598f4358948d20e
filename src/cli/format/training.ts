// Runs of training, their events and reports, as a person reads them. Not here: plots (training/logs).
import type { ClassificationReport, RunProgress, Scores, StoredRun, TrainEvent, TrainReport } from '../../index.js';
import { count, duration, excerpt, share, table } from './figures.js';

export function trainStep(progress: RunProgress): [label: string, detail: string, share: number] {
  const { step, of, epoch, loss, tokensPerSecond, etaSeconds } = progress;
  const detail = `epoch ${epoch}, step ${step} of ${of}, loss ${loss.toFixed(3)}, ${Math.round(tokensPerSecond)} tokens/s`;
  return ['Training', `${detail}, ${duration(etaSeconds)} left`, step / Math.max(1, of)];
}

/** What people are told on the way; most is in the live line already. */
export function trainEvent(event: TrainEvent): string | undefined {
  switch (event.type) {
    case 'started': {
      const { train, validation, test } = event.rows;
      const parts = [`${count(train)} rows to learn`];
      if (validation > 0) parts.push(`${count(validation)} to validate`);
      if (test > 0) parts.push(`${count(test)} to test`);
      const from = event.step === 0 ? '' : `, on from step ${event.step}`;
      return `Run ${event.run}: ${parts.join(', ')}${from}.`;
    }
    case 'metrics': {
      if (event.kind === 'step' || event.split !== 'validation') return undefined;
      return `Epoch ${event.epoch}, step ${event.step}: validation loss ${event.loss.toFixed(4)}.`;
    }
    case 'memory': {
      const gb = (bytes: number): string => `${(bytes / 1e9).toFixed(2)} GB`;
      if (event.limit === undefined || event.limit >= event.most) return `Memory: about ${gb(event.most)}.`;
      return `Memory: about ${gb(event.limit)} instead of ${gb(event.most)}, by computing some layers twice.`;
    }
    case 'kernels_changed':
      return `Went on with other kernels (${event.now}) than before (${event.before}): not the same to the bit.`;
    case 'typed_signs':
      return `${count(event.rows)} texts, the first in line ${event.firstLine}, write ${event.sign} in letters, as which it is learned: conversations go into {"messages"}.`;
    case 'classified':
      return undefined;
    case 'paused':
      return `Paused after step ${event.step}, with a checkpoint.`;
    case 'stopped_early':
      return `No better for ${event.validations} validations: stopped after step ${event.step}.`;
    case 'best_restored':
      return `Kept the adapter of step ${event.step}: validation loss ${event.loss.toFixed(4)}.`;
    case 'checkpoint':
    case 'resumed':
      return undefined;
  }
}

/** Losses and shares of right tokens by epoch, and what was measured at the end. */
export function trainReport(report: TrainReport): string {
  const cell = (value: number | null, show: (value: number) => string): string => (value === null ? '–' : show(value));
  const loss = (value: number): string => value.toFixed(4);
  const rows = report.epochs.map(({ train, trainAccuracy, validation, validationAccuracy }, index) => {
    return [`${index + 1}`, loss(train), share(trainAccuracy), cell(validation, loss), cell(validationAccuracy, share)];
  });
  const lines = [table(['epoch', 'loss', 'right', 'validation', 'right'], rows)];
  if (report.test !== null) lines.push(`Test: loss ${loss(report.test.loss)}, ${share(report.test.accuracy)} right.`);
  if (report.best !== null) lines.push(`Best: after step ${report.best.step} (epoch ${report.best.epoch}).`);
  lines.push(`Trained ${report.adapter} on ${count(report.trainedTokens)} tokens in ${duration(report.seconds)}.`);
  return lines.join('\n');
}

/** Precision, recall and F1 by label and on average. */
export function classificationReport(report: ClassificationReport): string {
  const figures = ({ precision, recall, f1, support }: Scores): string[] => [
    ...[precision, recall, f1].map((value) => value.toFixed(3)),
    count(support),
  ];
  const rows = report.labels.map(({ label, ...scores }) => [excerpt(label, 40), ...figures(scores)]);
  const averages = (['micro', 'macro', 'weighted'] as const).map((name) => [
    `${name} average`,
    ...figures(report[name]),
  ]);
  return [
    table(['label', 'precision', 'recall', 'F1', 'support'], [...rows, [], ...averages]),
    `Accuracy: ${report.accuracy.toFixed(3)} of ${count(report.texts)} texts.`,
  ].join('\n');
}

export function runStatus({ record, active, resumable }: StoredRun): string {
  const status = active ? 'running' : record.status === 'running' ? 'cut off' : record.status;
  return resumable ? `${status}, can go on` : status;
}
