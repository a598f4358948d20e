// Adapters that are fine-tuned call by call: made untrained, then taught a few texts at a time, each call going on where the last
// one ended, optimizer included. Nothing is held out or kept near the base model: who wants that trains a file (train-file.ts) or
// memorizes (memory/).
import { dirname, join } from 'node:path';
import { EngramError, throwIfCancelled } from '../errors.js';
import type { AdapterStore } from './adapters.js';
import type { StoredAdapter } from './manifest.js';
import { checkPositive, checkWhole } from './checks.js';
import { encodeRow, type RowEncoder } from './encode-row.js';
import { loraOfFile } from './lora-of-file.js';
import { manifestBase } from './manifest.js';
import { resolveLora } from './options.js';
import { sharedBeginnings } from './shared-beginnings.js';
import type { Training } from '../options/index.js';
import type { BaseModel, BatchItem, BatchLoss, Example, Trainer } from './types.js';

/** What a fine-tuning needs of the world. */
export interface FineTunePlace {
  store: AdapterStore;
  encoder: RowEncoder & { readonly contextSize: number };
  base: () => Promise<BaseModel>;
  /** The base model as the user knows it, and the hash of its file. */
  model: { name: string; sha256: () => Promise<string> };
}

export interface CreateAdapterOptions {
  rank?: Training['rank'];
  /** Of AdamW. Default 1e-3: a sentence is held after some ten steps (SmolLM2-135M). */
  learningRate?: Training['learningRate'];
  /** What people call it, where that is not its name. */
  title?: string | undefined;
  signal?: AbortSignal | undefined;
}

export interface FineTuneSample {
  /** Learned whole, as a plain text that then ends. */
  text: string;
  /** How much it counts beside the others. Default 1. */
  weight?: number | undefined;
}

export interface FineTuneProgress {
  step: number;
  /** Most steps there will be. */
  of: number;
  /** Mean cross-entropy per token, before this step. */
  loss: number;
}

export interface FineTuneRequest {
  /** Name of an adapter: of createAdapter(), train() or the like. */
  adapter: string;
  samples: readonly FineTuneSample[];
  /** Steps to take over all samples together, or `held` (the default): until each token of each sample is the one that the model
   * would say there, at most `maxSteps`. */
  steps?: number | 'held' | undefined;
  /** Default 100. */
  maxSteps?: number | undefined;
  onProgress?: ((progress: FineTuneProgress) => void) | undefined;
  signal?: AbortSignal | undefined;
}

export interface FineTuneReport {
  /** Trained on: all of the samples but what stands first and follows from nothing, and the end of each. */
  tokens: number;
  /** Cross-entropy in nats, summed over them: with the weights before this call, and before the last step. */
  sumLoss: number;
  lastSumLoss: number;
  steps: number;
  /** Whether each token was the model's own choice, before the last step. */
  held: boolean;
}

const OPTIMIZER = 'optimizer.gguf';
const DEFAULTS = { rank: 8, learningRate: 1e-3, maxSteps: 100 };
/** Tokens that go through the model together; more are computed one piece after the other, for one step. */
const PIECE_TOKENS = 1024;

/** Stores an untrained adapter, with which the model answers as without. Throws `exists`, `usage`, `memory`, `disk`. */
export async function createAdapter(
  place: FineTunePlace,
  name: string,
  { rank = DEFAULTS.rank, learningRate = DEFAULTS.learningRate, title, signal }: CreateAdapterOptions = {},
): Promise<StoredAdapter> {
  checkPositive('learningRate', learningRate);
  await place.store.requireFree(name);
  const base = await place.base();
  const { alpha, targets, firstLayer, lastLayer } = resolveLora({ rank }, base.info.layers);
  const trainer = base.newTrainer({ rank });
  try {
    const manifest = {
      base: manifestBase(place.model.name, await place.model.sha256(), base.info),
      ...{ rank, alpha, targets, layers: [firstLayer, lastLayer] as [number, number] },
      ...{ losses: [], trainedTokens: 0, fineTune: { learningRate, steps: 0 } },
      ...(title === undefined ? {} : { title }),
    };
    return await place.store.save(name, manifest, (path) => trainer.save(path), { signal });
  } finally {
    trainer.close();
  }
}

/** Trains an adapter further and stores it in its own place; until then, and if anything fails, it is as it was. Throws
 * `not_found` (also when it is removed meanwhile), `mismatch` (another model's), `empty`, `too_long`, `usage`, `diverged`,
 * `memory`, `disk`, `cancelled`. */
