// Class Engram: a model and a brain, open together. Here is what answers; what else they can do has names of its own (memories,
// documents, adapters, models, chats, brains), each in a file of its own. Not here: what is kept open (parts.ts).
import { ChatStore } from '../conversation/index.js';
import { defined } from '../defined.js';
import { AbortError, EngramError, throwIfCancelled, wrongOption } from '../errors.js';
import type { ChatMessage, Generation, StateInfo, Tool } from '../inference/index.js';
import type { Settings } from '../options/index.js';
import { Adapters } from './adapters.js';
import { answer, type Answered } from './answering.js';
import { answerElsewhere } from './answering-elsewhere.js';
import { Brains } from './brains.js';
import { checkAnswerOptions, checkAsking } from './check-asking.js';
import { Documents } from './documents.js';
import { Jobs } from './jobs.js';
import { Memories } from './memories.js';
import { Models } from './models.js';
import type {
  AskOptions,
  CompleteOptions,
  EngramEmbedOptions,
  LoadOptions,
  OpenOptions,
  SaveStateOptions,
  StreamOptions,
} from './options.js';
import { Parts } from './parts.js';
import { streamAnswer, type AnswerPart } from './stream.js';
import { answerWithTools } from './tool-loop.js';

/** What follows a text. */
export type Completion = Generation & { finishReason: 'stop' | 'length' };

export class Engram implements AsyncDisposable {
  /** What this brain remembers in its weights. */
  readonly memories: Memories;
  /** The files that this brain has read. */
  readonly documents: Documents;
  /** Named adapters: trained, merged, taken in. */
  readonly adapters: Adapters;
  /** The models of the catalog and the home. */
  readonly models: Models;
  /** The conversations kept in this brain. */
  readonly chats: ChatStore;
  /** All brains of the home. */
  readonly brains: Brains;
  /** Work on shared brains, handed over to workers. */
  readonly jobs: Jobs;
  readonly #parts: Parts;

  private constructor(parts: Parts) {
    this.#parts = parts;
    this.memories = new Memories(parts, (question, options) => this.ask(question, options));
    this.documents = new Documents(parts);
    this.adapters = new Adapters(parts);
    this.models = new Models(parts);
    this.chats = new ChatStore(parts.settings.home, parts.settings.brain);
    this.brains = new Brains(parts);
    this.jobs = new Jobs(parts);
  }

  /**
   * Opens a model and a brain; the model is pulled if the catalog has it and it is not installed. Settings left out have their
   * defaults (options/settings.ts). Throws `usage`, and unless it is lazy what load() throws.
   */
  static async open(options: OpenOptions = {}): Promise<Engram> {
    const engram = new Engram(new Parts(options));
    if (options.lazy === true) return engram;
    try {
      await engram.load({ signal: options.signal });
      return engram;
    } catch (error) {
      await engram.close();
      throw error;
    }
  }

  /** With all defaults. */
  get settings(): Settings {
    return this.#parts.settings;
  }

  /** Loads what a lazy one has not loaded yet. Throws `not_found`, `offline`, `network`, `corrupt`, `unsupported`, `memory`,
   * `mismatch` (the brain belongs to another model), `cancelled`. */
  async load({ brain = true, signal }: LoadOptions = {}): Promise<void> {
    await this.#parts.model.open(signal);
    if (brain) await this.#parts.brain.open(signal);
  }

  /** Throws what ask() (with `raw` complete()) would throw of these options; loads nothing. */
  check(options: AskOptions, { raw = false }: { raw?: boolean | undefined } = {}): Promise<void> {
    return checkAsking(this.settings, options, !raw);
  }

  /** Answers one question. Throws as chat(). */
  ask(question: string, options: AskOptions = {}): Promise<Answered> {
    return this.#asked(question, (messages) => this.chat(messages, options));
  }

  /** Answers the last message of a conversation. Where it touches a memory, that memory's adapter is on. Tools that have an
   * `execute` are run until the model answers. Throws `usage`, `too_long`, `not_found`, and an AbortError that has what was said by
   * then. */
  async chat(messages: readonly ChatMessage[], options: AskOptions = {}): Promise<Answered> {
    await this.#checkFirst(options);
    const parts = this.#parts;
    const { generator } = await parts.model.open(options.signal);
    const memory = await parts.brain.open(options.signal);
    const { retrieval } = parts;
    const within = { generator, retrieval, memory, adaptersOf: (name: string | undefined) => parts.adaptersOf(name) };
    const server = await parts.server();
    const answering = (conversation: readonly ChatMessage[], asking: AskOptions): Promise<Answered> =>
      server === undefined
        ? answer(within, conversation, asking)
        : answerElsewhere(server, within, conversation, asking);
    return answerWithTools(answering, messages, options);
  }

  /** The answer to a question or to the last message of a conversation, part by part; its value is the whole answer. Whoever stops
   * reading ends the answer. Throws as chat(). */
  stream(
    input: string | readonly ChatMessage[],
    options: StreamOptions = {},
  ): AsyncGenerator<AnswerPart, Answered, undefined> {
    return streamAnswer((listening) => {
      const asking = { ...options, ...listening };
      return typeof input === 'string' ? this.ask(input, asking) : this.chat(input, asking);
    }, options.signal);
  }

