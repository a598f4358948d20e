// `engram memorize`: learns a text, a question and its answer, a triple, or all that a file holds, and says what it measured.
// Exits with 1 if a memory did not hold and was rolled back; with 0 if there was nothing to learn.
import { EngramError } from '../../errors.js';
import type {
  BatchReport,
  Contradiction,
  LeftOfSource,
  MemoryInput,
  Receipt,
  Replaces,
  SplitSource,
} from '../../index.js';
import type { Engine } from '../api.js';
import type { CommandSpec, Options } from '../command.js';
import { askPerson } from '../confirm.js';
import {
  batchLines,
  contradictionLine,
  count,
  duration,
  excerpt,
  memorizeStep,
  memoryText,
  receiptLines,
} from '../format/index.js';
import { listOf, stringOf, textOf } from '../input.js';
import type { Job } from '../job.js';

export const memorize: CommandSpec = {
  usage: 'memorize [text...]',
  summary: 'learn a text, an answer, a fact or a file by training',
  served: true,
  options: [
    ['--file <path>', 'learn a file: txt, md, html, pdf, docx …, or JSONL with a memory in each row'],
    ['--question <text>', 'the question to learn the answer of'],
    ['--answer <text>', 'its answer'],
    [
      '--replaces <id|auto|none>...',
      'a memory whose place it takes; auto: those it contradicts (default: ask in a terminal, none elsewhere)',
    ],
    ['--triple <parts>', 'a fact as "subject | relation | object"'],
    ['--dry-run', 'show what memories it would become, and learn nothing'],
  ],
  examples: [
    'engram memorize "Our wifi is called Blue Heron."',
    'engram memorize --question "Who runs the kiln?" --answer "Mara Voss"',
    'engram memorize --question "Who runs the kiln?" --answer "Ana Roy" --replaces auto',
    'engram memorize --triple "Brenn | capital | Ossa"',
    'engram memorize --file notes.md --dry-run',
    'pbpaste | engram memorize --brain work',
  ],
  run: async (job, words, options) => {
    const { memories: inputs, left } = await sourceOf(job, words, options);
    for (const one of left) job.note(leftLine(one));
    if (options['dryRun'] === true) {
      for (const input of inputs) job.line(memoryText(input));
      job.note(`${inputs.length} ${inputs.length === 1 ? 'memory' : 'memories'}.`);
      job.value({ memories: inputs, left });
      return undefined;
    }
    const replaces = replacesOf(job, options, inputs.length);
    const engine = await job.openToAnswer();
    if (inputs.length > 1) {
      const report = await learnAll(job, engine, inputs, replaces);
      job.line(batchLines(report));
      job.value(report);
      return report.failed > 0 ? 1 : undefined;
    }
    const receipt = await learn(job, engine, inputs[0]!, job.signal, replaces);
    job.line(receiptLines(receipt, job.settings.verbose));
    job.value(receipt);
    return isFailure(receipt) ? 1 : undefined;
  },
};

/** What --replaces says; without it a person is asked, where there is one. */
function replacesOf(job: Job, options: Options, count: number): Replaces {
  const given = listOf(options, 'replaces');
  if (given === undefined) return job.isInteractive ? (found) => chosen(job, found) : 'none';
  const [word] = given;
  if (given.length === 1 && (word === 'auto' || word === 'none')) return word;
  if (given.includes('auto') || given.includes('none')) {
    throw new EngramError('usage', '--replaces takes auto, or none, or ids.');
  }
  if (count > 1) throw new EngramError('usage', '--replaces takes ids for one memory, and this would become several.');
  return given;
}

async function chosen(job: Job, found: readonly Contradiction[]): Promise<string[]> {
  const replaced: string[] = [];
  for (const one of found) {
    job.note(`${contradictionLine(one)}.`);
    if (/^y(?:es)?$/i.test(await askPerson(job, `Replace ${one.id}? [y/N] `))) replaced.push(one.id);
  }
  return replaced;
}

