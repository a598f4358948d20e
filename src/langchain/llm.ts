// EngramLLM: engram as a text-in, text-out model of LangChain, which can also be trained by what it is told. Not here: chat
// models (chat-model.ts), ReAct agents (react-llm.ts).
import type { CallbackManagerForLLMRun } from '@langchain/core/callbacks/manager';
import { LLM, type BaseLLMCallOptions, type BaseLLMParams } from '@langchain/core/language_models/llms';
import { GenerationChunk, type LLMResult } from '@langchain/core/outputs';
import type { Answer, AskOptions, Engram, MemorizeProgress, Receipt } from '../index.js';
import { countTokens, tokenUsageOf } from './messages.js';
import { answerOf, askOptions, infoOf, type CallFields, type ModelFields } from './options.js';
import { engramOf, settingsOf, type EngramSource } from './source.js';
import { streamOf } from '../stream-of.js';
import { trainOn } from './train.js';

export interface EngramLLMFields extends BaseLLMParams, EngramSource, ModelFields {
  /** Continues the prompt as it stands, in place of answering it through the model's chat template. Default false. */
  raw?: boolean | undefined;
}

export interface EngramLLMCallOptions extends BaseLLMCallOptions, Omit<CallFields, 'stop' | 'signal'> {
  /** The answer is a text of this GBNF grammar. */
  grammar?: string;
}

export interface TrainOptions {
  onProgress?: ((progress: MemorizeProgress) => void) | undefined;
  signal?: AbortSignal | undefined;
}

export interface TrainResult {
  /** Mean loss per token over what was learned, as it is after the training. */
  loss: number;
  /** What was measured of each input, and whether it was kept. */
  receipts: Receipt[];
}

export class EngramLLM extends LLM<EngramLLMCallOptions> {
  override lc_serializable = false;
  readonly #fields: EngramLLMFields;

  static override lc_name(): string {
    return 'EngramLLM';
  }

  constructor(fields: EngramLLMFields = {}) {
    super(fields);
    this.#fields = fields;
  }

  /** The Engram behind it, opened if it is not yet. Throws what Engram.open() throws. */
  engram(): Promise<Engram> {
    return engramOf(this.#fields);
  }

  _llmType(): string {
    return 'engram';
  }

  override _identifyingParams(): Record<string, unknown> {
    const { raw = false } = this.#fields;
    return { ...settingsOf(this.#fields), ...askOptions(this.#fields, {}), raw };
  }

  override invocationParams(options: this['ParsedCallOptions']): Record<string, unknown> {
    return { ...this._identifyingParams(), ...askOptions(this.#fields, options) };
  }

  /** Counts by the model's own tokens. */
  override async getNumTokens(content: Parameters<LLM['getNumTokens']>[0]): Promise<number> {
    return countTokens(await this.engram(), content);
  }

  /** Learns texts into the weights, one after the other: what the `memorize` tool does. Throws what Memories.add() throws,
   * and `empty` without an input. */
  async trainUnsupervised(inputs: readonly string[], options: TrainOptions = {}): Promise<TrainResult> {
    return trainOn(await this.engram(), inputs, options);
  }

  async _call(
    prompt: string,
    options: this['ParsedCallOptions'],
    runManager?: CallbackManagerForLLMRun,
  ): Promise<string> {
    const pieces: Promise<void>[] = [];
    const answer = await this.#answer(prompt, options, options.signal, (piece) => {
      if (runManager !== undefined) pieces.push(runManager.handleLLMNewToken(piece));
    });
    await Promise.all(pieces);
    return answer.answer;
  }

  override async _generate(
    prompts: string[],
    options: this['ParsedCallOptions'],
    runManager?: CallbackManagerForLLMRun,
  ): Promise<LLMResult> {
    const answers = await Promise.all(
      prompts.map((prompt, completion) =>
        this.#answer(prompt, options, options.signal, (piece) => {
          void runManager?.handleLLMNewToken(piece, { prompt: completion, completion: 0 });
        }),
      ),
    );
    return {
      generations: answers.map((answer) => [{ text: answer.answer, generationInfo: infoOf(answer) }]),
      llmOutput: { tokenUsage: tokenUsageOf(answers) },
    };
  }

  override async *_streamResponseChunks(
    prompt: string,
    options: this['ParsedCallOptions'],
    runManager?: CallbackManagerForLLMRun,
  ): AsyncGenerator<GenerationChunk> {
    const pieces = streamOf<string, Answer>(
      (send, signal) => this.#answer(prompt, options, signal, send),
      options.signal,
    );
    let next = await pieces.next();
    try {
      for (; next.done !== true; next = await pieces.next()) {
        yield new GenerationChunk({ text: next.value });
        await runManager?.handleLLMNewToken(next.value);
      }
    } finally {
      await pieces.return(undefined as never);
    }
    const tokenUsage = tokenUsageOf([next.value]);
    yield new GenerationChunk({ text: '', generationInfo: { ...infoOf(next.value), tokenUsage } });
  }

  async #answer(
    prompt: string,
    options: this['ParsedCallOptions'],
    signal: AbortSignal | undefined,
    onText: (piece: string) => void,
  ): Promise<Answer> {
    const engram = await this.engram();
    const { grammar } = options;
    const settings: AskOptions = {
      ...askOptions(this.#fields, options),
      ...(grammar === undefined ? {} : { grammar }),
      signal,
      onText,
    };
    return this.write(engram, prompt, settings);
  }

  protected async write(engram: Engram, prompt: string, settings: AskOptions): Promise<Answer> {
    if (this.#fields.raw !== true) return engram.chat([{ role: 'user', content: prompt }], settings);
    return answerOf(await engram.complete(prompt, settings), settings.adapter);
  }
}
