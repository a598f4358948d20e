// `engram adapters merge`, `shrink` and `fuse`: adapters made into others, or into a model.
import { EngramError } from '../../errors.js';
import type { Ingredient, MergeResult } from '../../index.js';
import type { CommandSpec, Options } from '../command.js';
import { bytes, count } from '../format/index.js';
import { numberOf, stringOf } from '../input.js';
import type { Job } from '../job.js';

const LIMITS: NonNullable<CommandSpec['options']> = [
  ['--rank <number>', 'most of any matrix; each is cut to its best approximation'],
  ['--budget <rank>', 'as many numbers as an adapter of this rank, spread where they hold most'],
];
const WEIGHTS = [
  '--weights <list>',
  'how much of each, in order: 1 is all, negative takes away (default: 1 each)',
] as const;

export const merge: CommandSpec = {
  usage: 'merge <names...>',
  summary: 'make one adapter that says the same as several together',
  required: ['name'],
  options: [
    ['--name <name>', 'name of the new adapter (required)'],
    WEIGHTS,
    ...LIMITS,
    ['--replace', 'replace an adapter of that name'],
  ],
  examples: [
    'engram adapters merge tone law --name both',
    'engram adapters merge tone law --name both --weights 0.5,0.5 --rank 8',
  ],
  run: async (job, names, options) => {
    const request = { ...limitsOf(options), ...newAdapter(options), ...work(job, 'Merging') };
    const result = await (await job.open()).adapters.merge(ingredientsOf(names, options), request);
    report(job, `Merged ${names.join(' and ')} into`, result);
    return undefined;
  },
};

export const shrink: CommandSpec = {
  usage: 'shrink <name>',
  summary: 'make a smaller adapter that says nearly the same',
  required: ['name'],
  options: [
    ['--name <name>', 'name of the new adapter (required)'],
    ...LIMITS,
    ['--replace', 'replace an adapter of that name'],
  ],
  examples: ['engram adapters shrink tone --name tone-small --budget 4'],
  run: async (job, [name], options) => {
    const request = { ...limitsOf(options), ...newAdapter(options), ...work(job, 'Shrinking') };
    report(job, `Shrunk ${name!} to`, await (await job.open()).adapters.shrink(name!, request));
    return undefined;
  },
};

export const fuse: CommandSpec = {
  usage: 'fuse <names...>',
  summary: 'write a new GGUF model with adapters built in',
  required: ['out'],
  options: [
    ['--out <file>', 'the new model (required)'],
    WEIGHTS,
    ['--type <type>', 'f32, f16, bf16, q8_0, q6_k, …, or own: as in the model, which is coarse (default: f16)'],
    ['--replace', 'replace a file of that name'],
  ],
  examples: ['engram adapters fuse tone --out smollm2-tone.gguf', 'engram ask --model ./smollm2-tone.gguf "…"'],
  run: async (job, names, options) => {
    const request = {
      ...{ output: stringOf(options, 'out')!, replace: options['replace'] === true },
      type: stringOf(options, 'type'),
      ...work(job, 'Fusing'),
    };
    const result = await (await job.open()).adapters.fuse(ingredientsOf(names, options), request);
    job.line(`Wrote ${result.path}: ${bytes(result.bytes)}, ${count(result.tensors)} tensors changed.`);
    job.value(result);
    return undefined;
  },
};

function report(job: Job, done: string, result: MergeResult): void {
  const { adapter, error, parameters, ranks } = result;
  const kept = ranks.map(({ after }) => after);
  const [least, most] = [Math.min(...kept), Math.max(...kept)];
  const rank = least === most ? `rank ${most}` : `ranks ${least} to ${most}`;
  job.line(`${done} ${adapter.name}: ${rank}, ${count(parameters)} numbers, ${bytes(adapter.bytes)}.`);
  job.line(error === 0 ? 'Nothing was cut off.' : `Cut off: ${(100 * error).toPrecision(2)}% of the change's norm.`);
  job.value(result);
}

function limitsOf(options: Options): { rank: number | undefined; budget: number | undefined } {
  return { rank: numberOf(options, 'rank', '--rank'), budget: numberOf(options, 'budget', '--budget') };
}

function newAdapter(options: Options): { name: string; replace: boolean } {
  return { name: stringOf(options, 'name')!, replace: options['replace'] === true };
}

function work(job: Job, label: string): { signal: AbortSignal; onProgress: (share: number) => void } {
  return {
    signal: job.signal,
    onProgress: (share) => {
      job.progress.show(label, '', share);
    },
  };
}

function ingredientsOf(names: readonly string[], options: Options): Ingredient[] {
  const given = stringOf(options, 'weights');
  if (given === undefined) return names.map((name) => ({ name }));
  const weights = given.split(',').map((weight) => numberOf({ weight }, 'weight', '--weights')!);
  if (weights.length !== names.length) {
    throw new EngramError('usage', `There are ${names.length} adapters and ${weights.length} --weights.`, {
      hint: 'Give one for each, for example --weights 0.5,0.5, or leave them out.',
    });
  }
  return names.map((name, i) => ({ name, weight: weights[i]! }));
}
