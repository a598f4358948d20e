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

  /** The last message of a conversation as the template writes it, thought, calls and end included, and what comes before it. */
  encodeTurn(messages: readonly ChatMessage[]): { prompt: Uint32Array; answer: Uint32Array } {
    this.requireOpen();
    const { prompt, answer } = this.#vocabulary.template.turn(messages, this.special.endOfTurn);
    return { prompt: Uint32Array.from(prompt), answer: Uint32Array.from(answer) };
  }

  /** How the first special token is written that a text would become if its signs were read. */
  signIn(text: string): string | undefined {
    this.requireOpen();
    return this.#vocabulary.signIn(text);
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
