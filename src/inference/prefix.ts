// What conversations begin with alike: the template's opening and the system message. Computed as a block of its own, it is
// there already for every first question. Not here: using it again (native/generate/context.cpp).
import type { ChatMessage, Tool } from './types.js';

/** Stands for a first question: nothing that a question begins with. */
const ANY: ChatMessage = { role: 'user', content: '\u2042' };

export class Prefix {
  /** Of the system messages and tools asked for last. */
  #opening: { key: string; tokens: readonly number[] } | undefined;

  constructor(
    private readonly encode: (
      messages: readonly ChatMessage[],
      tools: readonly Tool[],
      thinking: boolean,
    ) => readonly number[],
  ) {}

  /** How many first tokens of a conversation's prompt every conversation with its system messages and tools
   * shares. It depends on nothing but these. */
  length(
    messages: readonly ChatMessage[],
    prompt: readonly number[],
    tools: readonly Tool[] = [],
    thinking = false,
  ): number {
    const system = messages.filter(({ role }) => role === 'system');
    const key = JSON.stringify([system, tools, thinking]);
    if (this.#opening?.key !== key) this.#opening = { key, tokens: this.encode([...system, ANY], tools, thinking) };
    const { tokens } = this.#opening;
    let length = 0;
    while (length < prompt.length - 1 && length < tokens.length && prompt[length] === tokens[length]) length++;
    return length;
  }
}