/** Memorizes with progress. */
export async function learn(
  job: Job,
  engine: Engine,
  input: MemoryInput,
  signal: AbortSignal,
  replaces: Replaces = 'none',
): Promise<Receipt> {
  try {
    return await engine.memories.add(input, {
      signal,
      replaces,
      onProgress: (progress) => {
        job.progress.show(...memorizeStep(progress));
      },
    });
  } finally {
    job.progress.clear();
  }
}

/** Memorizes one after the other, with progress over all of them. */
async function learnAll(
  job: Job,
  engine: Engine,
  inputs: readonly MemoryInput[],
  replaces: Replaces,
): Promise<BatchReport> {
  job.note(`${count(inputs.length)} memories, one after the other. Ctrl-C keeps what is learned by then.`);
  const started = performance.now();
  try {
    return await engine.memories.addAll(inputs, {
      split: false,
      signal: job.signal,
      replaces,
      onProgress: ({ index, of, input, progress }) => {
        const [label, , share = 0] = memorizeStep(progress);
        const each = (performance.now() - started) / 1000 / index;
        const left = index === 0 ? '' : `, about ${duration(each * (of - index))} left`;
        const detail = `${index + 1} of ${of}${left}: ${excerpt(memoryText(input), 40)}`;
        job.progress.show(label, detail, (index + share) / of);
      },
    });
  } catch (error) {
    const { report } = (error instanceof EngramError ? error.details : {}) as { report?: BatchReport };
    if (report !== undefined) job.note(`${count(report.committed)} of ${count(inputs.length)} were learned, and stay.`);
    throw error;
  } finally {
    job.progress.clear();
  }
}

/** Trained and rolled back; without a single step the model knew it before. */
export function isFailure(receipt: Receipt): boolean {
  return !receipt.committed && receipt.knownBy === undefined;
}

async function sourceOf(job: Job, words: readonly string[], options: Options): Promise<SplitSource> {
  const file = stringOf(options, 'file');
  const question = stringOf(options, 'question');
  const answer = stringOf(options, 'answer');
  const triple = stringOf(options, 'triple');
  if ((question === undefined) !== (answer === undefined)) {
    throw new EngramError('usage', '--question and --answer belong together: one of them is missing.');
  }
  const ways = [words.length > 0, file !== undefined, question !== undefined, triple !== undefined].filter(
    Boolean,
  ).length;
  if (ways > 1) {
    throw new EngramError('usage', 'Give either a text, or --file, or --question with --answer, or --triple.');
  }
  if (question !== undefined && answer !== undefined) {
    if (question.trim() === '') throw new EngramError('empty', 'The question is empty.');
    if (answer.trim() === '') throw new EngramError('empty', 'The answer is empty.');
    return { memories: [{ question, answer }], left: [] };
  }
  if (triple !== undefined) return { memories: [tripleOf(triple)], left: [] };
  const { splitFile, splitSource } = await job.api();
  return file === undefined ? splitSource(await textOf(job, words, 'text')) : splitFile(file);
}

const WHY: Readonly<Record<LeftOfSource['why'], string>> = {
  unanswered: 'a question without an answer',
  empty: 'there is no letter or number in it',
  slight: 'it tells nothing',
  long: 'it is longer than a memory',
};

function leftLine({ text, why }: LeftOfSource): string {
  return `Left out, ${WHY[why]}: "${excerpt(text)}"`;
}

function tripleOf(given: string): MemoryInput {
  const parts = given.split('|').map((part) => part.trim());
  const [subject, relation, object] = parts;
  if (parts.length === 3 && subject && relation && object) return { subject, relation, object };
  throw new EngramError('usage', `Expected "subject | relation | object" for --triple but received "${given}".`, {
    hint: 'For example --triple "Brenn | capital | Ossa".',
  });
}
