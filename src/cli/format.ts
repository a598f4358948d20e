// Figures and tables as a person reads them. Not here: JSON, which carries the figures as they are.
import type {
  Answer,
  BatchReport,
  BeforeAfter,
  ClassificationReport,
  Contradiction,
  LedgerEvent,
  MemorizeProgress,
  Memory,
  MemoryInput,
  Receipt,
  RunProgress,
  Scores,
  StoredRun,
  TrainEvent,
  TrainReport,
} from '../index.js';
import { isObject } from '../is-object.js';
import { fit, widthOf } from './io.js';

export function bytes(count: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = count;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 || value >= 99.95 ? Math.round(value) : value.toFixed(1)} ${units[unit]!}`;
}

/** Seconds as `0.4 s`, `12 s`, `3 min 20 s` or `2 h 5 min`. */
export function duration(seconds: number): string {
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 120) return `${whole} s`;
  const minutes = Math.round(seconds / 60);
  return whole < 7200
    ? `${Math.floor(whole / 60)} min ${whole % 60} s`
    : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

export function share(value: number): string {
  return `${Math.round(value * 100)}%`;
}

export function count(value: number): string {
  return value.toLocaleString('en');
}

/** One line of at most so many columns. */
export function excerpt(text: string, columns = 60): string {
  return fit(text.replace(/\s+/gu, ' ').trim(), columns);
}

/** Rows under headings, columns aligned; the last column is not padded. */
export function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [headings, ...rows];
  const widths = headings.map((_, column) => Math.max(...all.map((row) => widthOf(row[column] ?? ''))));
  const pad = (cell: string, width: number): string => cell + ' '.repeat(width - widthOf(cell));
  const line = (row: readonly string[]): string =>
    row.map((cell, column) => (column === row.length - 1 ? cell : pad(cell, widths[column]!))).join('  ');
  return all.map((row) => line(row).trimEnd()).join('\n');
}

/** A plain object as lines of `name: value`, groups indented. */
export function describe(value: object, indent = ''): string {
  const lines: string[] = [];
  for (const [key, item] of Object.entries(value)) {
    if (item === undefined || item === null) continue;
    if (Array.isArray(item)) {
      const items = item.map((one) => (isObject(one) ? row(one) : String(one)));
      lines.push(`${indent}${words(key)}: ${items.length === 0 ? 'none' : items.join(', ')}`);
    } else if (isObject(item)) {
      lines.push(`${indent}${words(key)}:`, describe(item, `${indent}  `));
    } else {
      lines.push(`${indent}${words(key)}: ${plainValue(key, item)}`);
    }
  }
  return lines.join('\n');
}

function row(value: object): string {
  const cells = Object.entries(value).filter(([, cell]) => typeof cell !== 'object' && cell !== undefined);
  return cells.map(([key, cell]) => plainValue(key, cell)).join('  ');
}

function plainValue(key: string, value: unknown): string {
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (typeof value !== 'number') return String(value);
  return /bytes/i.test(key) ? bytes(value) : Number.isInteger(value) ? count(value) : value.toPrecision(3);
}

/** `cpuFeatures` → `cpu features`. */
function words(key: string): string {
  return key.replace(/(?<=[a-z\d])[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

/** What memorize measured. */
export function receiptLines(receipt: Receipt, verbose: boolean): string {
  const { loss, recall, paraphrase, unrelated, neighbours } = receipt;
  const effort = `${duration(receipt.seconds)}, ${count(receipt.steps)} steps, ${count(receipt.tokens)} tokens`;
  const lines = receipt.committed
    ? [`Remembered as ${receipt.id} (${effort}).`]
    : [`Not remembered (${effort}): ${receipt.reason ?? 'its probes did not hold.'}`];
  if (receipt.steps > 0) {
    lines.push(
      `  loss        ${loss.before.toFixed(2)} → ${loss.after.toFixed(2)}`,
      `  recall      ${change(recall)}`,
      `  paraphrase  ${paraphrase === undefined ? 'not asked: no question could be written' : change(paraphrase)}`,
      `  unrelated   ${unrelated.kept} of ${unrelated.asked} answers unchanged`,
      ...(neighbours === undefined
        ? []
        : [`  neighbours  ${neighbours.kept} of ${neighbours.asked} questions left alone`]),
    );
  }
  const { supersedes = [], superseded, contradicts = [] } = receipt;
  if (supersedes.length > 0) lines.push(`  in place of ${supersedes.join(', ')}`);
  if (superseded !== undefined && receipt.steps > 0) {
    lines.push(`  superseded  ${superseded.recalled} of ${superseded.asked} old answers left`);
  }
  for (const one of contradicts) lines.push(`  contradicts ${contradictionLine(one)}`);
  if (contradicts.length > 0 && receipt.committed) {
    lines.push(`  Both are kept. To keep one: engram forget ${contradicts[0]!.id} (next time: --replaces auto).`);
  }
  if (verbose) {
    for (const probe of receipt.probes) {
      const said = `${probe.before === undefined ? '' : `${excerpt(probe.before, 40)} → `}${excerpt(probe.after, 40)}`;
      lines.push(`  ${probe.held ? 'held' : 'lost'}  ${probe.kind}: ${probe.question}  ${said}`);
    }
  }
  return lines.join('\n');
}

/** Before is said only of what was asked before. */
function change({ before, after }: BeforeAfter): string {
  return before === undefined ? share(after) : `${share(before)} → ${share(after)}`;
}

/** A memory as one line, before it is one. */
export function memoryText(input: MemoryInput): string {
  if (typeof input === 'string') return input;
  return 'question' in input ? `${input.question} → ${input.answer}` : Object.values(input).join(' | ');
}

/** What became of a batch: a line each, and the sum. */
export function batchLines({ memories, committed, known, failed, seconds }: BatchReport): string {
  const rows = memories.map(({ input, receipt, error }) => {
    const text = excerpt(memoryText(input), 50);
    if (receipt === undefined) return ['failed', text, error.message];
    if (receipt.committed) return [receipt.id, text, `recall ${change(receipt.recall)}`];
    return [receipt.knownBy === undefined ? 'no' : 'known', text, receipt.reason ?? ''];
  });
  const sum = `${committed} remembered, ${known} known already, ${failed} not remembered (${duration(seconds)}).`;
  return `${table(['memory', 'text', 'result'], rows)}\n${sum}`;
}

/** Label, detail and share of a step of memorize. */
export function memorizeStep(progress: MemorizeProgress): [label: string, detail: string, share?: number] {
  switch (progress.phase) {
    case 'wait':
      return ['Waiting', progress.who];
    case 'lessons':
      return ['Making lessons', `${progress.lessons} lessons`];
    case 'probe_before':
      return ['Asking before', `${progress.done} of ${progress.of}`, progress.done / Math.max(1, progress.of)];
    case 'train': {
      const { step, steps, loss, tokensPerSecond } = progress;
      const speed = `${Math.round(tokensPerSecond)} tokens/s`;
      return ['Training', `step ${step}, loss ${loss.toFixed(3)}, ${speed}`, step / Math.max(1, steps)];
    }
    case 'probe_after':
      return ['Asking after', `${progress.done} of ${progress.of}`, progress.done / Math.max(1, progress.of)];
    case 'commit':
      return ['Committing', ''];
  }
}

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

/** What an answer rests on, for a person. */
export function attribution(answer: Answer): string {
  const { damaged } = answer;
  if (damaged === undefined) return restsOn(answer);
  const lost = `${damaged.id} "${excerpt(damaged.text, 40)}" is about it, but its adapter is damaged`;
  return `${restsOn(answer)}; ${lost}: engram brain rebuild --damaged`;
}

function restsOn({ source, memories, unsure = [], passages, confidence }: Answer): string {
  const named = (some: Answer['memories']): string =>
    some
      .map(({ id, text, score, told }) => {
        const when = told === undefined ? '' : ` (told ${told.slice(0, 10)})`;
        return `${id} "${excerpt(text, 40)}"${when} ${score.toFixed(2)}`;
      })
      .join(', ');
  switch (source) {
    case 'weights': {
      const sure = confidence === undefined ? '' : `, sure ${confidence.toFixed(2)}`;
      return memories.length === 0 ? 'from the adapter' : `from memory: ${named(memories)}${sure}`;
    }
    case 'memory':
      return `from memory, as text: ${named(memories)}`;
    case 'retrieval': {
      const instead = unsure.length === 0 ? '' : `; the weights of ${named(unsure)} were not sure`;
      return `from documents: ${passages.map((_, i) => `[${i + 1}]`).join(' ')}${instead}`;
    }
    case 'context':
      return 'from the conversation';
    case 'unknown':
      return 'nothing remembered or ingested answers this; --unknown answer has the model answer all the same';
    case 'base':
      return 'from the base model alone';
  }
}

/** Events of a ledger; `textOf` knows the memories. */
export function historyTable(events: readonly LedgerEvent[], textOf: (id: string) => string): string {
  const rows = events.map((event) => {
    const { id, time, kind, memoryId, payload } = event;
    const by = event.kind === 'superseded' ? ` by ${event.payload.by}` : '';
    const undoes = 'undoes' in payload && typeof payload.undoes === 'number' ? ` (undoes ${payload.undoes})` : '';
    const about = memoryId === null ? '' : textOf(memoryId);
    const said = 'model' in payload ? payload.model.name : 'text' in payload ? payload.text : about;
    const when = time.slice(0, 19).replace('T', ' ');
    return [`${id}`, when, memoryId ?? '', `${kind.replace('_', ' ')}${by}${undoes}`, excerpt(said)];
  });
  return table(['event', 'time', 'memory', 'what', 'text'], rows);
}

/** A memory that no longer holds. */
export function contradictionLine({ id, text, score }: Contradiction): string {
  return `${id} (${share(score)}): "${excerpt(text, 60)}"`;
}

export function memoryTable(memories: readonly Memory[]): string {
  const rows = memories.map((memory) => {
    const { damaged } = memory;
    return [
      memory.id,
      damaged === undefined ? memory.state : `damaged (adapter ${damaged})`,
      memory.createdAt.slice(0, 10),
      memory.receipt === undefined ? '' : share(memory.receipt.recall.after),
      excerpt(memory.text),
    ];
  });
  return table(['id', 'state', 'since', 'recall', 'text'], rows);
}
