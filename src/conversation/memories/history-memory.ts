// What all memories over a conversation have in common: its log, names of values, the room in a prompt, and one write after the
// other. Not here: what each puts into a prompt.
import { EngramError, throwIfCancelled } from '../../errors.js';
import type { ChatMessage } from '../../inference/index.js';
import { ProcessLog, type ChatLog } from './chat-log.js';
import { textOf } from './keys.js';
import { asText, exchangesOf, messagesOf, type CountTokens, type Prefixes } from './show.js';
import type { ChatMemory, Exchange, LoadOptions, MemoryModel, MemoryVariables, SaveOptions, Values } from './types.js';

export interface HistoryOptions {
  /** Where the conversation is kept. Default: in this process only. Memories may share one. */
  log?: ChatLog | undefined;
  /** Name of the variable in the prompt. Default `history`. */
  memoryKey?: string | undefined;
  /** Messages in place of a text. Default false. */
  returnMessages?: boolean | undefined;
  /** Which input is what the user said, which output the answer. Default: the only one. */
  inputKey?: string | undefined;
  outputKey?: string | undefined;
  /** How a text calls them. Default `Human` and `AI`. */
  humanPrefix?: string | undefined;
  aiPrefix?: string | undefined;
  /** Whose context the memory stays within. Without it tokens are counted as bytes, of which there are never fewer. */
  llm?: MemoryModel | undefined;
}

/** Of a context, what memory and question may take: a quarter is for the answer, an eighth for the rest of the prompt. */
const SHARE = 5 / 8;
/** Tokens of context where no model says how many (the default of config.ts). */
const CONTEXT = 4096;

export abstract class HistoryMemory implements ChatMemory {
  readonly log: ChatLog;
  readonly memoryKey: string;
  readonly returnMessages: boolean;
  readonly inputKey: string | undefined;
  readonly outputKey: string | undefined;
  protected readonly prefixes: Prefixes;
  protected readonly llm: MemoryModel | undefined;
  #saving: Promise<unknown> = Promise.resolve();

  constructor(options: HistoryOptions = {}) {
    const { log, memoryKey = 'history', returnMessages = false, humanPrefix = 'Human', aiPrefix = 'AI' } = options;
    if (memoryKey === '') throw new EngramError('usage', 'Expected a name for memoryKey but received none.');
    this.log = log ?? new ProcessLog();
    this.memoryKey = memoryKey;
    this.returnMessages = returnMessages;
    this.inputKey = options.inputKey;
    this.outputKey = options.outputKey;
    this.prefixes = { humanPrefix, aiPrefix };
    this.llm = options.llm;
  }

  get memoryKeys(): readonly string[] {
    return [this.memoryKey];
  }

  async load(inputs: Values = {}, options: LoadOptions = {}): Promise<MemoryVariables> {
    throwIfCancelled(options.signal);
    await this.#saving.catch(() => undefined);
    return this.recall(await this.exchanges(), inputs, options);
  }

  async save(inputs: Values, outputs: Values, options: SaveOptions = {}): Promise<void> {
    await this.inTurn(async () => {
      await this.log.add(this.messagesFor(inputs, outputs));
      await this.learn(await this.exchanges(), options);
    });
  }

  /** Takes in what others have added to its log. */
  async update(options: SaveOptions = {}): Promise<void> {
    await this.inTurn(async () => this.learn(await this.exchanges(), options));
  }

  clear(): Promise<void> {
    return this.inTurn(() => this.log.clear());
  }

  /** What is written for an exchange. Throws `usage`. */
  messagesFor(inputs: Values, outputs: Values): ChatMessage[] {
    return messagesOf({
      human: textOf(inputs, this.inputKey, 'inputKey', this.memoryKeys),
      ai: textOf(outputs, this.outputKey, 'outputKey'),
    });
  }

  protected abstract recall(
    exchanges: readonly Exchange[],
    inputs: Values,
    options: LoadOptions,
  ): Promise<MemoryVariables>;

  /** Makes what it keeps of exchanges that are new to it. */
  protected abstract learn(exchanges: readonly Exchange[], options: SaveOptions): Promise<void>;

  protected readonly countTokens: CountTokens = (text) => this.llm?.countTokens(text) ?? Buffer.byteLength(text);

  /** Tokens that may go into the prompt beside these inputs. */
  protected async room(inputs: Values, most = Infinity, share = 1): Promise<number> {
    let room = Math.floor((this.llm?.contextSize ?? CONTEXT) * SHARE);
    for (const [name, value] of Object.entries(inputs)) {
      if (typeof value === 'string' && !this.memoryKeys.includes(name)) room -= await this.countTokens(value);
    }
    return Math.max(0, Math.floor(Math.min(room * share, most)));
  }

  /** Exchanges as the variable's value, with a text before them. */
  protected shown(exchanges: readonly Exchange[], before = ''): string | ChatMessage[] {
    if (this.returnMessages) {
      const first: ChatMessage[] = before === '' ? [] : [{ role: 'system', content: before }];
      return [...first, ...exchanges.flatMap(messagesOf)];
    }
    return [before, ...exchanges.map((exchange) => asText(exchange, this.prefixes))]
      .filter((text) => text !== '')
      .join('\n');
  }

  protected inTurn<T>(action: () => Promise<T>): Promise<T> {
    const run = this.#saving.catch(() => undefined).then(action);
    this.#saving = run;
    run.catch(() => undefined); // whoever called is told
    return run;
  }

  private async exchanges(): Promise<Exchange[]> {
    return exchangesOf(await this.log.messages());
  }
}

/** Throws `usage` unless it is a whole number from `least`. */
export function checkCount(name: string, value: number, least: number): number {
  if (Number.isSafeInteger(value) && value >= least) return value;
  throw new EngramError('usage', `Expected a whole number from ${least} for ${name} but received ${value}.`);
}
