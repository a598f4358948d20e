// GradientLLM: LangChain's class of that name over models on this machine. It takes the id of an adapter or of a base model and
// continues raw text. Keys and workspaces are taken, so that programs run as they are, and not used. Not here: the client of the
// hosted API itself (gradient/).
import type { CallbackManagerForLLMRun } from '@langchain/core/callbacks/manager';
import { LLM, type BaseLLMCallOptions, type BaseLLMParams } from '@langchain/core/language_models/llms';
import { GenerationChunk } from '@langchain/core/outputs';
import { checkKeys } from '../config.js';
import { Engram, EngramError, type CompleteOptions, type FineTuneProgress } from '../index.js';
import { countTokens } from './messages.js';
import { engramOf, type EngramSettings } from './source.js';
import { streamOf } from '../stream-of.js';

export interface GradientLLMFields extends BaseLLMParams, Omit<EngramSettings, 'model' | 'brain' | 'embedder'> {
  /** Id of an adapter (`adapter.id`), or the name of a base model. Default: the base model of Engram.open(). */
  model?: string | undefined;
  /** `max_generated_token_count`, `temperature`, `top_k`, `top_p`, `seed`, `stop`; also in camel case. */
  modelKwargs?: Readonly<Record<string, unknown>> | undefined;
  /** Not used, nor are GRADIENT_WORKSPACE_ID and GRADIENT_ACCESS_TOKEN. */
  gradientWorkspaceId?: string | undefined;
  gradientAccessToken?: string | undefined;
}

export interface GradientTrainOptions {
  onProgress?: ((progress: FineTuneProgress) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/** That API's names, and engram's. */
const KWARGS = {
  maxGeneratedTokenCount: 'maxTokens',
  temperature: 'temperature',
  topK: 'topK',
  topP: 'topP',
  seed: 'seed',
  stop: 'stop',
} as const satisfies Record<string, keyof CompleteOptions>;

interface Meant {
  engram: Engram;
  /** Undefined for a base model. */
  adapter: string | undefined;
}

export class GradientLLM extends LLM {
  override lc_serializable = false;
  readonly model: string | undefined;
  readonly #settings: EngramSettings;
  readonly #generation: CompleteOptions;

  static override lc_name(): string {
    return 'GradientLLM';
  }

  /** Opens nothing yet. Throws `usage` for a word of modelKwargs that there is not. */
  constructor(fields: GradientLLMFields = {}) {
    super(fields);
    this.model = fields.model;
    this.#settings = fields;
    this.#generation = generationOf(fields.modelKwargs ?? {});
  }

  _llmType(): string {
    return 'gradient';
  }

  override _identifyingParams(): Record<string, unknown> {
    return { model: this.model, ...this.#generation };
  }

  /** Counts by the model's own tokens. */
  override async getNumTokens(content: Parameters<LLM['getNumTokens']>[0]): Promise<number> {
    return countTokens((await this.#meant()).engram, content);
  }

  /** Teaches the adapter these texts, going on where the last call ended. `loss`: mean per token, with the weights as they were
   * before. Throws `usage` for a base model, `empty`, `too_long`, `not_found`, `cancelled`. */
  async trainUnsupervised(inputs: readonly string[], options: GradientTrainOptions = {}): Promise<{ loss: number }> {
    if (inputs.length === 0) throw new EngramError('empty', 'There is nothing to train on: no inputs were given.');
    const { engram, adapter } = await this.#meant();
    if (adapter === undefined) {
      throw new EngramError('usage', 'A base model cannot be trained itself.', {
        option: 'model',
        hint: 'Make an adapter over it with createModelAdapter() of engram/gradient, and give its id.',
      });
    }
    const samples = inputs.map((text) => ({ text }));
    const { tokens, sumLoss } = await engram.adapters.fineTune({ ...options, adapter, samples });
    return { loss: sumLoss / Math.max(1, tokens) };
  }

  async _call(prompt: string, options: BaseLLMCallOptions, runManager?: CallbackManagerForLLMRun): Promise<string> {
    const pieces: Promise<void>[] = [];
    const text = await this.#complete(prompt, options, options.signal, (piece) => {
      if (runManager !== undefined) pieces.push(runManager.handleLLMNewToken(piece));
    });
    await Promise.all(pieces);
    return text;
  }

  override async *_streamResponseChunks(
    prompt: string,
    options: BaseLLMCallOptions,
    runManager?: CallbackManagerForLLMRun,
  ): AsyncGenerator<GenerationChunk> {
    const pieces = streamOf<string, string>(
      (send, signal) => this.#complete(prompt, options, signal, send),
      options.signal,
    );
    for await (const text of pieces) {
      yield new GenerationChunk({ text });
      await runManager?.handleLLMNewToken(text);
    }
  }

  async #complete(
    prompt: string,
    { stop = [] }: BaseLLMCallOptions,
    signal: AbortSignal | undefined,
    onText: (piece: string) => void,
  ): Promise<string> {
    const { engram, adapter } = await this.#meant();
    const all = [...(this.#generation.stop ?? []), ...stop];
    const given = { ...this.#generation, ...(all.length === 0 ? {} : { stop: all }) };
    return (await engram.complete(prompt, { ...given, adapter, signal, onText })).text;
  }

  /** An adapter of that id, over the model that it belongs to; else a base model. Each is opened once. */
  async #meant(): Promise<Meant> {
    const { home } = this.#settings;
    const looking = await Engram.open({ home, lazy: true });
    const found = this.model === undefined ? undefined : await looking.adapters.get(this.model).catch(ifNoAdapter);
    await looking.close();
    const model = found?.manifest.base.name ?? this.model;
    return { engram: await engramOf({ ...this.#settings, model, lazy: true }), adapter: found?.name };
  }
}

/** The name of a model may be none of an adapter's. */
function ifNoAdapter(error: unknown): undefined {
  if (error instanceof EngramError && (error.code === 'not_found' || error.code === 'usage')) return undefined;
  throw error;
}

function generationOf(given: Readonly<Record<string, unknown>>): CompleteOptions {
  const named = Object.entries(given).map(([key, value]) => {
    return [key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()), value] as const;
  });
  checkKeys(Object.fromEntries(named), Object.keys(KWARGS));
  return Object.fromEntries(named.map(([key, value]) => [KWARGS[key as keyof typeof KWARGS], value]));
}
