// The public API as the server uses it, without a model: answers are scripted, slow where a test wants it, and written down.
import { setTimeout as sleep } from 'node:timers/promises';
import { AbortError, EngramError } from '../../src/errors.js';
import type {
  Answered,
  AskOptions,
  Completion,
  ModelStatus,
  StoredAdapter,
  StoredDocument,
  StoredRun,
} from '../../src/index.js';
import type { EngineApi, Opened } from '../../src/server/engine.js';
import { RunControl } from '../../src/training/control.js';
import { FakeApi } from './api.js';
import { FakeEmbedder } from './embedder.js';
import { FakeEngine } from './engine.js';
import { newAnswer } from './results.js';

type Chat = Parameters<Opened['chat']>;

/** Says its answer word by word; calls the first tool it is offered; gives JSON where it is asked for a form. */
export class FakeOpened extends FakeEngine implements Opened {
  contextSize = 2048;
  /** Between two words. */
  delayMs = 0;
  /** Until the first word. */
  promptMs = 0;
  /** The words that are left to say, when an answer was broken off: when it ended. */
  brokenOffAt: number | undefined;
  next: Partial<Answered> = {};
  fault: Error | undefined;
  faultAfter: number | undefined;
  running = 0;
  mostRunning = 0;
  /** Memories that are learned now. */
  learning = 0;
  trains: Opened['adapters']['train'] | undefined;
  override stored: StoredDocument[] = [];
  /** Named adapters, runs and brains that there are. */
  trained: { name: string; base: string }[] = [];
  begun: { id: string; adapter: string; status: string; result?: object }[] = [];
  brainNames = ['default', 'work'];

  constructor() {
    super();
    this.#slowMemories();
    this.#keepDocuments();
    this.#keepAdapters();
    this.#nameBrains();
  }

  override async chat(messages: Chat[0], options: AskOptions = {}): Promise<Answered> {
    this.running++;
    this.mostRunning = Math.max(this.running, this.mostRunning);
    try {
      return await this.#chat(messages, options);
    } finally {
      this.running--;
    }
  }

  async #chat(messages: Chat[0], options: AskOptions): Promise<Answered> {
    this.calls.push(['chat', messages, options]);
    if (this.fault !== undefined && this.faultAfter === undefined) throw this.fault;
    await this.#pause(this.promptMs, options.signal);
    const [tool] = options.tools ?? [];
    if (tool !== undefined) {
      return newAnswer('', {
        toolCalls: [{ id: 'abcdef123', name: tool.name, arguments: { city: 'Ulm' } }],
        ...this.next,
      });
    }
    const question = messages.at(-1)!.content;
    const memory =
      options.memories === false
        ? undefined
        : this.held.find(({ text, state }) => state === 'remembered' && text.includes(question.slice(0, 12)));
    const text =
      options.jsonSchema !== undefined
        ? '{"city": "Ulm"}'
        : (memory?.text ?? `I know ${question.split(' ').length} words.`);
    const words = text.split(/(?<= )/).slice(0, options.maxTokens);
    let said = '';
    for (const [i, word] of words.entries()) {
      await this.#pause(this.delayMs, options.signal);
      if (options.signal?.aborted === true) {
        this.brokenOffAt = performance.now();
        throw new AbortError(said);
      }
      if (i === this.faultAfter) throw this.fault!;
      said += word;
      options.onText?.(word);
    }
    const logprobs = words.map((word, token) => ({
      token,
      text: word,
      logprob: -0.5,
      likeliest: [{ token, text: word, logprob: -0.5 }],
    }));
    return newAnswer(said.trim(), {
      tokens: words.length,
      finishReason: options.maxTokens !== undefined && words.length >= options.maxTokens ? 'length' : 'stop',
      ...(memory === undefined
        ? {}
        : { source: 'weights', memories: [{ id: memory.id, text: memory.text, score: 0.9 }] }),
      ...(options.logprobs === undefined ? {} : { logprobs }),
      ...this.next,
    });
  }

  async #pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
    if (ms === 0) return;
    await sleep(ms, undefined, { signal }).catch(() => undefined);
  }

  override async complete(prompt: string, options: Parameters<Opened['complete']>[1] = {}): Promise<Completion> {
    this.running++;
    await this.#pause(this.promptMs, options.signal);
    this.running--;
    if (options.signal?.aborted === true) throw new AbortError();
    const result = await super.complete(prompt, options);
    const token = {
      token: 1,
      text: ' and so on.',
      logprob: -0.25,
      likeliest: [{ token: 1, text: ' and so on.', logprob: -0.25 }],
    };
    return options.logprobs === undefined ? result : { ...result, logprobs: [token] };
  }

  countChat(messages: Chat[0]): Promise<number> {
    return Promise.resolve(messages.reduce((sum, { content }) => sum + content.split(' ').length + 2, 1));
  }

  textOf(ids: readonly number[]): Promise<string> {
    return Promise.resolve(ids.map((id) => `w${id}`).join(' '));
  }

  embed(texts: readonly string[]): Promise<Float32Array[]> {
    return new FakeEmbedder(4).embed(texts);
  }

  #slowMemories(): void {
    const { memories } = this;
    const { add, forget } = memories;
    memories.add = async (input, options) => {
      this.learning++;
      await this.#pause(this.promptMs, options?.signal);
      this.learning--;
      return add(input, options);
    };
    memories.forget = async (id, options) => {
      const memory = await forget(id);
      return options?.probe === true ? { ...memory, proof: this.proof } : memory;
    };
    memories.recall = () =>
      Promise.resolve(this.held.map((memory) => ({ kind: 'memory' as const, relevance: 0.9, memory })));
  }

  #keepDocuments(): void {
    Object.assign(this.documents, {
      ingest: (paths) => {
        this.calls.push(['ingest', paths]);
        const added = [paths ?? []].flat();
        const counts = { unchanged: 0, partly: [], embedded: 1, documents: 1, passages: 1, seconds: 0.1 };
        return Promise.resolve({ ...counts, added, changed: [], removed: [], skipped: [] });
      },
      search: () => Promise.resolve(this.passages),
      list: () => Promise.resolve(this.stored),
      remove: (source) => {
        const meant = this.stored.filter(({ path }) => path === source);
        if (meant.length === 0) return Promise.reject(new EngramError('not_found', `No document fits "${source}".`));
        this.stored = this.stored.filter(({ path }) => path !== source);
        return Promise.resolve(meant);
      },
    } satisfies Partial<Opened['documents']>);
  }

  #keepAdapters(): void {
    const { adapters } = this;
    const { train } = adapters;
    const find = (name: string) => this.trained.find((adapter) => adapter.name === name);
    Object.assign(adapters, {
      train: (request) => (this.trains ?? train)(request),
      list: () => Promise.resolve({ adapters: this.trained.map(adapterOf), broken: [] }),
      get: (name) => {
        const found = find(name);
        if (found === undefined) return Promise.reject(new EngramError('not_found', `There is no adapter "${name}".`));
        return Promise.resolve(adapterOf(found));
      },
      remove: (name) => {
        this.trained = this.trained.filter((adapter) => adapter.name !== name);
        return Promise.resolve();
      },
      runs: () => {
        const stored = this.begun.map((record) => ({ record, folder: '/x', active: false, resumable: true }));
        return Promise.resolve(stored as unknown as StoredRun[]);
      },
      run: (id) => Promise.reject(new EngramError('not_found', `There is no run "${id}".`)),
    } satisfies Partial<Opened['adapters']>);
  }

  #nameBrains(): void {
    Object.assign(this.brains, {
      names: () => this.brainNames,
      get: (name) => {
        const memories = this.held.filter(({ state }) => state === 'remembered').length;
        const [first] = this.held;
        const since = first === undefined ? {} : { since: first.createdAt };
        return Promise.resolve({ name, model: 'tiny', memories, damaged: 0, ...since });
      },
    } satisfies Partial<Opened['brains']>);
    Object.assign(this.models, {
      list: () =>
        Promise.resolve([statusOf('tiny', 'chat'), statusOf('vectors', 'embedding')] as unknown as ModelStatus[]),
    } satisfies Partial<Opened['models']>);
  }
}

