// Generator over node-llama-cpp's public evaluation loop: conversations and texts in, streams of text out, one call at a time.
// Not here: loading (load.ts), contexts and adapters (slots.ts), chat templates, fitting, sampling settings.
import { performance } from 'node:perf_hooks';
import { resolve } from 'node:path';
import type { LlamaModel, Token } from 'node-llama-cpp';
import { EngramError } from '../errors.js';
import { ChatTemplate, type Vocabulary } from './chat-template.js';
import { fitConversation, tooLong } from './fit.js';
import { mostTokens, sampling } from './sampling.js';
import type { Slots } from './slots.js';
import { TextStream } from './text-stream.js';
import { Turns } from './turns.js';
import type { ChatMessage, GenerateOptions, Generation, Generator } from './types.js';

const ABORTED = Symbol('aborted');

export class LlamaGenerator implements Generator {
  readonly special: Generator['special'];
  readonly #turns = new Turns();
  readonly #closing = new AbortController();
  readonly #template: ChatTemplate | EngramError;
  #closed: Promise<void> | undefined;

  constructor(
    readonly modelPath: string,
    readonly contextSize: number,
    private readonly model: LlamaModel,
    private readonly slots: Slots,
  ) {
    this.#template = templateOf(model);
    const { bos, eos, eot, shouldPrependBosToken } = model.tokens;
    // A GGUF names one end token as eos; models with a chat template mostly mean the end of a turn by it, and then llama.cpp
    // finds the end of a text as eot.
    const endOfTurn =
      (this.#template instanceof ChatTemplate ? this.#template.endOfTurn : undefined) ?? eot ?? eos ?? 0;
    const endOfText = [eos, eot].find((token) => token !== null && token !== endOfTurn) ?? endOfTurn;
    this.special = { endOfTurn, endOfText, beginOfText: shouldPrependBosToken ? bos : null };
  }

  async chat(messages: readonly ChatMessage[], options: GenerateOptions = {}): Promise<Generation> {
    this.#requireOpen();
    const { contextSize } = this;
    const room = Math.min(mostTokens(options), Math.floor(contextSize / 4));
    const template = this.#requireTemplate();
    const prompt = fitConversation(messages, { contextSize, room, encode: (some) => template.encode(some) });
    return this.#generate(prompt as Token[], [], options);
  }

  async complete(prompt: string, options: GenerateOptions = {}): Promise<Generation> {
    this.#requireOpen();
    const tokens = this.model.tokenize(prompt, false);
    if (this.special.beginOfText !== null) tokens.unshift(this.special.beginOfText as Token);
    if (tokens.length === 0) throw new EngramError('empty', 'There is nothing to continue: the text is empty.');
    if (tokens.length >= this.contextSize) throw tooLong(tokens.length, this.contextSize, 'The text');
    return this.#generate(tokens, tokens, options);
  }

  encodeChat(messages: readonly ChatMessage[]): Uint32Array {
    this.#requireOpen();
    return Uint32Array.from(this.#requireTemplate().encode(messages));
  }

  encode(text: string): Uint32Array {
    this.#requireOpen();
    return Uint32Array.from(this.model.tokenize(text, false));
  }

  decode(tokens: Uint32Array): string {
    this.#requireOpen();
    return this.model.detokenize(Array.from(tokens) as Token[]);
  }

  releaseAdapter(path: string): Promise<void> {
    if (this.#closed !== undefined) return Promise.resolve();
    return this.#turns.run(() => this.slots.release(resolve(path)));
  }

  /** Ends what is being generated (finishReason `cancelled`), then frees the model. */
  close(): Promise<void> {
    this.#closed ??= (async () => {
      this.#closing.abort();
      await this.#turns.idle();
      await this.slots.close();
      await this.model.dispose();
    })();
    return this.#closed;
  }

  /** `before`: tokens whose text the answer continues. */
  async #generate(prompt: Token[], before: Token[], options: GenerateOptions): Promise<Generation> {
    const settings = sampling(options);
    const maxTokens = Math.min(mostTokens(options), this.contextSize - prompt.length);
    const abort = options.signal ? AbortSignal.any([options.signal, this.#closing.signal]) : this.#closing.signal;
    return this.#turns.run(async (defer) => {
      const started = performance.now();
      let firstToken: number | undefined;
      const stream = new TextStream({
        detokenize: (tokens, last) => this.model.detokenize(tokens as Token[], false, last as Token[]),
        before,
        stop: options.stop ?? [],
        onText: options.onText,
      });
      const finish = (finishReason: Generation['finishReason']): Generation => {
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
      };
      if (abort.aborted) return finish('cancelled');
      const slot = await this.slots.with(options.adapters ?? []);
      if (maxTokens === 0) return finish('length');

      // What is being computed cannot be stopped; on an abort the caller does not wait for it, but the next call does.
      const aborted = whenAborted(abort);
      const unlessAborted = async <T>(work: Promise<T>): Promise<T | typeof ABORTED> => {
        const result = await Promise.race([work.catch(failed), aborted.promise]);
        if (result === ABORTED) defer(work);
        return result;
      };
      let evaluation: AsyncGenerator<Token, unknown> | undefined;
      try {
        const feeding = slot.feed(prompt);
        let fed = await unlessAborted(feeding.next());
        while (fed !== ABORTED && fed.done !== true) fed = await unlessAborted(feeding.next());
        if (fed === ABORTED) return finish('cancelled');

        evaluation = slot.sequence.evaluate(fed.value, settings);
        for (;;) {
          const next = await unlessAborted(evaluation.next());
          if (next === ABORTED) return finish('cancelled');
          firstToken ??= performance.now();
          if (next.done === true || next.value === this.special.endOfTurn) return finish('stop');
          if (!stream.push(next.value)) return finish('stop');
          if (stream.tokens >= maxTokens) return finish('length');
        }
      } finally {
        aborted.forget();
        if (evaluation !== undefined) defer(evaluation.return(undefined));
      }
    });
  }

