// The API that the command line knows, without a model: answers are scripted, and everything is written down.
import type { Api } from '../../src/cli/api.js';
import { EngramError } from '../../src/errors.js';
import type { FoundPassage, StoredDocument } from '../../src/index.js';
import { remarkOnBrain } from '../../src/brain/brain-names.js';
import { ChatStore, STATE_LIMIT } from '../../src/conversation/chats.js';
import { findMemory } from '../../src/brain/find.js';
import { memoriesOf, memoriesOfFile } from '../../src/learn/lessons/index.js';
import { RunControl } from '../../src/training/control.js';
import { plotRun } from '../../src/training/logs/plot.js';
import { fakeStore } from './adapter-store.js';
import { FakeEmbedder } from './embedder.js';
import { FakeEngine } from './engine.js';
import { fakeRetrieval } from './retrieval.js';

export class FakeApi implements Api {
  readonly engine = new FakeEngine();
  readonly opened: unknown[] = [];
  readonly removedBrains: string[] = [];
  loads = 0;
  doctorProblems: { message: string; hint?: string }[] = [];

  readonly Engram: Api['Engram'] = {
    open: (options) => {
      this.opened.push(options);
      options.onProgress?.({ phase: 'model', share: 0.5 });
      return Promise.resolve(this.engine);
    },
    openModel: (options) => {
      this.opened.push(options);
      return Promise.resolve(this.engine);
    },
    moveBrain: (options) => {
      this.opened.push(options);
      const [memory] = this.engine.held;
      if (memory !== undefined) options.onMove?.({ memory, done: 0, of: 1, step: { phase: 'commit' } });
      const model = { name: 'tiny', sha256: 'a'.repeat(64) };
      const failed = options.partly === true ? [] : [{ id: 'm-000000', text: 'x', reason: 'It does not hold.' }];
      return Promise.resolve({ moved: failed.length === 0, from: model, to: model, held: [], failed, resumed: 0 });
    },
  };
  readonly modelIdentity: Api['modelIdentity'] = () => Promise.resolve({ name: 'tiny', sha256: 'a'.repeat(64) });
  readonly exportBrain: Api['exportBrain'] = (brain, path, options) => {
    options?.onProgress?.({ doneBytes: 5, totalBytes: 10 });
    return Promise.resolve({ path, bytes: 2000, memories: brain.snapshot('').length, damaged: [] });
  };
  readonly importBrain: Api['importBrain'] = (_path, options) => {
    options.onProgress?.({ doneBytes: 5, totalBytes: 10 });
    return Promise.resolve({ name: options.name ?? 'work', model: options.model!, memories: 2, damaged: ['m-000001'] });
  };
  readonly openJobs: Api['openJobs'] = () => Promise.reject(new Error('no store'));
  readonly listSharedBrains: Api['listSharedBrains'] = () => Promise.resolve([]);
  readonly openEmbedder: Api['openEmbedder'] = (options) => {
    this.opened.push(options);
    return Promise.resolve(new FakeEmbedder(4));
  };

  /** What was asked of the store of adapters. */
  readonly combined: unknown[][] = [];
  readonly AdapterStore: Api['AdapterStore'] = fakeStore(this.combined);

  readonly ChatStore = ChatStore;
  readonly STATE_LIMIT = STATE_LIMIT;
  readonly remarkOnBrain = remarkOnBrain;
  readonly memoriesOf = memoriesOf;
  readonly memoriesOfFile = memoriesOfFile;
  readonly plotRun = plotRun;
  checkAsking: Api['checkAsking'] = () => Promise.resolve();
  checkRoomToMemorize: Api['checkRoomToMemorize'] = () => Promise.resolve();
  remarkOnModel: Api['remarkOnModel'] = () => Promise.resolve(undefined);
  checkTrainRequest: Api['checkTrainRequest'] = () => Promise.resolve();
  readonly RunControl = RunControl;
  readonly RunStore: Api['RunStore'] = class {
    list(): ReturnType<InstanceType<Api['RunStore']>['list']> {
      return Promise.resolve([]);
    }
    find(id: string): ReturnType<InstanceType<Api['RunStore']>['find']> {
      return Promise.reject(new EngramError('not_found', `There is no run "${id}".`));
    }
    remove(id: string): Promise<void> {
      return Promise.reject(new EngramError('not_found', `There is no run "${id}".`));
    }
  };

  readonly listModels: Api['listModels'] = () => Promise.resolve([]);
  readonly pullModel: Api['pullModel'] = (_home, name, options) => {
    options?.onProgress?.({ model: name, file: 'a.gguf', source: 'x', receivedBytes: 5, totalBytes: 10 });
    return Promise.resolve({ name, folder: 'f', fetched: true, unverified: ['a.gguf'] });
  };
  readonly showModel: Api['showModel'] = (_home, name) =>
    Promise.resolve({
      ...{ name, architecture: 'llama', parameters: 1e8, contextLength: 2048, bytes: 9e7, installed: true, path: 'p' },
      memory: { chatBytes: 2e8, trainingBytes: 5e8, freeBytes: 1e9 },
      fits: { answering: true, training: true },
      files: [{ path: 'a.gguf', bytes: 9e7 }],
    });
  readonly removeModel: Api['removeModel'] = () => Promise.resolve(98_362_432);
  /** What was asked of the documents. */
  readonly asked: unknown[][] = [];
  passages: FoundPassage[] = [];
  stored: StoredDocument[] = [];
  readonly openRetrieval: Api['openRetrieval'] = () => fakeRetrieval(this.asked, this.passages, this.stored);
  readonly openBrain: Api['openBrain'] = () =>
    Promise.resolve({
      ...{ name: 'default', folder: '/x', model: { name: 'tiny', sha256: 'a'.repeat(64) } },
      fetchAdapters: () => Promise.resolve(),
      remark: undefined,
      snapshot: () => this.engine.held.map((memory) => ({ ...memory, from: '/x/a.gguf' })),
      memories: () => this.engine.memories(),
      get: (id) => this.engine.held.find((memory) => memory.id === id),
      find: (idOrText, options) =>
        findMemory(
          this.engine.held.filter((m) => options?.anyState === true || m.state === 'remembered'),
          idOrText,
        ),
      history: () => [
        { id: 1, time: '2026-01-02T03:04:05.678Z', kind: 'forgotten', memoryId: 'm-000000', payload: { undoes: 1 } },
      ],
      check: () => Promise.resolve(this.engine.held.filter(({ damaged }) => damaged !== undefined)),
      forgetAll: (names) => Promise.all(names.map((name) => this.engine.forget(name))),
      close: () => undefined,
    });
  readonly listBrains: Api['listBrains'] = () => ['default'];
  readonly removeBrain: Api['removeBrain'] = ({ name }) => {
    this.removedBrains.push(name);
    return Promise.resolve(true);
  };
  readonly doctor: Api['doctor'] = () => Promise.resolve({ problems: this.doctorProblems, cpu: { avx2: true } });
}
