// How an adapter is trained from a file: every option of it, for the API and the command line. Not here: what a training does with
// them (training/).
import { z } from 'zod';
import { above, choice, number, part, size, text, whole } from './kinds.js';
import { table, type Given, type Kind } from './option.js';

/** The seven projections of a transformer layer that LoRA can adapt. */
export const TARGETS = ['q', 'k', 'v', 'o', 'gate', 'up', 'down'] as const;

/** A share of the rows, or a file of its own. */
const held = {
  type: z.union([part().type, z.string().refine((path) => path.trim() !== '')]),
  expects: 'a number from 0 to below 1, or a file',
  value: '<share|file>',
  fromText: (given: string) => {
    const share = given.trim() === '' ? Number.NaN : Number(given);
    return Number.isNaN(share) ? given : share;
  },
} satisfies Kind;

const targets = {
  type: z.array(z.enum(TARGETS)).min(1).readonly(),
  expects: `some of ${TARGETS.join(', ')}`,
  value: '<list>',
  fromText: (given: string) => given.split(',').map((word) => word.trim()),
} satisfies Kind;

const layers = {
  type: z.tuple([z.int(), z.int()]).readonly(),
  expects: 'first:last',
  value: '<first:last>',
  hint: 'For example --layers 15:29, or --layers=-8:-1 for the top eight.',
  fromText: (given: string) => {
    const match = /^(-?\d+):(-?\d+)$/.exec(given.trim());
    return match === null ? undefined : [Number(match[1]), Number(match[2])];
  },
} satisfies Kind;

const ranks = {
  type: z.record(z.string(), z.int().min(0).max(1024)).readonly(),
  expects: 'matrix=rank',
  value: '<list>',
  hint: 'For example --ranks v=16,10-29.down=4',
  fromText: (given: string) => {
    const pairs = given.split(',').map((item) => /^\s*([^=\s]+)\s*=\s*(\d+)\s*$/.exec(item));
    if (pairs.includes(null)) return undefined;
    return Object.fromEntries(pairs.map((pair) => [pair![1]!, Number(pair![2])]));
  },
} satisfies Kind;

const [DATA, TRAINING_GROUP, STOPPING, ADAPTER, CHECKPOINTS] = [
  'Data',
  'Training',
  'Stopping early',
  'Adapter',
  'Checkpoints',
];

