// A Generator without a model, which keeps the contract: a token for each character, a template of its own, and an answer that
// a function gives. Its own code apart from fitting, so that the contract is checked and not copied.
import { access, readFile, writeFile } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';
import { EngramError, fromSystemError } from '../../src/errors.js';
import type {
  AdapterUse,
  ChatMessage,
  GenerateOptions,
  Generation,
  Generator,
  Score,
  ScoreOptions,
  StateInfo,
  StateOptions,
} from '../../src/inference/index.js';

/** Ids below this are special: begin of text, begin of turn, end of turn, end of text. */
const FIRST_CHARACTER = 4;
const [BEGIN_OF_TEXT, BEGIN_OF_TURN, END_OF_TURN, END_OF_TEXT] = [0, 1, 2, 3];
const DEFAULT_SYSTEM: ChatMessage = { role: 'system', content: 'You are a fake.' };

export type FakeAnswer = (messages: readonly ChatMessage[], adapters: readonly AdapterUse[]) => string;

export class FakeGenerator implements Generator {
  readonly modelPath = 'fake.gguf';
  readonly special = { endOfTurn: END_OF_TURN, endOfText: END_OF_TEXT, beginOfText: BEGIN_OF_TEXT };
  readonly released: string[] = [];
  readonly asked: { messages: readonly ChatMessage[]; options: GenerateOptions }[] = [];
  /** Text computed last, by adapters. */
  readonly #computed = new Map<string, string>();
  #last: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(
    readonly contextSize = 1024,
    /** Default: repeats the last message, and says how many there were. */
    private readonly answer: FakeAnswer = (messages) =>
      `${messages.at(-1)?.content ?? ''} That was message ${messages.length}, and it needs no other answer.`,
  ) {}

  async chat(messages: readonly ChatMessage[], options: GenerateOptions = {}): Promise<Generation> {
    this.#requireOpen();
    if (messages.length === 0) throw new EngramError('empty', 'There is no message to answer.');
    if (!['shift', 'summarize'].includes(options.overflow ?? 'shift')) throw new EngramError('usage', 'overflow');
    this.asked.push({ messages, options });
    const room = Math.min(options.maxTokens ?? 512, this.contextSize / 4);
    let kept = [...messages];
    while (this.encodeChat(kept).length + room > this.contextSize) {
      const oldest = kept.findIndex(({ role }) => role !== 'system');
      const next = kept.findIndex(({ role }, i) => role === 'user' && i > oldest);
      if (next < 0) break;
      kept = kept.filter(({ role }, i) => role === 'system' || i >= next);
    }
    const { opening = '', tools = [] } = options;
    if (opening !== '' && tools.length > 0) throw new EngramError('usage', 'opening');
    const prompt = this.encodeChat(kept).length + this.encode(opening).length;
    if (prompt >= this.contextSize) {
      throw new EngramError('too_long', `${prompt} tokens`, {
        details: { tokens: prompt, contextSize: this.contextSize },
      });
    }
    const left = messages.length - kept.length;
    const before = this.#computed.get(keyOf(options)) ?? '';
    const text = this.decode(this.encodeChat(kept));
    let reusedTokens = 0;
    while (reusedTokens < Math.min(before.length, text.length - 1) && before[reusedTokens] === text[reusedTokens]) {
      reusedTokens++;
    }
    if (opening !== '') options.onText?.(opening);
    const generated = await this.#generate(prompt, this.answer(kept, options.adapters ?? []), options);
    const answer = { ...generated, text: opening + generated.text };
    this.#computed.set(keyOf(options), text);
    if (left === 0) return { ...answer, reusedTokens };
    const summary = options.overflow === 'summarize' ? { summary: `${left} messages.` } : {};
    return { ...answer, reusedTokens, left: { messages: left, ...summary } };
  }

  async complete(prompt: string, options: GenerateOptions = {}): Promise<Generation> {
    this.#requireOpen();
    const tokens = this.encode(prompt).length + 1;
    if (tokens >= this.contextSize) {
      throw new EngramError('too_long', `${tokens} tokens`, { details: { tokens, contextSize: this.contextSize } });
    }
    return this.#generate(tokens, this.answer([{ role: 'user', content: prompt }], options.adapters ?? []), options);
  }

  /** A character of the answer it would give itself is likely, any other is not. */
  score(prompt: readonly ChatMessage[] | string, answer: string, options: ScoreOptions = {}): Promise<Score> {
    this.#requireOpen();
    if (answer === '') return Promise.reject(new EngramError('empty', 'no answer'));
    const messages = typeof prompt === 'string' ? [{ role: 'user' as const, content: prompt }] : prompt;
    if (this.encodeChat(messages).length + answer.length > this.contextSize) {
      return Promise.reject(new EngramError('too_long', 'too long'));
    }
    if (options.signal?.aborted) return Promise.reject(new EngramError('cancelled', 'Cancelled.'));
    const own = Array.from(this.answer(messages, options.adapters ?? []));
    const tokens = Array.from(answer, (text, i) => ({
      token: this.encode(text)[0]!,
      text,
      logprob: Math.log(text === own[i] ? 0.9 : 0.1),
    }));
    return Promise.resolve({ logprob: tokens.reduce((sum, { logprob }) => sum + logprob, 0), tokens });
  }

  encodeChat(messages: readonly ChatMessage[]): Uint32Array {
    const all = messages[0]?.role === 'system' ? messages : [DEFAULT_SYSTEM, ...messages];
    const turns = all.flatMap(({ role, content }) => [
      BEGIN_OF_TURN,
      ...this.encode(`${role}\n${content}`),
      END_OF_TURN,
    ]);
    return Uint32Array.from([BEGIN_OF_TEXT, ...turns, BEGIN_OF_TURN, ...this.encode('assistant\n')]);
  }

  answerStart(messages: readonly ChatMessage[]): number {
    return this.encodeChat(messages).length - this.encode('assistant\n').length - 1;
  }

  encode(text: string): Uint32Array {
    return Uint32Array.from(Array.from(text), (character) => character.codePointAt(0)! + FIRST_CHARACTER);
  }

  decode(tokens: Uint32Array): string {
    return Array.from(tokens, (token) =>
      token < FIRST_CHARACTER ? '' : String.fromCodePoint(token - FIRST_CHARACTER),
    ).join('');
  }

  async saveState(path: string, options: Parameters<Generator['saveState']>[1] = {}): Promise<StateInfo> {
    this.#requireOpen();
    const computed = this.#computed.get(keyOf(options));
    const of = options.messages?.slice(0, options.messages.findLastIndex(({ role }) => role === 'user') + 1);
    const isIts = of === undefined || computed === this.decode(this.encodeChat(of));
    if (computed === undefined || !isIts) throw new EngramError('empty', 'Nothing to save.');
    const state = JSON.stringify({ fake: 'state', key: keyOf(options), computed });
    await writeFile(path, state).catch((error: unknown) => {
      throw fromSystemError(error, path);
    });
    return { tokens: computed.length, bytes: state.length };
  }

  async restoreState(path: string, options: StateOptions = {}): Promise<StateInfo> {
    this.#requireOpen();
    const text = await readFile(path, 'utf8').catch((error: unknown) => {
      throw fromSystemError(error, path);
    });
    const state = /^\{"fake":"state".*\}$/u.test(text)
      ? (JSON.parse(text) as { key: string; computed: string })
      : undefined;
    if (state === undefined) throw new EngramError('corrupt', `Not a state: ${path}.`);
    if (state.key !== keyOf(options)) throw new EngramError('mismatch', 'Other adapters.');
    this.#computed.set(state.key, state.computed);
    return { tokens: state.computed.length, bytes: text.length };
  }

  embed(texts: readonly string[]): Promise<Float32Array[]> {
    this.#requireOpen();
    if (texts.some((text) => text.trim() === '')) return Promise.reject(new EngramError('empty', 'no text'));
    return Promise.resolve(
      texts.map((text) => {
        const counts = new Float32Array(32);
        for (const token of this.encode(text)) counts[token % 32]! += 1;
        const length = Math.hypot(...counts);
        return counts.map((count) => count / length);
      }),
    );
  }

  releaseAdapter(path: string): Promise<void> {
    this.released.push(path);
    return Promise.resolve();
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#last;
  }

  #generate(promptTokens: number, answer: string, options: GenerateOptions): Promise<Generation> {
    const { temperature = 0 } = options;
    if (!(temperature >= 0)) throw new EngramError('usage', 'temperature');
    const run = this.#last.then(() => this.#run(promptTokens, answer, options));
    this.#last = run.catch(() => undefined);
    return run;
  }

  async #run(promptTokens: number, answer: string, options: GenerateOptions): Promise<Generation> {
    for (const { path } of options.adapters ?? []) {
      await access(path).catch(() => {
        throw new EngramError('not_found', `No such adapter: ${path}.`);
      });
    }
    const ends = (options.stop ?? []).map((stop) => answer.indexOf(stop)).filter((at) => at >= 0);
    const whole = Array.from(answer.slice(0, ends.length === 0 ? answer.length : Math.min(...ends)));
    const most = Math.min(options.maxTokens ?? 512, this.contextSize - promptTokens);
    let text = '';
    let tokens = 0;
    let finishReason: Generation['finishReason'] = 'stop';
    for (const character of whole) {
      if (options.signal?.aborted === true || this.#closed) {
        finishReason = 'cancelled';
        break;
      }
      if (tokens === most) {
        finishReason = 'length';
        break;
      }
      text += character;
      tokens++;
      options.onText?.(character);
      await setImmediate();
    }
    return {
      text,
      promptTokens,
      reusedTokens: 0,
      tokens,
      guessedTokens: 0,
      finishReason,
      firstTokenSeconds: 0,
      seconds: 0,
    };
  }

  #requireOpen(): void {
    if (this.#closed) throw new EngramError('usage', 'This model has been closed.');
  }
}

const keyOf = ({ adapters = [] }: { adapters?: readonly AdapterUse[] }): string => JSON.stringify(adapters);