  #requireTemplate(): ChatTemplate {
    if (this.#template instanceof ChatTemplate) return this.#template;
    throw this.#template;
  }

  #requireOpen(): void {
    if (this.#closed !== undefined) throw new EngramError('usage', 'This model has been closed.');
  }
}

/** The model's template, or why there is none. */
function templateOf(model: LlamaModel): ChatTemplate | EngramError {
  const source: unknown = model.fileInfo.metadata.tokenizer.chat_template;
  if (typeof source !== 'string') {
    return new EngramError('unsupported', 'This model has no chat template, so it cannot hold a conversation.', {
      hint: 'Use an instruct or chat model; this one only continues a text.',
    });
  }
  try {
    return new ChatTemplate(source, vocabularyOf(model));
  } catch (error) {
    if (error instanceof EngramError) return error;
    throw error;
  }
}

function vocabularyOf(model: LlamaModel): Vocabulary {
  const { bos, bosString, eosString, shouldPrependBosToken } = model.tokens;
  return {
    tokenize: (text, parseSpecial) => model.tokenize(text, parseSpecial),
    isSpecial: (token) => model.isSpecialToken(token as Token),
    written: (token) => model.detokenize([token as Token], true),
    bos: bos === null ? undefined : { token: bos, written: bosString ?? '', prepend: shouldPrependBosToken },
    eosWritten: eosString ?? '',
  };
}

/** What llama.cpp itself throws while it computes: no token left to choose (values that are no numbers), no memory on a GPU. */
function failed(error: unknown): never {
  if (error instanceof EngramError) throw error;
  throw new EngramError('native', 'llama.cpp failed while it computed an answer.', {
    hint: 'The model or its adapter may be broken, or there is too little memory: try a smaller --context.',
    cause: error,
  });
}

function whenAborted(signal: AbortSignal): { promise: Promise<typeof ABORTED>; forget: () => void } {
  let forget = (): void => undefined;
  const promise = new Promise<typeof ABORTED>((settle) => {
    const heard = (): void => {
      settle(ABORTED);
    };
    if (signal.aborted) heard();
    signal.addEventListener('abort', heard);
    forget = () => {
      signal.removeEventListener('abort', heard);
    };
  });
  return { promise, forget };
}