export const TRAINING = table({
  /** The adapter with the lowest loss on it is kept. */
  validation: {
    ...held,
    about: 'what is measured after each epoch; the best adapter is kept',
    fallback: 0,
    fallbackText: '0, and 0.1 with --patience',
    group: DATA,
  },
  test: {
    ...held,
    about: 'what is measured once, at the end',
    fallback: 0,
    fallbackText: '0, and 0.2 with labels',
    group: DATA,
  },
  /** `jsonl`: a row of `{text}`, `{prompt, completion}` or `{messages}` a line; `text`: one long text; `labels`: a row of
   * `{text, label}` or `{text, labels}` a line. */
  format: {
    ...choice(['jsonl', 'text', 'labels']),
    about: 'what the file is',
    fallbackText: 'text for .txt and .md, else jsonl',
    group: DATA,
  },
  prompt: {
    ...text('a text'),
    about: 'with labels: how a text is asked about; {text} stands for it, {labels} for all labels',
    group: DATA,
  },
  /** Tokens. */
  length: {
    ...whole(2, undefined, '<tokens>'),
    about: 'longest example; longer texts are cut, longer conversations refused',
    fallback: 512,
    fallbackText: '512 for texts, else the context',
    group: DATA,
  },
  epochs: { ...whole(1), about: 'times that every row is learned from', fallback: 3, group: TRAINING_GROUP },
  batchSize: {
    ...whole(1, undefined, '<rows>'),
    about: 'rows that go through the model together',
    fallback: 4,
    group: TRAINING_GROUP,
  },
  batchTokens: {
    ...whole(1, undefined, '<tokens>'),
    about: 'as many rows together as have so many tokens',
    fallbackText: 'no limit',
    group: TRAINING_GROUP,
  },
  accumulate: {
    ...whole(1, undefined, '<batches>'),
    about: 'batches whose gradients make one step',
    fallback: 1,
    group: TRAINING_GROUP,
  },
  learningRate: { ...above(0), about: 'learning rate at its highest', fallback: 2e-4, group: TRAINING_GROUP },
  /** LoRA+ (Hayou et al. 2024) suggests about 16, with a lower learning rate. */
  rateB: {
    ...above(0),
    about: 'LoRA+: the learning rate of B is this times that of A, say 16',
    fallback: 1,
    value: '<ratio>',
    group: TRAINING_GROUP,
  },
  schedule: {
    ...choice(['constant', 'linear', 'cosine']),
    about: 'how the learning rate falls',
    fallback: 'constant',
    group: TRAINING_GROUP,
  },
  /** Steps. */
  warmup: {
    ...whole(0, undefined, '<steps>'),
    about: 'steps in which the learning rate rises',
    fallback: 0,
    group: TRAINING_GROUP,
  },
  optimizer: {
    ...choice(['adamw', 'adam', 'sgd']),
    about: 'what makes a step of a gradient',
    fallback: 'adamw',
    group: TRAINING_GROUP,
  },
  weightDecay: {
    ...number(0),
    about: 'how much weights shrink beside the gradient',
    fallback: 0,
    group: TRAINING_GROUP,
  },
  maxGradNorm: {
    ...number(0),
    about: 'longer gradients are shortened to this; 0: none are',
    fallback: 1,
    group: TRAINING_GROUP,
  },
  /** Bytes. */
  memory: {
    ...size(),
    about: 'most memory the process may take, e.g. 2GB; slower where it is short',
    fallbackText: 'any',
    group: TRAINING_GROUP,
  },
  seed: {
    ...whole(0),
    about: 'seed of order, split, initial values and dropout',
    fallback: 0,
    group: TRAINING_GROUP,
  },
  /** Validates on 0.1 of the rows unless told. */
  patience: {
    ...whole(0),
    about: 'end after so many validations without a lower loss; 0: never',
    fallback: 0,
    group: STOPPING,
  },
  minDelta: {
    ...number(0, undefined, '<nats>'),
    about: 'how much lower a loss must be to count as lower',
    fallback: 0,
    group: STOPPING,
  },
  evaluateEvery: {
    ...whole(0, undefined, '<steps>'),
    about: 'validate also within an epoch; 0: at its end only',
    fallback: 0,
    group: STOPPING,
  },
  rank: { ...whole(1, 1024), about: 'rank of the adapter', fallback: 8, group: ADAPTER },
  /** `v`, `3.v`, `10-29.down`, `0-3.*`; of several that name one matrix the last one counts. 0 leaves a matrix out. */
  rankPattern: {
    ...ranks,
    about: 'ranks of single matrices, such as v=16,10-29.down=4,0-3.*=0',
    fallbackText: '--rank throughout',
    flag: '--ranks',
    group: ADAPTER,
  },
  /** `dora` is refused: llama.cpp cannot run it. */
  kind: {
    ...choice(['lora', 'rslora'], '<kind>'),
    about: 'lora, scaled by alpha / rank, or rslora, by alpha / sqrt(rank)',
    fallback: 'lora',
    group: ADAPTER,
  },
  alpha: {
    ...above(0),
    about: 'scale of the adapter, see --kind',
    fallbackText: '2 × rank; rslora: 5.66',
    group: ADAPTER,
  },
  dropout: {
    ...part(),
    about: 'share of the inputs that the adapter does not see in training',
    fallback: 0,
    group: ADAPTER,
  },
  targets: {
    ...targets,
    about: `what is adapted: some of ${TARGETS.join(',')}`,
    fallbackText: 'all',
    group: ADAPTER,
  },
  layers: {
    ...layers,
    about: 'adapted layers; negative ones count from the top',
    fallbackText: 'all',
    group: ADAPTER,
  },
  checkpointSteps: {
    ...whole(0, undefined, '<steps>'),
    about: 'steps between two; 0: as time goes',
    fallback: 0,
    group: CHECKPOINTS,
  },
  checkpointSeconds: {
    ...number(0, undefined, '<seconds>'),
    about: 'seconds between two; 0: as steps go',
    fallback: 60,
    group: CHECKPOINTS,
  },
  keepCheckpoints: {
    ...whole(1),
    about: 'how many stay beside the best',
    fallback: 2,
    fallbackText: '2, and none when the run is done',
    flag: '--keep',
    group: CHECKPOINTS,
  },
});

export type TrainingName = keyof typeof TRAINING;

export type Training = Given<typeof TRAINING>;