/** A home with one chat model `tiny`, one embedder `vectors`, and the brains that are named. */
export class FakeServerApi implements EngineApi {
  readonly opened = new FakeOpened();
  /** Whose model was loaded. */
  readonly openings: unknown[] = [];
  /** When set, loading waits for it. */
  opening: Promise<void> = Promise.resolve();
  readonly RunControl = RunControl;
  readonly doctor = new FakeApi().doctor;
  readonly openEmbedder: EngineApi['openEmbedder'] = () => Promise.resolve(new FakeEmbedder(4));

  /** All of them are one, which is closed when one whose model was loaded is. */
  readonly Engram: EngineApi['Engram'] = {
    open: (options) => {
      const { opened } = this;
      const { memories, documents, adapters, models, brains } = opened;
      let isLoaded = false;
      return Promise.resolve({
        ...{ memories, documents, adapters, models, brains },
        chat: (...args) => opened.chat(...args),
        complete: (...args) => opened.complete(...args),
        tokens: (text) => opened.tokens(text),
        textOf: (ids) => opened.textOf(ids),
        countChat: (messages) => opened.countChat(messages),
        embed: (texts) => opened.embed(texts),
        get contextSize() {
          return opened.contextSize;
        },
        load: () => {
          isLoaded = true;
          this.openings.push(options);
          return this.opening;
        },
        close: () => (isLoaded ? opened.close() : Promise.resolve()),
      } satisfies Opened);
    },
  };

  /** Settles when an answer has begun. */
  async begun(): Promise<void> {
    for (let i = 0; this.opened.running === 0; i++) {
      if (i > 5000) throw new Error('No answer has begun.');
      await sleep(2);
    }
  }
}

function statusOf(name: string, role: 'chat' | 'embedding'): object {
  return {
    entry: {
      ...{
        name,
        role,
        architecture: role === 'chat' ? 'llama' : 'bert',
        parameters: 1e8,
        licence: 'x',
        aliases: [],
        description: '',
      },
      shape: { contextLength: 2048 },
      files: [{ path: 'a.gguf', bytes: 5, sha256: 'b'.repeat(64), sources: [] }],
    },
    ...{ installed: true, bytesOnDisk: 5, folder: '/x' },
  };
}

const adapterOf = ({ name, base }: { name: string; base: string }): StoredAdapter => ({
  ...{ name, path: `/adapters/${name}.gguf`, bytes: 10 },
  manifest: {
    ...{ format: 1 as const, name, rank: 8, alpha: 16, targets: [], layers: [0, 1] as [number, number], losses: [] },
    base: { name: base, sha256: 'a'.repeat(64), architecture: 'llama', heads: 1, keyValueHeads: 1 },
    createdAt: '2026-01-02T03:04:05.000Z',
    trainedTokens: 9,
  },
});
