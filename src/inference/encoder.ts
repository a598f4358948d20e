// What of a generator needs only its vocabulary: texts and conversations to tokens and back. Shared by the generators; works
// while no weights are loaded. Not here: answering.
import { EngramError } from '../errors.js';
import { toolsOf } from './tool-use.js';
import type { ChatMessage, Generator, Tool } from './types.js';
import type { ModelVocabulary } from './vocabulary.js';

export abstract class Encoder implements Pick<
  Generator,
  'encodeChat' | 'answerStart' | 'encode' | 'decode' | 'special'
> {
  readonly special: Generator['special'];
  readonly #vocabulary: ModelVocabulary;

  protected constructor(vocabulary: ModelVocabulary) {
    this.#vocabulary = vocabulary;
    this.special = vocabulary.special;
  }

  encodeChat(messages: readonly ChatMessage[], tools: readonly Tool[] = []): Uint32Array {
    this.requireOpen();
    return Uint32Array.from(this.#vocabulary.template.encode(messages, toolsOf({ tools })));
  }

  answerStart(messages: readonly ChatMessage[], tools: readonly Tool[] = []): number {
    this.requireOpen();
    return this.#vocabulary.template.answerStart(messages, toolsOf({ tools }));
  }

  encode(text: string): Uint32Array {
    this.requireOpen();
    return Uint32Array.from(this.#vocabulary.tokenize(text));
  }

  decode(tokens: Uint32Array): string {
    this.requireOpen();
    return this.#vocabulary.text(tokens);
  }

  /** Throws `usage` once it has been closed. */
  protected requireOpen(): void {
    if (this.isClosed) throw new EngramError('usage', 'This model has been closed.');
  }

  protected abstract readonly isClosed: boolean;
}
