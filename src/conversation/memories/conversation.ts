// One step of a conversation with a memory: the memory is read, the model called, the memory written, each once. Not here: what
// a memory shows, and how a model answers.
import { EngramError } from '../../errors.js';
import type { ChatMessage } from '../../inference/index.js';
import type { ChatMemory, MemoryVariables } from './types.js';

/** Answers a conversation; an Engram does. */
export interface Answerer<O, A> {
  chat(messages: readonly ChatMessage[], options?: O): Promise<A>;
}

export interface ConversationOptions<O, A> {
  llm: Answerer<O, A>;
  memory: ChatMemory;
  /** The whole prompt, with the memory's keys and the input's in braces: `{chat_memory}`, `{question}`; `{{` is a brace. What
   * is put in is not looked at again. Default: what the memory gives goes into the system message, or between it and the
   * question where it gives messages. */
  prompt?: string | undefined;
  /** What the model is told first. Default: nothing. */
  system?: string | undefined;
  /** Name of what the user says, in the prompt and for the memory. Default `question`. */
  inputKey?: string | undefined;
}

export class Conversation<O extends { signal?: AbortSignal | undefined }, A extends { answer: string }> {
  readonly memory: ChatMemory;
  readonly #llm: Answerer<O, A>;
  readonly #prompt: string | undefined;
  readonly #system: string;
  readonly #inputKey: string;

  constructor({ llm, memory, prompt, system = '', inputKey = 'question' }: ConversationOptions<O, A>) {
    this.memory = memory;
    this.#llm = llm;
    this.#prompt = prompt;
    this.#system = system;
    this.#inputKey = inputKey;
    if (prompt !== undefined)
      fill(prompt, Object.fromEntries([...memory.memoryKeys, inputKey].map((key) => [key, ''])));
  }

  /** Answers, and remembers what was said. Options are the model's own. An answer that was cancelled is not remembered. Throws
   * what memory and model throw. */
  async say(question: string, options?: O): Promise<A> {
    if (question.trim() === '') throw new EngramError('empty', 'There is no question.');
    const signal = options?.signal;
    const inputs = { [this.#inputKey]: question };
    const answer = await this.#llm.chat(this.#messages(await this.memory.load(inputs, { signal }), question), options);
    if (signal?.aborted !== true) await this.memory.save(inputs, { answer: answer.answer }, { signal });
    return answer;
  }

  #messages(variables: MemoryVariables, question: string): ChatMessage[] {
    const system = (text: string): ChatMessage[] => (text === '' ? [] : [{ role: 'system', content: text }]);
    if (this.#prompt !== undefined) {
      const content = fill(this.#prompt, { ...variables, [this.#inputKey]: question });
      return [...system(this.#system), { role: 'user', content }];
    }
    const values = Object.values(variables);
    const said = values.flatMap((value) => (typeof value === 'string' ? [] : value));
    // One system message: templates that have one at all have it first.
    const summaries = said.filter(({ role }) => role === 'system').map(({ content }) => content);
    const told = [this.#system, ...values.filter((value) => typeof value === 'string'), ...summaries];
    return [
      ...system(told.filter((text) => text !== '').join('\n\n')),
      ...said.filter(({ role }) => role !== 'system'),
      { role: 'user', content: question },
    ];
  }
}

/** A template with its values; messages as lines. Throws `usage` for a name that is none of theirs. */
function fill(template: string, values: MemoryVariables): string {
  return template.replace(/\{\{|\}\}|\{([^{}]*)\}/gu, (found, name: string | undefined) => {
    if (name === undefined) return found.charAt(0);
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    if (value === undefined) {
      throw new EngramError(
        'usage',
        `Expected ${Object.keys(values).join(' or ')} in the prompt but received "${name}".`,
      );
    }
    return typeof value === 'string' ? value : value.map(({ content }) => content).join('\n');
  });
}
