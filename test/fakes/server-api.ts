// The public API as the server uses it, without a model: answers are scripted, slow where a test wants it, and written down.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Answer, AskOptions, FoundPassage, Generation, StoredDocument } from '../../src/index.js';
import { EngramError } from '../../src/errors.js';
import { memoriesOf } from '../../src/learn/lessons/index.js';
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
  next: Partial<Answer> = {};
  fault: Error | undefined;
  faultAfter: number | undefined;
  running = 0;
  mostRunning = 0;
  passages: FoundPassage[] = [];
  trains: ((request: Parameters<Opened['train']>[0]) => ReturnType<Opened['train']>) | undefined;

  override async chat(messages: Chat[0], options: AskOptions = {}): Promise<Answer> {
    this.running++;
    this.mostRunning = Math.max(this.running, this.mostRunning);
    try {
      return await this.#chat(messages, options);
    } finally {
      this.running--;
    }
  }

  async #chat(messages: Chat[0], options: AskOptions): Promise<Answer> {
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
        return newAnswer(said, { finishReason: 'cancelled' });
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

  override async complete(prompt: string, options: Parameters<Opened['complete']>[1] = {}): Promise<Generation> {
    const result = await super.complete(prompt, options);
    const token = {
      token: 1,
      text: ' and so on.',
      logprob: -0.25,
      likeliest: [{ token: 1, text: ' and so on.', logprob: -0.25 }],
    };
    return options.logprobs === undefined ? result : { ...result, logprobs: [token] };
  }

  countChat(messages: Chat[0]): number {
    return messages.reduce((sum, { content }) => sum + content.split(' ').length + 2, 1);
  }

  textOf(ids: readonly number[]): string {
    return ids.map((id) => `w${id}`).join(' ');
  }

  override async memorize(...[input, options]: Parameters<FakeEngine['memorize']>): ReturnType<FakeEngine['memorize']> {
    await this.#pause(this.promptMs, options?.signal);
    return super.memorize(input, options);
  }

  override async forget(...[id, options]: Parameters<Opened['forget']>): ReturnType<Opened['forget']> {
    const memory = await super.forget(id);
    return options?.probe === true ? { ...memory, proof: this.proof } : memory;
  }

  ingest(paths: Parameters<Opened['ingest']>[0]): ReturnType<Opened['ingest']> {
    this.calls.push(['ingest', paths]);
    const added = [paths ?? []].flat();
    const counts = { unchanged: 0, partly: [], embedded: 1, documents: 1, passages: 1, seconds: 0.1 };
    return Promise.resolve({ ...counts, added, changed: [], removed: [], skipped: [] });
  }

  search(): Promise<FoundPassage[]> {
    return Promise.resolve(this.passages);
  }

  recall(): ReturnType<Opened['recall']> {
    return Promise.resolve(this.held.map((memory) => ({ kind: 'memory' as const, relevance: 0.9, memory })));
  }

  embed(texts: readonly string[]): Promise<Float32Array[]> {
    return new FakeEmbedder(4).embed(texts);
  }

  override train(request: Parameters<Opened['train']>[0]): ReturnType<Opened['train']> {
    return this.trains === undefined ? super.train(request) : this.trains(request);
  }
}

/** A home with one chat model `tiny`, one embedder `vectors`, and the brains that are named. */
export class FakeServerApi implements EngineApi {
  readonly opened = new FakeOpened();
  readonly openings: unknown[] = [];
  /** When set, opening waits for it. */
  opening: Promise<void> = Promise.resolve();
  brains = ['default', 'work'];
  adapters: { name: string; base: string }[] = [];
  documents: StoredDocument[] = [];
  readonly #fake = new FakeApi();

