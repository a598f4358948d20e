// ChatEngram: engram as a chat model of LangChain. Memories and documents answer here as they do in Engram.chat(). Not here:
// what messages and tools become (messages.ts), agents (createAgent of langchain takes this class as it is).
import type { CallbackManagerForLLMRun } from '@langchain/core/callbacks/manager';
import type { BaseLanguageModelInput, StructuredOutputMethodOptions } from '@langchain/core/language_models/base';
import {
  BaseChatModel,
  type BaseChatModelCallOptions,
  type BaseChatModelParams,
  type BindToolsInput,
  type LangSmithParams,
} from '@langchain/core/language_models/chat_models';
import { AIMessageChunk, type BaseMessage } from '@langchain/core/messages';
import { ChatGenerationChunk, type ChatResult } from '@langchain/core/outputs';
import type { Runnable } from '@langchain/core/runnables';
import { type Answer, type AskOptions, type Engram } from '../index.js';
import {
  countTokens,
  lastChunk,
  toAIMessage,
  toChatMessages,
  tokenUsageOf,
  toToolChoice,
  toTools,
} from './messages.js';
import { askOptions, type CallFields, type ModelFields } from './options.js';
import { engramOf, settingsOf, type EngramSource } from './source.js';
import { streamOf } from '../stream-of.js';
import { structured } from './structured.js';

export interface ChatEngramFields extends BaseChatModelParams, EngramSource, ModelFields {}

export interface ChatEngramCallOptions extends BaseChatModelCallOptions, Omit<CallFields, 'stop' | 'signal'> {
  tools?: BindToolsInput[];
  /** Several calls of tools in one answer. Default false. */
  parallel_tool_calls?: boolean;
  /** The answer is JSON of this schema. */
  jsonSchema?: object;
  /** The answer is a text of this GBNF grammar. */
  grammar?: string;
}

export class ChatEngram extends BaseChatModel<ChatEngramCallOptions> {
  override lc_serializable = false;
  readonly #fields: ChatEngramFields;

  static override lc_name(): string {
    return 'ChatEngram';
  }

  constructor(fields: ChatEngramFields = {}) {
    super(fields);
    this.#fields = fields;
  }

  /** The model that it was made for: a name or a file. Undefined: the one that is set up. */
  get model(): string | undefined {
    const { engram, model } = this.#fields;
    const name: unknown = engram?.settings.model ?? model;
    return typeof name === 'string' ? name : undefined;
  }

  /** The Engram behind it, opened if it is not yet. Throws what Engram.open() throws. */
  engram(): Promise<Engram> {
    return engramOf(this.#fields);
  }

  _llmType(): string {
    return 'engram';
  }

  override get profile() {
    const { contextSize } = this.#fields;
    return {
      toolCalling: true,
      structuredOutput: true,
      toolChoice: true,
      textInputs: true,
      imageInputs: false,
      ...(typeof contextSize === 'number' ? { maxInputTokens: contextSize } : {}),
    };
  }

  override invocationParams(options: this['ParsedCallOptions']): Record<string, unknown> {
    return { ...settingsOf(this.#fields), ...askOptions(this.#fields, options), ...form(options) };
  }

  override getLsParams(options: this['ParsedCallOptions']): LangSmithParams {
    const { temperature, maxTokens, stop } = askOptions(this.#fields, options);
    return {
      ls_provider: 'engram',
      ls_model_name: this.model ?? 'default',
      ls_model_type: 'chat',
      ...(temperature === undefined ? {} : { ls_temperature: temperature }),
      ...(maxTokens === undefined ? {} : { ls_max_tokens: maxTokens }),
      ...(stop === undefined ? {} : { ls_stop: [...stop] }),
    };
  }

  /** Counts by the model's own tokens. */
  override async getNumTokens(content: Parameters<BaseChatModel['getNumTokens']>[0]): Promise<number> {
    return countTokens(await this.engram(), content);
  }

  override bindTools(
    tools: BindToolsInput[],
    kwargs: Partial<ChatEngramCallOptions> = {},
  ): Runnable<BaseLanguageModelInput, AIMessageChunk, ChatEngramCallOptions> {
    toTools(tools); // a tool that cannot be is refused here
    return this.withConfig({ tools, ...kwargs });
  }

  /** The answer as a value of a schema (zod, another of the standard schemas, or JSON schema), held to it by a grammar while it
   * is generated. `method`: `jsonSchema` (default), or `functionCalling`. */
  override withStructuredOutput<T extends Record<string, unknown>>(
    schema: object,
    config?: StructuredOutputMethodOptions<boolean>,
  ): Runnable<BaseLanguageModelInput, T> {
    return structured<T>(this, schema, config);
  }

  async _generate(
    messages: BaseMessage[],
    options: this['ParsedCallOptions'],
    runManager?: CallbackManagerForLLMRun,
  ): Promise<ChatResult> {
    const pieces: Promise<void>[] = [];
    const answer = await this.#answer(messages, options, options.signal, (piece) => {
      if (runManager !== undefined) pieces.push(runManager.handleLLMNewToken(piece));
    });
    await Promise.all(pieces);
    const message = toAIMessage(answer);
    return { generations: [{ text: answer.answer, message }], llmOutput: { tokenUsage: tokenUsageOf([answer]) } };
  }

  override async *_streamResponseChunks(
    messages: BaseMessage[],
    options: this['ParsedCallOptions'],
    runManager?: CallbackManagerForLLMRun,
  ): AsyncGenerator<ChatGenerationChunk> {
    const pieces = streamOf<string, Answer>(
      (send, signal) => this.#answer(messages, options, signal, send),
      options.signal,
    );
    let next = await pieces.next();
    try {
      for (; next.done !== true; next = await pieces.next()) {
        const text = next.value;
        const chunk = new ChatGenerationChunk({ text, message: new AIMessageChunk({ content: text }) });
        yield chunk;
        await runManager?.handleLLMNewToken(text, undefined, undefined, undefined, undefined, { chunk });
      }
    } finally {
      await pieces.return(undefined as never);
    }
    yield new ChatGenerationChunk({ text: '', message: lastChunk(next.value) });
  }

  async #answer(
    messages: BaseMessage[],
    options: this['ParsedCallOptions'],
    signal: AbortSignal | undefined,
    onText: (piece: string) => void,
  ): Promise<Answer> {
    const engram = await this.engram();
    const settings: AskOptions = { ...askOptions(this.#fields, options), ...form(options), signal, onText };
    return engram.chat(toChatMessages(messages), settings);
  }
}

/** What a call says of the form of its answer. */
function form(options: ChatEngramCallOptions): AskOptions {
  const { tools = [], tool_choice, parallel_tool_calls, jsonSchema, grammar } = options;
  const choice = toToolChoice(tool_choice);
  return {
    ...(tools.length === 0 ? {} : { tools: toTools(tools) }),
    ...(choice === undefined || tools.length === 0 ? {} : { toolChoice: choice }),
    ...(parallel_tool_calls === undefined ? {} : { parallelToolCalls: parallel_tool_calls }),
    ...(jsonSchema === undefined ? {} : { jsonSchema }),
    ...(grammar === undefined ? {} : { grammar }),
  };
}