export async function fineTune(place: FineTunePlace, request: FineTuneRequest): Promise<FineTuneReport> {
  const { adapter, samples, steps = 'held', signal } = request;
  if (steps !== 'held') checkWhole('steps', steps, 1);
  checkWhole('maxSteps', request.maxSteps ?? DEFAULTS.maxSteps, 1);
  if (samples.length === 0) throw new EngramError('empty', 'There are no samples to learn from.');
  for (const { weight } of samples) if (weight !== undefined) checkPositive('weight', weight);
  await place.store.find(adapter);
  const base = await place.base();
  const examples = samples.map(({ text }, i) => encode(text, i, place.encoder, base.info.contextLength));
  return place.store.whileTraining(adapter, signal, async (alone) => {
    const { manifest, path } = await place.store.find(adapter);
    const { learningRate, steps: stepsBefore } = manifest.fineTune ?? { ...DEFAULTS, steps: 0 };
    const trainer = base.newTrainer(loraOfFile(manifest, path), { learningRate });
    const cancel = (): void => {
      trainer.cancel();
    };
    alone.addEventListener('abort', cancel);
    try {
      throwIfCancelled(alone);
      await trainer.load(path);
      await goOn(trainer, join(dirname(path), OPTIMIZER));
      const report = await learn(trainer, examples, { ...request, signal: alone });
      const trained = {
        ...manifest,
        losses: [...manifest.losses, { train: report.lastSumLoss / report.tokens, validation: null }],
        trainedTokens: manifest.trainedTokens + report.steps * report.tokens,
        fineTune: { learningRate, steps: stepsBefore + report.steps },
      };
      const write = async (fresh: string): Promise<void> => {
        await place.store.find(adapter); // removed meanwhile, it stays removed
        await trainer.save(fresh);
        await trainer.saveState(join(dirname(fresh), OPTIMIZER));
      };
      await place.store.save(adapter, trained, write, { replace: true, signal: alone });
      return report;
    } catch (error) {
      throwIfCancelled(alone);
      throw error;
    } finally {
      alone.removeEventListener('abort', cancel);
      trainer.close();
    }
  });
}

/** Where there is no state (made by something else than this) or it is another optimizer's, the optimizer begins afresh. */
async function goOn(trainer: Trainer, statePath: string): Promise<void> {
  try {
    await trainer.loadState(statePath);
  } catch (error) {
    const isOther = error instanceof EngramError && (error.code === 'not_found' || error.code === 'mismatch');
    if (!isOther) throw error;
  }
}

async function learn(
  trainer: Trainer,
  examples: readonly Example[],
  { samples, steps = 'held', maxSteps = DEFAULTS.maxSteps, onProgress, signal }: FineTuneRequest,
): Promise<FineTuneReport> {
  const of = steps === 'held' ? maxSteps : steps;
  const open = sharedBeginnings(examples.map(({ tokens }) => Array.from(tokens)));
  const tokens = sum(examples.map(trained));
  const batch = examples.map((example, i) => ({
    example: trainer.add(example),
    scale: (samples[i]!.weight ?? 1) / tokens,
  }));
  const pieces = cut(batch, (i) => examples[i]!.tokens.length);
  let sumLoss: number | undefined;
  for (let step = 1; ; step++) {
    const measured: BatchLoss['examples'] = [];
    for (const piece of pieces) {
      throwIfCancelled(signal);
      measured.push(...(await trainer.backward(piece)).examples);
    }
    const lastSumLoss = sum(measured.map((example) => example.sumLoss));
    sumLoss ??= lastSumLoss;
    const held = measured.every(({ tokens: all, correct }, i) => correct >= all - open[i]!);
    onProgress?.({ step, of, loss: lastSumLoss / tokens });
    await trainer.update(); // also when it is held: llama.cpp rounds in another way, and the gradient is there
    if (step === of || (steps === 'held' && held)) return { tokens, sumLoss, lastSumLoss, steps: step, held };
  }
}

function encode(text: string, index: number, encoder: FineTunePlace['encoder'], contextLength: number): Example {
  const most = Math.min(encoder.contextSize, contextLength);
  if (text.trim() === '') throw new EngramError('empty', `Sample ${index + 1} is empty.`, { details: { index } });
  const [example, ...more] = encodeRow({ kind: 'text', text }, index + 1, encoder, Number.MAX_SAFE_INTEGER);
  if (example === undefined || more.length > 0) throw new EngramError('internal', 'A sample is one example.');
  if (example.tokens.length <= most) return example;
  throw new EngramError(
    'too_long',
    `Sample ${index + 1} has ${example.tokens.length} tokens; the context holds ${most}.`,
    {
      hint: 'Cut it into several samples.',
      details: { index, tokens: example.tokens.length, contextSize: most },
    },
  );
}

/** Pieces of at most PIECE_TOKENS, at least one example each. */
function cut(batch: readonly BatchItem[], length: (index: number) => number): BatchItem[][] {
  const pieces: BatchItem[][] = [];
  let room = 0;
  for (const [i, item] of batch.entries()) {
    room -= length(i);
    if (room < 0) {
      pieces.push([]);
      room = PIECE_TOKENS - length(i);
    }
    pieces.at(-1)!.push(item);
  }
  return pieces;
}

const trained = ({ weights }: Example): number => Array.from(weights).filter((weight) => weight > 0).length;

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
