// A world and an API for the command line to run in, without a model: answers are scripted, and everything is written down.
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { Api, Engine } from '../../../src/cli/api.js';
import type { World } from '../../../src/cli/io.js';
import { run } from '../../../src/cli/run.js';
import { EngramError } from '../../../src/errors.js';
import { FakeEmbedder } from '../../fakes/embedder.js';
import { reportOf } from '../../../src/training/classify/report.js';
import { memorizeEach, type BatchOptions } from '../../../src/memory/batch.js';
import { ChatStore, STATE_LIMIT } from '../../../src/memory/chats.js';
import { memoriesOf, memoriesOfFile } from '../../../src/memory/lessons/index.js';
import { RunControl } from '../../../src/training/control.js';
import { plotRun } from '../../../src/training/logs/plot.js';
import { findMemory } from '../../../src/memory/find.js';
import type {
  Answer,
  AskOptions,
  BatchReport,
  Explanation,
  Contradiction,
  ForgottenProof,
  FoundPassage,
  Memory,
  MemoryInput,
  Receipt,
  StateInfo,
} from '../../../src/index.js';

export function newAnswer(text: string, changes: Partial<Answer> = {}): Answer {
  return {
    answer: text,
    source: 'base',
    memories: [],
    passages: [],
    promptTokens: 9,
    reusedTokens: 0,
    tokens: 3,
    seconds: 0.1,
    finishReason: 'stop',
    ...changes,
  };
}

export function newReceipt(id: string, changes: Partial<Receipt> = {}): Receipt {
  return {
    id,
    loss: { before: 3.2, after: 0.05 },
    recall: { before: 0, after: 1 },
    paraphrase: { before: 0, after: 0.75 },
    unrelated: { kept: 4, asked: 4 },
    seconds: 2.1,
    steps: 8,
    tokens: 1200,
    flop: 1e11,
    committed: true,
    probes: [],
    ...changes,
  };
}

export function newPassage(text: string, changes: Partial<FoundPassage> = {}): FoundPassage {
  return {
    ...{ id: 1, source: '/notes/kiln.md', title: 'Kilns', headings: ['Kilns', 'Firing'], page: undefined },
    place: 'Kilns › Firing (kiln.md)',
    ...{ start: 10, end: 10 + text.length, text, metadata: {}, score: 0.03, cosine: 0.7, relevance: 0.8 },
    ...changes,
  };
}

/** An engine that says back what it was told to remember, and otherwise counts the words of the question. */
export class FakeEngine implements Engine {
  readonly calls: unknown[][] = [];
  readonly held: Memory[] = [];
  isClosed = false;
  proof: ForgottenProof = { asked: 8, recalled: 0, base: 0, toldBy: [] };
  /** What memorize finds to be contradicted. */
  contradicted: Contradiction[] = [];
  /** What each memory was to replace. */
  readonly replaced: unknown[] = [];
  /** Changes what memorize returns. */
  receipt: Partial<Receipt> = {};
  /** The next answer goes no further than its first piece until it is broken off. */
  isHeld = false;

  ask(question: string, options: AskOptions = {}): Promise<Answer> {
    return this.chat([{ role: 'user', content: question }], options);
  }

  async chat(messages: Parameters<Engine['chat']>[0], options: AskOptions = {}): Promise<Answer> {
    this.calls.push(['chat', messages, options]);
    const question = messages.at(-1)!.content;
    const memory = this.held.find(({ text }) => text.includes(question.slice(0, 12)));
    const pieces = memory === undefined ? ['I know ', `${question.split(' ').length} words.`] : [memory.text];
    let said = '';
    for (const piece of pieces) {
      said += piece;
      options.onText?.(piece);
      if (this.isHeld && options.signal !== undefined) {
        this.isHeld = false;
        await once(options.signal, 'abort');
      }
      if (options.signal?.aborted === true) return newAnswer(said, { finishReason: 'cancelled' });
    }
    if (memory === undefined) return newAnswer(said);
    return newAnswer(said, { source: 'weights', memories: [{ id: memory.id, text: memory.text, score: 0.9 }] });
  }

  async explain(question: string, options: Parameters<Engine['explain']>[1] = {}): Promise<Explanation> {
    this.calls.push(['explain', question, options]);
    const { answer, source, memories } = await this.ask(question, options);
    options.onProgress?.({ done: 1, of: 3 });
    const influences = memories.map((memory) => ({ kind: 'memory' as const, ...memory, without: -9.5, change: 9.25 }));
    return {
      ...{ question, answer: options.answer ?? answer, source, logprob: -0.25, tokens: 3 },
      ...{ base: { answer: 'Nobody.', logprob: -9.5 }, influences },
    };
  }

