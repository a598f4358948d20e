// Generator over llama.cpp: conversations and texts in, streams of text out. Not here: loading (load.ts), contexts and
// adapters (slots.ts), chat templates, fitting, sampling settings, the loop that computes tokens (native/generate).
import { performance } from 'node:perf_hooks';
import { resolve } from 'node:path';
import { awaitNative, callNative } from '../addon.js';
import { EngramError, throwIfCancelled } from '../errors.js';
import { resolveAdapters } from './adapters.js';
import { formOf } from './answer-form.js';
import { Encoder } from './encoder.js';
import { fitConversation, tooLong } from './fit.js';
import { Logprobs } from './logprobs.js';
import type { NativeEngine, NativeLanguageModel, NativeRequest, NativeResult } from './native.js';
import { Prefix } from './prefix.js';
import { grammarOf, likeliest, mostTokens, sampling } from './sampling.js';
import { ASIDE_TOKENS, type Slots } from './slots.js';
import { States, type StatesOptions } from './states.js';
import { Summaries, type SummarizedFit } from './summary.js';
import { TextStream } from './text-stream.js';
import { toolsOf, ToolUse } from './tool-use.js';
import { Turns } from './turns.js';
import type {
  ChatMessage,
  EmbedOptions,
  GenerateOptions,
  Generation,
  Generator,
  OwnWeights,
  Score,
  ScoreOptions,
  StateInfo,
  StateOptions,
  Tool,
} from './types.js';
import type { ModelVocabulary } from './vocabulary.js';

/** What a generator is made of. */
export interface GeneratorParts {
  modelPath: string;
  contextSize: number;
  /** Answers at the same time. */
  parallel: number;
  model: NativeLanguageModel;
  vocabulary: ModelVocabulary;
  slots: Slots;
  weights: OwnWeights | undefined;
  /** What saved states are bound to. */
  states: Omit<StatesOptions, 'slots' | 'alone' | 'modelPath' | 'lanes' | 'contextSize'>;
  threads: number;
  /** How the vector of a text is made of those of its tokens, and whether the text gets an end token. */
  embedding: { pooling: 'mean' | 'first' | 'last'; addsEnd: boolean };
}

/** Of a prompt. */
interface Place {
  /** How many of its tokens others begin with too. */
  prefix: number;
  /** Tokens whose text the answer continues. */
  before: number[];
  /** From where on adapters work, if not from the start. */
  adaptedFrom?: number;
  /** Special tokens of the answer are written, not left out. */
  writesSpecial?: boolean;
  /** The answer is what is expected; its probabilities are wanted. */
  insists?: boolean;
  /** Computed where no conversation is disturbed. */
  aside?: boolean;
}

export class LlamaGenerator extends Encoder implements Generator {
  readonly modelPath: string;
  readonly contextSize: number;
  readonly #parts: GeneratorParts;
  readonly #turns: Turns;
  readonly #prefix: Prefix;
  readonly #summaries: Summaries;
  readonly #states: States;
  readonly #closing = new AbortController();
  #closed: Promise<void> | undefined;

