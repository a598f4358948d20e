// `engram embed`: the vector of a text, or of each line, by the embedding model alone.
import { EngramError } from '../../errors.js';
import type { Dtype, TextKind } from '../../index.js';
import type { CommandSpec, Options } from '../command.js';
import { stringOf, textOf } from '../input.js';

export const embed: CommandSpec = {
  usage: 'embed [text...]',
  summary: 'the vector of a text (from the arguments, or stdin)',
  options: [
    ['--lines', 'each line is a text, and has a line of numbers'],
    ['--kind <kind>', 'query for what searches, passage for what is searched (default: passage)'],
    ['--dtype <precision>', 'fp32, fp16, q8 or q4 (default: what the catalog names for the model)'],
  ],
  examples: [
    'engram embed "Where do otters sleep?" --kind query',
    'engram embed --lines --json --embedder all-minilm-l6-v2-full < sentences.txt',
  ],
  notes: ['Vectors are kept in <home>/cache: the same text is not computed twice.'],
  run: async (job, words, options) => {
    const kind = oneOf<TextKind>(options, 'kind', ['query', 'passage']) ?? 'passage';
    const dtype = oneOf<Dtype>(options, 'dtype', ['fp32', 'fp16', 'q8', 'q4']);
    const input = await textOf(job, words, 'text');
    const isEmpty = (line: string): boolean => line.trim() === '';
    const texts = options['lines'] === true ? input.split(/\r?\n/).filter((line) => !isEmpty(line)) : [input];
    const embedder = await job.embedder(dtype);
    const vectors = await embedder.embed(texts, {
      kind,
      signal: job.signal,
      onProgress: ({ done, of }) => {
        if (of > 1) job.progress.show('Embedding', `${done} of ${of}`, done / of);
      },
    });
    for (const vector of vectors) job.line(Array.from(vector, shortest).join(' '));
    const { id, dimensions } = embedder;
    job.value({
      ...{ embedder: id, dimensions, kind },
      vectors: vectors.map((vector, i) => ({ text: texts[i]!, vector: Array.from(vector, shortest) })),
    });
    return undefined;
  },
};

/** With the digits that a 32-bit float has. */
const shortest = (value: number): number => Number(value.toPrecision(8));

function oneOf<T extends string>(options: Options, name: string, values: readonly T[]): T | undefined {
  const value = stringOf(options, name);
  if (value === undefined || values.includes(value as T)) return value as T | undefined;
  throw new EngramError('usage', `Expected ${values.join(' or ')} for --${name} but received "${value}".`);
}
