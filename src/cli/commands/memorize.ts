// `engram memorize`: learns a text, or a question and its answer, and says what it measured. Exits with 1 if the memory did
// not hold and was rolled back; with 0 if there was nothing to learn.
import { EngramError } from '../../errors.js';
import type { Contradiction, MemoryInput, Receipt, Replaces } from '../../index.js';
import type { Engine } from '../api.js';
import type { CommandSpec, Options } from '../command.js';
import { askPerson } from '../confirm.js';
import { contradictionLine, memorizeStep, receiptLines } from '../format.js';
import { listOf, stringOf, textOf, textOfFile } from '../input.js';
import type { Job } from '../job.js';

export const memorize: CommandSpec = {
  usage: 'memorize [text...]',
  summary: 'learn a text, or a question and its answer, by training',
  options: [
    ['--file <path>', 'take the text from a file'],
    ['--question <text>', 'the question to learn the answer of'],
    ['--answer <text>', 'its answer'],
    [
      '--replaces <id|auto|none>...',
      'a memory whose place it takes; auto: those it contradicts (default: ask in a terminal, none elsewhere)',
    ],
  ],
  examples: [
    'engram memorize "Our wifi is called Blue Heron."',
    'engram memorize --question "Who runs the kiln?" --answer "Mara Voss"',
    'engram memorize --question "Who runs the kiln?" --answer "Ana Roy" --replaces auto',
    'pbpaste | engram memorize --brain work',
  ],
  run: async (job, words, options) => {
    const input = await inputOf(job, words, options);
    const engine = await job.open();
    const receipt = await learn(job, engine, input, job.signal, replacesOf(job, options));
    job.line(receiptLines(receipt, job.settings.verbose));
    job.value(receipt);
    return isFailure(receipt) ? 1 : undefined;
  },
};

/** What --replaces says; without it a person is asked, where there is one. */
function replacesOf(job: Job, options: Options): Replaces {
  const given = listOf(options, 'replaces');
  if (given === undefined) return job.isInteractive ? (found) => chosen(job, found) : 'none';
  const [word] = given;
  if (given.length === 1 && (word === 'auto' || word === 'none')) return word;
  if (given.includes('auto') || given.includes('none')) {
    throw new EngramError('usage', '--replaces takes auto, or none, or ids.');
  }
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
    return await engine.memorize(input, {
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

/** Trained and rolled back; without a single step the model knew it before. */
export function isFailure(receipt: Receipt): boolean {
  return !receipt.committed && receipt.steps > 0;
}

async function inputOf(job: Job, words: readonly string[], options: Options): Promise<MemoryInput> {
  const file = stringOf(options, 'file');
  const question = stringOf(options, 'question');
  const answer = stringOf(options, 'answer');
  if ((question === undefined) !== (answer === undefined)) {
    throw new EngramError('usage', '--question and --answer belong together: one of them is missing.');
  }
  const ways = [words.length > 0, file !== undefined, question !== undefined].filter(Boolean).length;
  if (ways > 1) throw new EngramError('usage', 'Give either a text, or --file, or --question with --answer.');
  if (question !== undefined && answer !== undefined) {
    if (question.trim() === '') throw new EngramError('empty', 'The question is empty.');
    if (answer.trim() === '') throw new EngramError('empty', 'The answer is empty.');
    return { question, answer };
  }
  return file === undefined ? textOf(job, words, 'text') : textOfFile(file, 'text');
}