  constructor(parts: GeneratorParts) {
    super(parts.vocabulary);
    this.#parts = parts;
    this.modelPath = parts.modelPath;
    this.contextSize = parts.contextSize;
    this.#turns = new Turns(parts.parallel);
    this.#prefix = new Prefix((messages, tools, thinking) =>
      parts.vocabulary.template.encode(messages, tools, true, thinking),
    );
    this.#summaries = new Summaries({
      contextSize: parts.contextSize,
      countTokens: (text) => parts.vocabulary.tokenize(text).length,
      answer: async (messages, maxTokens, signal) => {
        const { text, finishReason } = await this.chat(messages, { maxTokens, signal });
        return finishReason === 'cancelled' ? undefined : text;
      },
    });
    this.#states = new States({
      ...parts.states,
      slots: parts.slots,
      alone: (action) => this.#turns.run(undefined, action),
      modelPath: parts.modelPath,
      lanes: parts.parallel,
      contextSize: parts.contextSize,
    });
  }

  async chat(messages: readonly ChatMessage[], options: GenerateOptions = {}): Promise<Generation> {
    this.requireOpen();
    const tools = toolsOf(options);
    const { tokens, kept, left, summary } = await this.#fit(messages, options, tools);
    const opening = openingOf(options, tools);
    const before = opening === '' ? [] : this.#parts.vocabulary.tokenize(opening);
    const all = tokens.length + before.length;
    if (all >= this.contextSize)
      throw tooLong(all, this.contextSize, 'The conversation with the opening of its answer');
    const { thinking = false } = options;
    const { template } = this.#parts.vocabulary;
    const form = formOf(template, kept, options);
    const place: Place = { prefix: this.#prefix.length(kept, tokens, tools, thinking), before };
    if (options.adaptersFrom === 'answer') place.adaptedFrom = template.answerStart(kept, tools, thinking);
    if (opening !== '') options.onText?.(opening);
    const { writesSpecial } = form;
    const generated = await this.#answer([...tokens, ...before], { ...place, writesSpecial }, form.options, tools);
    const whole = form.end(generated);
    const answer = { ...whole, text: opening + whole.text };
    if (left.length === 0) return answer;
    return { ...answer, left: { messages: left.length, ...(summary === undefined ? {} : { summary }) } };
  }

  async complete(prompt: string, options: GenerateOptions = {}): Promise<Generation> {
    this.requireOpen();
    const tokens = this.#rawTokens(prompt);
    if (tokens.length >= this.contextSize) throw tooLong(tokens.length, this.contextSize, 'The text');
    return this.#generate(tokens, { prefix: 0, before: tokens }, options);
  }

  async score(
    prompt: readonly ChatMessage[] | string,
    answer: string,
    { adapters = [], adaptersFrom, signal }: ScoreOptions = {},
  ): Promise<Score> {
    this.requireOpen();
    const { vocabulary } = this.#parts;
    const isText = typeof prompt === 'string';
    const tokens = isText ? this.#rawTokens(prompt) : vocabulary.template.encode(prompt);
    const given = vocabulary.tokenize(answer).length;
    if (given === 0) throw new EngramError('empty', 'There is no answer to score.');
    const all = tokens.length + given;
    if (all > this.contextSize) throw tooLong(all, this.contextSize, 'Question and answer together');
    const aside = isText && adapters.length === 0 && all <= Math.min(ASIDE_TOKENS, this.contextSize);
    const place: Place = { prefix: 0, before: tokens, insists: true, aside };
    if (adaptersFrom === 'answer' && !isText) place.adaptedFrom = this.answerStart(prompt);
    const options = { adapters, logprobs: 0, expected: answer, maxTokens: given, signal };
    const { logprobs = [] } = await this.#generate(tokens, place, options);
    throwIfCancelled(signal);
    return {
      logprob: logprobs.reduce((sum, { logprob }) => sum + logprob, 0),
      tokens: logprobs.map(({ token, text, logprob }) => ({ token, text, logprob })),
    };
  }

  async saveState(path: string, options: Parameters<Generator['saveState']>[1] = {}): Promise<StateInfo> {
    this.requireOpen();
    const set = await resolveAdapters(options.adapters ?? []);
    // Up to the last question: that is what was computed.
    const end = options.messages?.findLastIndex(({ role }) => role === 'user');
    const prompt = end === undefined ? undefined : await this.#fit(options.messages!.slice(0, end + 1), options);
    return this.#states.save(path, set, prompt?.tokens, options.signal);
  }

  async restoreState(path: string, options: StateOptions = {}): Promise<StateInfo> {
    this.requireOpen();
    return this.#states.restore(path, await resolveAdapters(options.adapters ?? []), options.signal);
  }

  async embed(texts: readonly string[], { onProgress, signal }: EmbedOptions = {}): Promise<Float32Array[]> {
    this.requireOpen();
    const { model, vocabulary, threads, embedding } = this.#parts;
    const { beginOfText, endOfText } = this.special;
    const tokens = texts.map((text) => {
      if (text.trim() === '') throw new EngramError('empty', 'A text to embed is empty.');
      const ends = embedding.addsEnd ? [endOfText] : [];
      const all = [...(beginOfText === null ? [] : [beginOfText]), ...vocabulary.tokenize(text), ...ends];
      if (all.length > this.contextSize) throw tooLong(all.length, this.contextSize, 'A text to embed');
      return Uint32Array.from(all);
    });
    throwIfCancelled(signal);
    if (tokens.length === 0) return [];
    const abort = signal ? AbortSignal.any([signal, this.#closing.signal]) : this.#closing.signal;
    return this.#turns.run(undefined, () =>
      awaitNative(() =>
        model.embed(tokens, { pooling: embedding.pooling, threads }, (share) => {
          onProgress?.(share);
          return !abort.aborted;
        }),
      ),
    );
  }

  releaseAdapter(path: string): Promise<void> {
    if (this.#closed !== undefined) return Promise.resolve();
    return this.#turns.run(undefined, () => this.#parts.slots.release(resolve(path)));
  }

  /** Ends what is being generated (finishReason `cancelled`), then frees the model. */
  close(): Promise<void> {
    this.#closed ??= (async () => {
      this.#closing.abort();
      await this.#turns.idle();
      await this.#parts.slots.close();
      this.#parts.weights?.close();
      this.#parts.model.close();
    })();
    return this.#closed;
  }

  async #fit(
    messages: readonly ChatMessage[],
    options: GenerateOptions,
    tools: readonly Tool[] = [],
  ): Promise<SummarizedFit> {
    const { contextSize } = this;
    const { template } = this.#parts.vocabulary;
    const room = Math.min(mostTokens(options), Math.floor(contextSize / 4));
    const { thinking = false } = options;
    const encode = (some: readonly ChatMessage[]): number[] => template.encode(some, tools, true, thinking);
    const fit = { contextSize, room, encode };
    const overflow: string = options.overflow ?? 'shift';
    if (overflow === 'shift') return fitConversation(messages, fit);
    if (overflow === 'summarize') return this.#summaries.fit(messages, fit, options.signal);
    throw new EngramError('usage', `Expected shift or summarize for overflow but received ${overflow}.`);
  }

  async #answer(prompt: number[], place: Place, options: GenerateOptions, tools: readonly Tool[]): Promise<Generation> {
    if (tools.length === 0) return this.#generate(prompt, place, options);
    const use = new ToolUse(this.#parts.vocabulary.template.callSyntax, options, tools);
    const onText = (piece: string): void => {
      use.push(piece);
    };
    const held = { ...options, grammar: use.grammar, onText };
    const generation = await this.#generate(prompt, { ...place, writesSpecial: true }, held);
    return { ...generation, ...use.end() };
  }

  /** Of a text that is gone on with. */
  #rawTokens(text: string): number[] {
    const tokens = this.#parts.vocabulary.tokenize(text);
    if (this.special.beginOfText !== null) tokens.unshift(this.special.beginOfText);
    if (tokens.length === 0) throw new EngramError('empty', 'There is nothing to continue: the text is empty.');
    return tokens;
  }

  async #generate(
    prompt: number[],
    { prefix, before, adaptedFrom, writesSpecial = false, insists = false, aside = false }: Place,
    options: GenerateOptions,
  ): Promise<Generation> {
    const { vocabulary, slots } = this.#parts;
    const request: NativeRequest = {
      prompt: Uint32Array.from(prompt),
      prefix,
      maxTokens: Math.min(mostTokens(options), this.contextSize - prompt.length),
      endTokens: Uint32Array.from(new Set([this.special.endOfTurn, this.special.endOfText])),
      sampling: sampling(options, grammarOf(options)),
      likeliest: likeliest(options),
      lookup: options.lookup === true,
      expected: Uint32Array.from(options.expected === undefined ? [] : vocabulary.tokenize(options.expected)),
      insists,
    };
    const abort = options.signal ? AbortSignal.any([options.signal, this.#closing.signal]) : this.#closing.signal;
    const adapters = await resolveAdapters(options.adapters ?? []);
    const late = adapters.key === '' ? undefined : adaptedFrom;
    return this.#turns.run(late === undefined ? adapters.key : '', async () => {
      const started = performance.now();
      let firstToken: number | undefined;
      const logprobs = new Logprobs(vocabulary, request.likeliest >= 0);
      const stream = new TextStream({
        detokenize: (tokens, last) => vocabulary.textAfter(tokens, last, writesSpecial),
        before,
        stop: options.stop ?? [],
        onText: options.onText,
      });
      const finish = (
        finishReason: Generation['finishReason'],
        { reusedTokens, guessedTokens } = { reusedTokens: 0, guessedTokens: 0 },
      ): Generation => {
        const text = stream.end();
        const now = performance.now();
        return {
          text,
          promptTokens: prompt.length,
          reusedTokens,
          tokens: stream.tokens,
          guessedTokens,
          finishReason,
          ...(request.likeliest >= 0 ? { logprobs: logprobs.all } : {}),
          firstTokenSeconds: ((firstToken ?? now) - started) / 1000,
          seconds: (now - started) / 1000,
        };
      };
      const own = (): Promise<NativeEngine> => (aside ? slots.aside() : slots.with(adapters));
      const { engine, ...adapted } = late === undefined ? { engine: await own() } : await slots.baseWith(adapters);
      if (request.maxTokens === 0) return finish('length');
      if (abort.aborted) return finish('cancelled');

      let end: Generation['finishReason'] | undefined; // that comes before the engine's own
      const asked = late === undefined ? request : { ...request, ...adapted, adaptedFrom: late };
      const { lane, ...result } = await compute(engine, asked, abort, (tokens, probabilities) => {
        firstToken ??= performance.now();
        for (const [i, token] of tokens.entries()) {
          if (abort.aborted) end = 'cancelled';
          else if (!stream.push(token)) end = 'stop';
          if (end === 'cancelled') return false;
          logprobs.push(probabilities?.[i]);
          if (end === 'stop') return false;
        }
        return true;
      });
      slots.used({ engine, lane });
      return finish(end ?? result.finish, result);
    });
  }

  protected get isClosed(): boolean {
    return this.#closed !== undefined;
  }
}