  /** Continues a text as it stands, by the base model or a named adapter: no chat template, no passages, and no memories, which
   * are trained as answers in it. Throws `empty`, `too_long`, `usage`, `not_found`, and an AbortError that has what was said. */
  async complete(prompt: string, options: CompleteOptions = {}): Promise<Completion> {
    if (typeof prompt !== 'string' || prompt === '') {
      throw new EngramError('empty', 'There is nothing to continue: the text is empty.');
    }
    await this.#checkFirst(options, true);
    const { adapter, ...generation } = options;
    const { generator } = await this.#parts.model.open(options.signal);
    const generate = async (): Promise<Generation> =>
      generator.complete(prompt, { ...defined(generation), adapters: await this.#parts.adaptersOf(adapter) });
    const result = await generate().catch((error: unknown) => {
      // An adapter that was trained further may just have taken the place of its old file.
      const isNew = error instanceof EngramError && error.code === 'not_found' && adapter !== undefined;
      if (!isNew) throw error;
      return generate();
    });
    const { finishReason } = result;
    if (finishReason === 'cancelled') throw new AbortError(result.text, { cause: options.signal?.reason });
    return { ...result, finishReason };
  }

  /** Saves what was computed of the conversation answered last, by the base model or by a named adapter, so that it can be
   * gone on with in another process without computing it again. The same file serves whatever begins with the same words:
   * a system message, a document. Throws `empty` (nothing of it is computed), `disk`, `not_found`, `unsupported`,
   * `cancelled`. */
  async saveState(path: string, options: SaveStateOptions = {}): Promise<StateInfo> {
    const { adapter, ...given } = options;
    const { generator } = await this.#parts.model.open(options.signal);
    return generator.saveState(path, { ...defined(given), adapters: await this.#parts.adaptersOf(adapter) });
  }

  /** Puts a saved state back; answers are the same with it and without, but sooner. Throws `not_found`, `disk`, `corrupt`,
   * `unsupported`, `mismatch` (another model, adapter or build of llama.cpp, too small a context), `memory`, `cancelled`:
   * then nothing is lost but the time. */
  async restoreState(path: string, options: Pick<AskOptions, 'adapter' | 'signal'> = {}): Promise<StateInfo> {
    const { adapter, ...given } = options;
    const { generator } = await this.#parts.model.open(options.signal);
    return generator.restoreState(path, { ...defined(given), adapters: await this.#parts.adaptersOf(adapter) });
  }

  /** Vectors of texts: `kind` query for what searches, passage (the default) for what is searched. Of length 1, where the model's
   * card says no other. See embedding/types.ts for the rest, inference/types.ts for those by the chat model. */
  async embed(texts: readonly string[], options: EngramEmbedOptions = {}): Promise<Float32Array[]> {
    const { by = 'embedder', ...given } = options;
    const { signal, onProgress } = given;
    throwIfCancelled(signal);
    if (by === 'embedder') return (await this.#parts.embedder.open()).embed(texts, given);
    if ((by as string) !== 'model') throw wrongOption('by', 'embedder or model', by);
    const { generator } = await this.#parts.model.open(signal);
    const of = texts.length;
    return generator.embed(texts, {
      signal,
      onProgress: (share) => onProgress?.({ done: Math.round(share * of), of }),
    });
  }

  /** Token ids of a text with the text of each, as the model sees a plain text: nothing is added, no special tokens. */
  async tokens(text: string): Promise<{ id: number; text: string }[]> {
    const { generator } = await this.#parts.model.open();
    return Array.from(generator.encode(text), (id) => ({ id, text: generator.decode(Uint32Array.of(id)) }));
  }

  /** How many tokens a plain text has. */
  async countTokens(text: string): Promise<number> {
    return (await this.#parts.model.open()).generator.encode(text).length;
  }

  /** How many tokens a conversation has as chat() reads it, with its template and tools. */
  async countChat(messages: readonly ChatMessage[], tools?: readonly Tool[]): Promise<number> {
    return (await this.#parts.model.open()).generator.encodeChat(messages, tools).length;
  }

  /** The text of token ids, as tokens() gives them. */
  async textOf(ids: readonly number[]): Promise<string> {
    return (await this.#parts.model.open()).generator.decode(Uint32Array.from(ids));
  }

  /** Tokens that prompt and answer together may have. Throws `usage` before a lazy one has loaded its model. */
  get contextSize(): number {
    const { opened } = this.#parts.model;
    if (opened !== undefined) return opened.generator.contextSize;
    throw new EngramError('usage', 'The model is not loaded yet.', { hint: 'Call load() first.' });
  }

  /** Ends what is running and frees everything. Calls after the first one change nothing. */
  close(): Promise<void> {
    return (this.#closed ??= this.#parts.close());
  }
  #closed: Promise<void> | undefined;

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Before anything is computed. A model that is loaded has shown what it can do. */
  async #checkFirst(options: AskOptions, raw = false): Promise<void> {
    if (this.#parts.model.opened === undefined) await this.check(options, { raw });
    else await checkAnswerOptions(options);
  }

  async #asked<T>(question: string, action: (messages: readonly ChatMessage[]) => Promise<T>): Promise<T> {
    if (typeof question !== 'string' || question.trim() === '') throw new EngramError('empty', 'There is no question.');
    return action([{ role: 'user', content: question }]);
  }
}