  readonly Engram: EngineApi['Engram'] = {
    open: (options) => this.Engram.openModel(options),
    openModel: async (options) => {
      this.openings.push(options);
      await this.opening;
      return this.opened;
    },
  };
  readonly RunControl = RunControl;
  runs: { id: string; adapter: string; status: string; result?: object }[] = [];
  readonly RunStore = runStoreOf(this);
  readonly AdapterStore = adapterStoreOf(this);
  readonly memoriesOf = memoriesOf;
  readonly doctor = this.#fake.doctor;
  readonly pullModel: EngineApi['pullModel'] = this.#fake.pullModel;
  readonly showModel: EngineApi['showModel'] = this.#fake.showModel;
  readonly openEmbedder: EngineApi['openEmbedder'] = () => Promise.resolve(new FakeEmbedder(4));

  listBrains = (): string[] => this.brains;

  listModels = (): ReturnType<EngineApi['listModels']> =>
    Promise.resolve([statusOf('tiny', 'chat'), statusOf('vectors', 'embedding')] as Awaited<
      ReturnType<EngineApi['listModels']>
    >);

  openBrain: EngineApi['openBrain'] = ({ name }) => {
    const { opened } = this;
    return Promise.resolve({
      ...{ name, model: { name: 'tiny', sha256: 'a'.repeat(64) } },
      memories: () => opened.held.map((memory) => ({ ...memory })),
      find: (id: string) => {
        const found = opened.held.find((memory) => memory.id === id);
        if (found === undefined) throw new EngramError('not_found', `There is no memory "${id}".`);
        return found;
      },
      history: () => [
        { id: 1, time: '2026-01-02T03:04:05.678Z', kind: 'forgotten' as const, memoryId: 'm-000000', payload: {} },
      ],
      close: () => undefined,
    });
  };

  openRetrieval: EngineApi['openRetrieval'] = () => ({
    retrieval: {
      ingest: (paths) => this.opened.ingest(paths),
      search: () => this.opened.search(),
      documents: () => this.documents,
      remove: (source) => {
        const meant = this.documents.filter(({ path }) => path === source);
        if (meant.length === 0) return Promise.reject(new EngramError('not_found', `No document fits "${source}".`));
        this.documents = this.documents.filter(({ path }) => path !== source);
        return Promise.resolve(meant);
      },
    },
    close: () => Promise.resolve(),
  });

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

function runStoreOf(api: FakeServerApi): EngineApi['RunStore'] {
  return class {
    list() {
      const stored = api.runs.map((record) => ({ record, folder: '/x', active: false, resumable: true }));
      return Promise.resolve(stored) as unknown as ReturnType<InstanceType<EngineApi['RunStore']>['list']>;
    }
    find(id: string): ReturnType<InstanceType<EngineApi['RunStore']>['find']> {
      return Promise.reject(new EngramError('not_found', `There is no run "${id}".`));
    }
  };
}

function adapterStoreOf(api: FakeServerApi): EngineApi['AdapterStore'] {
  const stored = ({ name, base }: { name: string; base: string }) => ({
    ...{ name, path: `/adapters/${name}.gguf`, bytes: 10 },
    manifest: {
      ...{ format: 1 as const, name, rank: 8, alpha: 16, targets: [], layers: [0, 1] as [number, number], losses: [] },
      base: { name: base, sha256: 'a'.repeat(64), architecture: 'llama', heads: 1, keyValueHeads: 1 },
      createdAt: '2026-01-02T03:04:05.000Z',
    },
  });
  return class {
    list() {
      return Promise.resolve({ adapters: api.adapters.map(stored), broken: [] }) as unknown as ReturnType<
        InstanceType<EngineApi['AdapterStore']>['list']
      >;
    }
    find(name: string) {
      const found = api.adapters.find((adapter) => adapter.name === name);
      if (found === undefined) return Promise.reject(new EngramError('not_found', `There is no adapter "${name}".`));
      return Promise.resolve(stored(found)) as unknown as ReturnType<InstanceType<EngineApi['AdapterStore']>['find']>;
    }
    remove(name: string) {
      api.adapters = api.adapters.filter((adapter) => adapter.name !== name);
      return Promise.resolve();
    }
  };
}
