// Generator over node-llama-cpp: loads a GGUF, keeps a context for each adapter in use, generates. Not here: chat templates
// (chat-template.ts) and cutting a stream at stop strings (text-stream.ts).
import { stat } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { performance } from 'node:perf_hooks';
import { getLlama, LlamaLogLevel, type Llama, type LlamaModel, type Token } from 'node-llama-cpp';
import { EngramError, throwIfCancelled } from '../errors.js';
import { checkAdapter } from './adapter-check.js';
import { ChatTemplate } from './chat-template.js';
import { ContextPool } from './contexts.js';
import { TextStream } from './text-stream.js';
import type { ChatMessage, GenerateOptions, Generation, Generator, LoadOptions } from './types.js';

/** Most tokens of context unless more is asked for: enough for a long talk, little enough for a small machine. */
const DEFAULT_CONTEXT = 4096;
const DEFAULT_MAX_TOKENS = 512;

const runtimes = new Map<'auto' | false, Promise<Llama>>();

/** The library is loaded once in a process for each choice of GPU. */
function runtime(gpu: 'auto' | false): Promise<Llama> {
  let loading = runtimes.get(gpu);
  if (loading === undefined) {
    loading = getLlama({
      gpu,
      build: 'never', // the package ships binaries; a build would need cmake and the network
      skipDownload: true,
      progressLogs: false,
      logLevel: LlamaLogLevel.error,
      logger: () => undefined, // what matters comes as an exception
    }).catch((error: unknown) => {
      runtimes.delete(gpu);
      throw new EngramError('native', 'llama.cpp cannot be loaded on this machine.', {
        hint: 'Install the dependencies again (npm ci); node-llama-cpp ships binaries for common platforms.',
        cause: error,
      });
    });
    runtimes.set(gpu, loading);
  }
  return loading;
}

/** Throws `not_found`, `corrupt`, `unsupported`, `memory`, `native`, `cancelled`. */
export async function loadGenerator(modelPath: string, options: LoadOptions = {}): Promise<Generator> {
  throwIfCancelled(options.signal);
  const file = await stat(modelPath).catch(() => undefined);
  if (!file?.isFile()) throw new EngramError('not_found', `There is no model file ${modelPath}.`);
  const llama = await runtime(options.gpu ?? 'auto');
  let model: LlamaModel | undefined;
  try {
    model = await llama.loadModel({
      modelPath,
      ...(options.onProgress ? { onLoadProgress: options.onProgress } : {}),
      ...(options.signal ? { loadSignal: options.signal } : {}),
    });
    const contextSize = Math.min(options.contextSize ?? DEFAULT_CONTEXT, Math.max(model.trainContextSize, 1));
    const pool = new ContextPool(model, contextSize, options.threads ?? defaultThreads(llama));
    await pool.get([]); // now, so that too little memory shows at once
    return new LlamaGenerator(modelPath, contextSize, model, pool);
  } catch (error) {
    await model?.dispose();
    throwIfCancelled(options.signal);
    throw loadError(error, modelPath);
  }
}

/**
 * node-llama-cpp hands every token to JavaScript, whose thread then fights the spinning ggml threads for the cores: on two
 * cores one thread generates faster (76-83 tokens/s) than two (47-50). So one core is left to JavaScript.
 */
function defaultThreads(llama: Llama): number {
  return Math.max(1, Math.min(llama.cpuMathCores, availableParallelism()) - 1);
}

function loadError(error: unknown, path: string): unknown {
  if (error instanceof EngramError) return error;
  const message = error instanceof Error ? error.message : String(error);
  if (/vram|memory|too large|failed to create context/i.test(message)) {
    return new EngramError('memory', `The model does not fit into memory: ${message}`, {
      hint: 'Use a smaller --context or a smaller model.',
      cause: error,
    });
  }
  if (/unknown model architecture|unsupported|no vocab|vocab/i.test(message)) {
    return new EngramError('unsupported', `This GGUF is no language model that llama.cpp runs: ${path}.`, {
      cause: error,
    });
  }
  return new EngramError('corrupt', `The model file cannot be read: ${path}.`, {
    hint: 'Fetch it again; it may be truncated, or no GGUF at all.',
    cause: error,
  });
}

