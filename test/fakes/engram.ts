// An Engram without a model: answers that a function gives, a few characters at a time, and keeps what it was asked. Only what
// src/langchain uses of it.
import { setImmediate } from 'node:timers/promises';
import { AbortError } from '../../src/errors.js';
import type {
  Answer,
  AskOptions,
  ChatMessage,
  CompleteOptions,
  Engram,
  Completion,
  Memory,
  Receipt,
} from '../../src/index.js';

export type FakeReply = string | (Partial<Answer> & { answer: string });

export interface FakeAsked {
  /** The prompt of complete(), or the conversation of chat(). */
  input: string | readonly ChatMessage[];
  options: AskOptions;
}

export class FakeEngram {
  readonly settings = { model: 'fake', home: '/nowhere', brain: 'default' };
  readonly asked: FakeAsked[] = [];
  readonly memorized: string[] = [];
  readonly forgotten: string[] = [];

  constructor(private readonly reply: (asked: FakeAsked, count: number) => FakeReply = () => 'An answer.') {}

  /** As the classes under test take it. */
  get engram(): Engram {
    return this as unknown as Engram;
  }

  /** The same, as what they are made with. */
  get fields(): { engram: Engram } {
    return { engram: this.engram };
  }

  chat(messages: readonly ChatMessage[], options: AskOptions = {}): Promise<Answer> {
    return this.#answer({ input: messages, options });
  }

  ask(question: string, options: AskOptions = {}): Promise<Answer> {
    return this.chat([{ role: 'user', content: question }], options);
  }

  async complete(prompt: string, options: CompleteOptions = {}): Promise<Completion> {
    const { answer: text, ...rest } = await this.#answer({ input: prompt, options });
    return { ...rest, text, guessedTokens: 0, firstTokenSeconds: 0 };
  }

  /** Those that speak of keeping something are alike, and all others. */
  embed(texts: readonly string[]): Promise<Float32Array[]> {
    const keeps = (text: string): boolean => /\b(?:keep|kept|memorize|note|remember|text)/iu.test(text);
    return Promise.resolve(texts.map((text) => Float32Array.from(keeps(text) ? [1, 0] : [0, 1])));
  }

  readonly memories = {
    add: (text: string) => this.#memorize(text),
    forget: (text: string) => this.#forget(text),
  };

  #memorize(text: string): Promise<Receipt> {
    this.memorized.push(text);
    const share = { before: 0, after: 1 };
    const isQuestion = text.endsWith('?');
    return Promise.resolve({
      id: 'm-000001',
      loss: { before: 2.5, after: 0.125 },
      recall: share,
      paraphrase: share,
      unrelated: { kept: 4, asked: 4 },
      seconds: 0,
      steps: 1,
      tokens: 1,
      flop: 1,
      committed: !isQuestion,
      ...(isQuestion ? { reason: 'it is not recalled reliably' } : {}),
      probes: [],
    });
  }

  #forget(text: string): Promise<Memory> {
    this.forgotten.push(text);
    return Promise.resolve({ id: 'm-000001', text, createdAt: '2026-01-01T00:00:00.000Z', state: 'forgotten' });
  }

  tokens(text: string): { id: number; text: string }[] {
    return Array.from(text, (character) => ({ id: character.codePointAt(0)!, text: character }));
  }

  countTokens(text: string): Promise<number> {
    return Promise.resolve(this.tokens(text).length);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  async #answer(asked: FakeAsked): Promise<Answer> {
    this.asked.push(asked);
    const { onText, signal } = asked.options;
    const reply = this.reply(asked, this.asked.length);
    const given = typeof reply === 'string' ? { answer: reply } : reply;
    let text = '';
    for (const piece of given.answer.match(/[^]{1,3}/gu) ?? []) {
      await setImmediate();
      if (signal?.aborted === true) throw new AbortError(text);
      text += piece;
      onText?.(piece);
    }
    return {
      source: 'base',
      memories: [],
      passages: [],
      promptTokens: 7,
      reusedTokens: 2,
      tokens: Math.ceil(text.length / 3),
      seconds: 0,
      finishReason: 'stop',
      ...given,
      answer: text,
    };
  }
}