  /** Writes 300 bytes a message. */
  async saveState(path: string, options: Parameters<Engine['saveState']>[1] = {}): Promise<StateInfo> {
    this.calls.push(['saveState', path, options]);
    await writeFile(path, 'state '.repeat(50 * (options.messages?.length ?? 0)));
    return { tokens: 128, bytes: 1000 };
  }

  async restoreState(path: string): Promise<StateInfo> {
    this.calls.push(['restoreState', path]);
    const state = await readFile(path, 'utf8').catch(() => {
      throw new EngramError('not_found', 'No such file.');
    });
    if (!state.startsWith('state ')) throw new EngramError('corrupt', 'The saved state is damaged.');
    return { tokens: 128, bytes: state.length };
  }

  tokens(text: string): { id: number; text: string }[] {
    return text.split(' ').map((word, id) => ({ id, text: word }));
  }

  async memorize(input: MemoryInput, options: Parameters<Engine['memorize']>[1] = {}): Promise<Receipt> {
    this.calls.push(['memorize', input]);
    const { replaces } = options;
    this.replaced.push(typeof replaces === 'function' ? await replaces(this.contradicted) : replaces);
    options.onProgress?.({ phase: 'lessons', lessons: 4 });
    options.onProgress?.({ phase: 'train', step: 1, steps: 8, loss: 2, kl: 0, tokensPerSecond: 100 });
    if (options.signal?.aborted === true) throw new EngramError('cancelled', 'Cancelled.');
    const text = typeof input === 'string' ? input : Object.values(input).join(' ');
    const id = `m-00000${this.held.length}`;
    const receipt = newReceipt(id, this.receipt);
    if (receipt.committed)
      this.held.push({ id, text, createdAt: '2026-01-02T03:04:05.000Z', state: 'remembered', receipt });
    return receipt;
  }

  memorizeAll(source: Parameters<Engine['memorizeAll']>[0], options: BatchOptions = {}): Promise<BatchReport> {
    return memorizeEach((input) => this.memorize(input), memoriesOf(source), options);
  }

  memories(): readonly Memory[] {
    return this.held;
  }

  forget(idOrText: string): Promise<Memory> {
    const memory = this.held.find(({ id, text }) => id === idOrText || text.includes(idOrText));
    if (memory === undefined) throw new EngramError('not_found', 'Nothing fits.', { hint: 'Look at the list.' });
    memory.state = 'forgotten';
    return Promise.resolve(memory);
  }

  proveForgotten(memory: Memory): ReturnType<Engine['proveForgotten']> {
    this.calls.push(['proveForgotten', memory.id]);
    return Promise.resolve(this.proof);
  }

  undo(...args: Parameters<Engine['undo']>): ReturnType<Engine['undo']> {
    this.calls.push(['undo', args[0]]);
    const memory = this.held.at(-1)!;
    memory.state = 'remembered';
    return Promise.resolve([{ memory, receipt: newReceipt(memory.id) }]);
  }

  rebuild(options: Parameters<Engine['rebuild']>[0] = {}): ReturnType<Engine['rebuild']> {
    this.calls.push(['rebuild', options.damagedOnly]);
    for (const [done, memory] of this.held.entries()) {
      options.onProgress?.({ memory, done, of: this.held.length, step: { phase: 'commit' } });
    }
    return Promise.resolve({ same: this.held.map(({ id }) => id), renewed: [], kept: [], failed: [], resumed: 0 });
  }

  sleep(options: Parameters<Engine['sleep']>[0] = {}): ReturnType<Engine['sleep']> {
    const { signal, onProgress, onOutcome, onPassage, ...asked } = options;
    this.calls.push(['sleep', asked]);
    const read = options.passages === true ? [{ text: 'The kiln is hot.', place: 'kiln.md', questions: 3 }] : [];
    const due = this.held.map(({ id, text }) => ({ id, text, why: 'new' as const }));
    const isLeft = options.dryRun === true || signal?.aborted === true;
    const memories = (isLeft ? [] : due).map((plan, done) => {
      onProgress?.({ memory: this.held[done]!, done, of: due.length, step: { phase: 'commit' } });
      const before = { recall: 1, paraphrase: 0.75, sure: 0.5, near: 0.25, others: 1, unrelated: 1 };
      const after = { ...before, paraphrase: 1, near: 0.75 };
      const outcome = { ...plan, became: 'consolidated' as const, mended: false, before, after, seconds: 3 };
      onOutcome?.(outcome);
      return outcome;
    });
    const learned = (isLeft ? [] : read).map((plan) => {
      const outcome = { ...plan, memories: ['m-111111'], known: 1, failed: 0, seconds: 2 };
      onPassage?.(outcome);
      return outcome;
    });
    const passages = { due: read, learned };
    const ended = options.dryRun === true ? 'dry run' : signal?.aborted === true ? 'interrupted' : 'done';
    const counts = { consolidated: memories.length, unchanged: 0, mended: 0, lost: 0 };
    return Promise.resolve({ due, memories, ...counts, passages, ended, seconds: 3 });
  }