class LlamaGenerator implements Generator {
  readonly special: Generator['special'];
  readonly #template: ChatTemplate;
  /** Calls run one after the other: this ends when the last one has. */
  #queue: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(
    readonly modelPath: string,
    readonly contextSize: number,
    private readonly model: LlamaModel,
    private readonly pool: ContextPool,
  ) {
    const { tokens } = model;
    const endOfText = tokens.eos ?? tokens.eot ?? 0;
    this.special = {
      endOfTurn: tokens.eot ?? endOfText,
      endOfText,
      beginOfText: tokens.shouldPrependBosToken ? tokens.bos : null,
    };
    this.#template = new ChatTemplate(model);
  }

  async chat(messages: readonly ChatMessage[], options: GenerateOptions = {}): Promise<Generation> {
    const room = Math.min(options.maxTokens ?? DEFAULT_MAX_TOKENS, Math.floor(this.contextSize / 4));
    return this.#generate(this.#fit(messages, room), options);
  }

  async complete(prompt: string, options: GenerateOptions = {}): Promise<Generation> {
    const tokens = this.model.tokenize(prompt, false);
    if (this.special.beginOfText !== null) tokens.unshift(this.special.beginOfText as Token);
    if (tokens.length === 0) throw new EngramError('empty', 'There is nothing to continue: the text is empty.');
    if (tokens.length >= this.contextSize) throw tooLong(tokens.length, this.contextSize);
    return this.#generate(tokens, options);
  }

  encodeChat(messages: readonly ChatMessage[]): Uint32Array {
    return Uint32Array.from(this.#template.encode(messages));
  }

  encode(text: string): Uint32Array {
    return Uint32Array.from(this.model.tokenize(text, false));
  }

  decode(tokens: Uint32Array): string {
    return this.model.detokenize(Array.from(tokens) as Token[]);
  }

  releaseAdapter(path: string): Promise<void> {
    return this.#inTurn(() => this.pool.release(path));
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#queue;
    await this.pool.close();
    await this.model.dispose();
  }

  /** Leaves out the oldest turns until the conversation and `room` tokens of answer fit. */
  #fit(messages: readonly ChatMessage[], room: number): Token[] {
    if (messages.length === 0) throw new EngramError('empty', 'There is no message to answer.');
    const system = messages.filter(({ role }) => role === 'system');
    let turns = messages.filter(({ role }) => role !== 'system');
    for (;;) {
      const tokens = this.#template.encode([...system, ...turns]);
      if (tokens.length + room <= this.contextSize) return tokens;
      if (turns.length <= 1) {
        if (tokens.length < this.contextSize) return tokens; // the answer gets what is left
        throw tooLong(tokens.length, this.contextSize);
      }
      // A whole exchange at a time: many templates want user and assistant in turns.
      const next = turns.findIndex(({ role }, i) => i > 0 && role === 'user');
      turns = turns.slice(next > 0 ? next : 1);
    }
  }

  #generate(prompt: Token[], options: GenerateOptions): Promise<Generation> {
    return this.#inTurn(async () => {
      for (const { path } of options.adapters ?? []) await checkAdapter(path, this.model);
      const started = performance.now();
      const sequence = await this.pool.prepared(options.adapters ?? [], prompt);
      const { tokens } = sequence;
      const maxTokens = Math.min(options.maxTokens ?? DEFAULT_MAX_TOKENS, this.contextSize - prompt.length);
      const stream = new TextStream(
        (answer) => this.model.detokenize(answer as Token[]),
        options.stop ?? [],
        options.onText,
      );
      let finishReason: Generation['finishReason'] = 'length';
      let firstToken: number | undefined;
      const temperature = options.temperature ?? 0;
      const evaluation = sequence.sequence.evaluate(tokens, {
        temperature,
        ...(temperature > 0
          ? {
              topK: options.topK ?? 40,
              topP: options.topP ?? 0.95,
              minP: options.minP ?? 0.05,
              seed: options.seed ?? randomSeed(),
            }
          : {}),
      });
      try {
        if (maxTokens > 0) {
          for await (const token of evaluation) {
            firstToken ??= performance.now();
            if (options.signal?.aborted === true) {
              finishReason = 'cancelled';
              break;
            }
            if (this.model.isEogToken(token) || !stream.push(token)) {
              finishReason = 'stop';
              break;
            }
            if (stream.tokens >= maxTokens) break;
          }
        }
      } finally {
        await evaluation.return();
      }
      const text = stream.end();
      const now = performance.now();
      return {
        text,
        promptTokens: prompt.length,
        tokens: stream.tokens,
        finishReason,
        firstTokenSeconds: ((firstToken ?? now) - started) / 1000,
        seconds: (now - started) / 1000,
      };
    });
  }

  #inTurn<T>(action: () => Promise<T>): Promise<T> {
    if (this.#closed) return Promise.reject(new EngramError('usage', 'This model has been closed.'));
    const result = this.#queue.then(action);
    this.#queue = result.catch(() => undefined);
    return result;
  }
}

function tooLong(tokens: number, contextSize: number): EngramError {
  return new EngramError('too_long', `The text has ${tokens} tokens and the context ${contextSize}.`, {
    hint: 'Shorten it, or use a larger --context.',
    details: { tokens, contextSize },
  });
}

function randomSeed(): number {
  return Math.floor(Math.random() * 2 ** 31);
}
