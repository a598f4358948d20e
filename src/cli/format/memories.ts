// Memories, receipts and what happened to them, as a person reads them. Not here: answers (answers.ts).
import type {
  BatchReport,
  BeforeAfter,
  Contradiction,
  LedgerEvent,
  MemorizeProgress,
  Memory,
  MemoryInput,
  Receipt,
} from '../../index.js';
import { count, duration, excerpt, share, table } from './figures.js';

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