  train(request: Parameters<Engine['train']>[0]): ReturnType<Engine['train']> {
    this.calls.push(['train', request]);
    const rows = { train: 9, validation: 1, test: 0 };
    request.onEvent?.({ type: 'started', run: 'tone-1', folder: 'runs/tone-1', rows, step: 0 });
    return Promise.resolve({
      ...{ adapter: request.adapter ?? 'tone', run: 'tone-1', folder: 'runs/tone-1', rows },
      ...{ trainedTokens: 27, sumLoss: 78.2, best: null, stoppedEarly: false, steps: 3, seconds: 1 },
      test: { loss: 2.5, accuracy: 0.5 },
      epochs: [{ train: 2.9, validation: null, trainAccuracy: 0.4, validationAccuracy: null }],
    });
  }

  classify(request: Parameters<Engine['classify']>[0]): ReturnType<Engine['classify']> {
    this.calls.push(['classify', request]);
    return Promise.resolve(request.texts.map(() => ({ labels: ['spam'], probabilities: { ham: 0.1, spam: 0.9 } })));
  }

  evaluate(request: Parameters<Engine['evaluate']>[0]): ReturnType<Engine['evaluate']> {
    this.calls.push(['evaluate', request]);
    request.onProgress?.({ done: 2, of: 2 });
    return Promise.resolve(reportOf(['ham', 'spam'], [[0], [1]], [[1], [1]]));
  }

  close(): Promise<void> {
    this.isClosed = true;
    return Promise.resolve();
  }
}