/** Throws `usage`: a call of a tool opens as its model writes it. */
function openingOf({ opening = '' }: GenerateOptions, tools: readonly Tool[]): string {
  if (opening === '' || tools.length === 0) return opening;
  throw new EngramError('usage', 'An answer cannot open with a given text where tools may be called.');
}

/** Runs one answer. `take` gets its tokens as they come and ends it by returning false; what it throws comes out. */
async function compute(
  engine: NativeEngine,
  request: NativeRequest,
  abort: AbortSignal,
  take: (tokens: Uint32Array, probabilities: Float64Array[] | undefined) => boolean,
): Promise<NativeResult> {
  const thrown: unknown[] = [];
  let isEnough = false;
  const { id, done } = callNative(() =>
    engine.generate(request, (tokens, probabilities) => {
      if (isEnough) return;
      try {
        isEnough = !take(tokens, probabilities);
      } catch (error) {
        thrown.push(error);
        isEnough = true;
      }
      if (isEnough) engine.cancel(id);
    }),
  );
  const cancel = (): void => {
    engine.cancel(id);
  };
  abort.addEventListener('abort', cancel);
  try {
    const result = await awaitNative(() => done);
    if (thrown.length > 0) throw thrown[0];
    return result;
  } catch (error) {
    throw failed(error);
  } finally {
    abort.removeEventListener('abort', cancel);
  }
}

/** What llama.cpp itself throws while it computes has no code. */
function failed(error: unknown): unknown {
  if (!(error instanceof EngramError) || error.code !== 'internal') return error;
  return new EngramError('native', 'llama.cpp failed while it computed an answer.', {
    hint: 'The model or its adapter may be broken, or there is too little memory: try a smaller --context.',
    cause: error,
  });
}
