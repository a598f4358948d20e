// A base model, and an adapter over one: what programs of the hosted API hold in their hands. Not here: finding them (client.ts).
import { randomBytes } from 'node:crypto';
import { EngramError, renamed } from '../errors.js';
import type { CompleteOptions, Engram, FineTuneProgress, Sampling, Training } from '../index.js';

export interface CompleteParams extends Pick<Sampling, 'temperature' | 'topK' | 'topP' | 'seed'> {
  /** Continued as it is: no chat template. */
  query: string;
  /** Default 512. */
  maxGeneratedTokenCount?: Sampling['maxTokens'];
  stop?: readonly string[] | undefined;
  onText?: CompleteOptions['onText'];
  signal?: AbortSignal | undefined;
}

export interface Completion {
  generatedOutput: string;
  /** `stop`: the model ended it; `length`: there was no room for more. */
  finishReason: 'stop' | 'length';
  /** Of each token that was generated, natural logarithm. */
  logprobs: { token: string; logprob: number }[];
}

export interface Sample {
  /** Learned whole. */
  inputs: string;
  /** `multiplier`: how much the sample counts beside the others. Default 1. */
  fineTuningParameters?: { multiplier?: number | undefined } | undefined;
}

export interface FineTuneParams {
  samples: readonly Sample[];
  /** `held` (the default): as many gradient steps as it takes until the adapter says each sample by itself, since what is taught
   * should be known when the call returns; 1: one gradient step, to be called again and again with much data. */
  steps?: number | 'held' | undefined;
  /** Most steps of a call with `held`. Default 100. */
  maxSteps?: number | undefined;
  onProgress?: ((progress: FineTuneProgress) => void) | undefined;
  signal?: AbortSignal | undefined;
}

export interface FineTuneResult {
  /** Tokens of the samples that were trained on. */
  numberOfTrainableTokens: number;
  /** Cross-entropy summed over them, with the weights as they were before this call. */
  sumLoss: number;
  /** Gradient steps taken, and whether the adapter then said each sample by itself. */
  steps: number;
  held: boolean;
}

export class BaseModel {
  /** The model's name in the catalog, or the path of its file. */
  readonly id: string;
  readonly #engine: () => Promise<Engram>;

  constructor(id: string, engine: () => Promise<Engram>) {
    this.id = id;
    this.#engine = engine;
  }

  /** A new adapter over this model, untrained: it answers as the model does. It is kept until it is deleted. Throws `usage`. */
  async createModelAdapter({
    name,
    rank,
    learningRate,
  }: {
    /** Any text; several adapters may have the same. */
    name: string;
    /** Default 8. */
    rank?: Training['rank'];
    /** Default 1e-3. */
    learningRate?: Training['learningRate'];
  }): Promise<ModelAdapter> {
    if (typeof name !== 'string' || name.trim() === '') {
      throw new EngramError('usage', 'Expected a name for the model adapter but received none.');
    }
    const engine = await this.#engine();
    const id = newId(name);
    await engine.adapters.create(id, { rank, learningRate, title: name });
    return new ModelAdapter({ id, name, baseModelId: this.id }, this.#engine);
  }

  /** Throws `empty`, `too_long`, `usage`. */
  async complete(params: CompleteParams): Promise<Completion> {
    return complete(await this.#engine(), params);
  }
}

export class ModelAdapter {
  readonly id: string;
  readonly name: string;
  readonly baseModelId: string;
  readonly #engine: () => Promise<Engram>;

  constructor(
    { id, name, baseModelId }: { id: string; name: string; baseModelId: string },
    engine: () => Promise<Engram>,
  ) {
    this.id = id;
    this.name = name;
    this.baseModelId = baseModelId;
    this.#engine = engine;
  }

  /** Teaches the adapter, going on where the last call ended. Whoever answers with it answers with what it has learned at once.
   * Throws `empty` (no samples), `too_long` (one does not fit the context), `not_found` (it was deleted), `diverged`,
   * `cancelled`. */
  async fineTune({ samples, ...options }: FineTuneParams): Promise<FineTuneResult> {
    if (!Array.isArray(samples) || samples.length === 0) {
      throw new EngramError('empty', 'Expected samples of {inputs} to fine-tune on but received none.');
    }
    const read = samples.map(({ inputs, fineTuningParameters }: Sample) => {
      if (typeof inputs !== 'string') throw new EngramError('usage', 'Expected a text for the inputs of each sample.');
      return { text: inputs, weight: fineTuningParameters?.multiplier };
    });
    const engine = await this.#engine();
    const { tokens, sumLoss, steps, held } = await engine.adapters
      .fineTune({ ...options, adapter: this.id, samples: read })
      .catch((error: unknown) => this.#fail(inOwnWords(error)));
    return { numberOfTrainableTokens: tokens, sumLoss, steps, held };
  }

  /** Throws `empty`, `too_long`, `usage`, `not_found` (it was deleted). */
  async complete(params: CompleteParams): Promise<Completion> {
    return complete(await this.#engine(), params, this.id).catch((error: unknown) => this.#fail(error));
  }

  /** Deletes it from disk. Throws `not_found`. */
  async delete(): Promise<void> {
    const engine = await this.#engine();
    await engine.adapters.remove(this.id).catch((error: unknown) => this.#fail(error));
  }

  #fail(error: unknown): never {
    if (!(error instanceof EngramError) || error.code !== 'not_found') throw error;
    throw new EngramError('not_found', `There is no model adapter with the id "${this.id}": it has been deleted.`, {
      cause: error,
    });
  }
}

async function complete(
  engine: Engram,
  { query, maxGeneratedTokenCount, ...options }: CompleteParams,
  adapter?: string,
): Promise<Completion> {
  if (typeof query !== 'string' || query === '') throw new EngramError('empty', 'The query is empty.');
  const given = { ...options, adapter, maxTokens: maxGeneratedTokenCount, logprobs: 0 };
  const {
    text,
    finishReason,
    logprobs = [],
  } = await engine.complete(query, given).catch((error: unknown) => {
    throw inOwnWords(error);
  });
  return {
    generatedOutput: text,
    finishReason,
    logprobs: logprobs.map(({ text: token, logprob }) => ({ token, logprob })),
  };
}

/** What this API calls what engram has another name for. */
const NAMES: Readonly<Record<string, string>> = { maxTokens: 'maxGeneratedTokenCount', weight: 'multiplier' };

function inOwnWords(error: unknown): unknown {
  const name = error instanceof EngramError ? NAMES[error.option ?? ''] : undefined;
  return name === undefined ? error : renamed(error as EngramError, name);
}

/** What the name can lend to the name of a folder, and what makes it the only one. */
function newId(name: string): string {
  const readable = name
    .normalize('NFC')
    .replace(/[^\p{L}\p{N}_]+/gu, '-')
    .replace(/^[^\p{L}\p{N}]+|-+$/gu, '');
  return [
    ...(readable === '' ? [] : [Array.from(readable).slice(0, 30).join('')]),
    randomBytes(4).toString('hex'),
  ].join('-');
}