function fakeStore(calls: unknown[][]): Api['AdapterStore'] {
  type Store = InstanceType<Api['AdapterStore']>;
  const merged = (name: string): Awaited<ReturnType<Store['merge']>> => ({
    adapter: {
      ...{ name, path: 'p', bytes: 4000 },
      manifest: {
        ...{ format: 1, name, createdAt: '2026-01-02', rank: 8, alpha: 8, targets: ['q'], layers: [0, 1] },
        ...{
          losses: [],
          trainedTokens: 9,
          base: { name: 'm', sha256: 'a', architecture: 'llama', heads: 1, keyValueHeads: 1 },
        },
      },
    },
    ...{ ranks: [{ weight: 'w', before: 9, after: 8, error: 0.1 }], alpha: 8, error: 0.1, parameters: 1000 },
  });
  return class {
    list(): ReturnType<InstanceType<Api['AdapterStore']>['list']> {
      return Promise.resolve({ adapters: [], broken: [{ name: 'old', problem: 'it lacks a file' }] });
    }
    export(name: string, format: string, out: string): Promise<string[]> {
      return Promise.resolve([`${out}/${name}.${format}`]);
    }
    remove(name: string): Promise<void> {
      return Promise.reject(new EngramError('not_found', `There is no adapter "${name}".`));
    }
    merge(...args: Parameters<Store['merge']>): ReturnType<Store['merge']> {
      calls.push(['merge', ...args]);
      return Promise.resolve(merged(args[1].name));
    }
    shrink(...args: Parameters<Store['shrink']>): ReturnType<Store['shrink']> {
      calls.push(['shrink', ...args]);
      return Promise.resolve(merged(args[1].name));
    }
    fuse(...args: Parameters<Store['fuse']>): ReturnType<Store['fuse']> {
      calls.push(['fuse', ...args]);
      args[1].onProgress?.(0.5);
      return Promise.resolve({ path: '/x/m.gguf', bytes: 9e8, tensors: 210 });
    }
  };
}

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
  readonly openEmbedder: Api['openEmbedder'] = (options) => {
    this.opened.push(options);
    return Promise.resolve(new FakeEmbedder(4));
  };

  /** What was asked of the store of adapters. */
  readonly combined: unknown[][] = [];
  readonly AdapterStore: Api['AdapterStore'] = fakeStore(this.combined);

  readonly ChatStore = ChatStore;
  readonly STATE_LIMIT = STATE_LIMIT;
  readonly memoriesOf = memoriesOf;
  readonly memoriesOfFile = memoriesOfFile;
  readonly plotRun = plotRun;
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
      fits: { chat: true, training: true },
      files: [{ path: 'a.gguf', bytes: 9e7 }],
    });
  readonly removeModel: Api['removeModel'] = () => Promise.resolve(98_362_432);
  /** What was asked of the documents. */
  readonly asked: unknown[][] = [];
  passages: FoundPassage[] = [];
  readonly openRetrieval: Api['openRetrieval'] = () => ({
    retrieval: {
      ingest: (paths, options) => {
        this.asked.push(['ingest', paths, options?.maxBytes]);
        options?.onProgress?.({ phase: 'walk', files: 2 });
        options?.onProgress?.({ phase: 'read', done: 1, of: 2, path: '/notes/kiln.md' });
        return Promise.resolve({
          ...{ added: ['/notes/kiln.md'], changed: [], removed: [], unchanged: 0, embedded: 3, seconds: 0.5 },
          ...{ documents: 1, passages: 3 },
          skipped: [{ path: '/notes/a.bin', code: 'binary', reason: 'It is a binary file.' }],
        });
      },
      watch: (paths, options) => {
        this.asked.push(['watch', paths]);
        const report = { unchanged: 0, embedded: 3, seconds: 0.5, documents: 1, passages: 3, changed: [], skipped: [] };
        options?.onReport?.({ ...report, added: ['/notes/kiln.md'], removed: [] });
        options?.onError?.(new EngramError('locked', 'Another process is memorizing.'));
        options?.onReport?.({ ...report, added: [], removed: [] });
        options?.onReport?.({ ...report, added: ['/notes/rose.md'], removed: ['/notes/kiln.md'] });
        return Promise.resolve();
      },
      search: (question, options) => {
        this.asked.push(['search', question, { ...options, signal: undefined }]);
        return Promise.resolve(this.passages);
      },
      documents: () => [],
      remove: (source) => Promise.reject(new EngramError('not_found', `No document fits "${source}".`)),
    },
    recall: (question, memories) => {
      this.asked.push(['recall', question]);
      const held = memories.map((memory) => ({ kind: 'memory' as const, relevance: 0.9, memory }));
      return Promise.resolve([
        ...held,
        ...this.passages.map((passage) => ({ kind: 'passage' as const, relevance: 0.5, passage })),
      ]);
    },
    close: () => Promise.resolve(),
  });
  readonly openBrain: Api['openBrain'] = () =>
    Promise.resolve({
      ...{ name: 'default', folder: '/x', model: { name: 'tiny', sha256: 'a'.repeat(64) } },
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

export interface Ran {
  code: number;
  stdout: string;
  stderr: string;
  /** The one JSON value on stdout; throws if stdout is anything else. */
  json: () => unknown;
  /** What world.exit() was called with. */
  exits: number[];
  /** How often the process stopped itself. */
  suspended: number;
  /** Programs that were run, with their arguments. */
  launched: string[][];
}

export interface RunOptions {
  api?: Api;
  /** What stdin holds; a function writes it when it likes. */
  stdin?: string | ((stdin: PassThrough) => void);
  env?: Record<string, string>;
  /** Makes the streams terminals. */
  isTTY?: boolean;
  home?: string;
  /** Gets functions that send a Ctrl-C and a Ctrl-Z. */
  onStart?: (interrupt: () => void, suspend: () => void) => void;
}

/** Runs a command line and returns what it did. */
export async function runCli(argv: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const out: Record<'stdout' | 'stderr', string> = { stdout: '', stderr: '' };
  const sink = (name: 'stdout' | 'stderr'): World['stdout'] => {
    const stream = new Writable({
      decodeStrings: false,
      write: (piece: string, _encoding, done) => {
        out[name] += piece;
        done();
      },
    });
    return Object.assign(stream, { isTTY: options.isTTY ?? false, columns: 100 });
  };
  const stdin = new PassThrough();
  if (typeof options.stdin === 'function') options.stdin(stdin);
  else stdin.end(options.stdin ?? '');
  const listeners = new Set<(signal: 'SIGINT' | 'SIGTERM') => void>();
  const suspenders = new Set<() => void>();
  const suspended = { count: 0 };
  const launched: string[][] = [];
  const exits: number[] = [];
  const world: World = {
    stdin: Object.assign(stdin, { isTTY: options.isTTY ?? false }),
    stdout: sink('stdout'),
    stderr: sink('stderr'),
    env: { ENGRAM_HOME: options.home ?? mkdtempSync(join(tmpdir(), 'engram-cli-')), ...options.env },
    onInterrupt: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    onSuspend: (listener) => {
      suspenders.add(listener);
      return () => suspenders.delete(listener);
    },
    suspend: () => {
      suspended.count++;
      return Promise.resolve();
    },
    launch: (program, args) => {
      launched.push([fileURLToPath(program), ...args]);
      return Promise.resolve(3);
    },
    exit: (code) => exits.push(code),
  };
  options.onStart?.(
    () => {
      for (const listener of listeners) listener('SIGINT');
    },
    () => {
      for (const listener of suspenders) listener();
    },
  );
  const api = options.api ?? new FakeApi();
  const code = await run(argv, world, () => Promise.resolve(api), '1.2.3');
  return { code, ...out, exits, suspended: suspended.count, launched, json: () => JSON.parse(out.stdout) as unknown };
}
