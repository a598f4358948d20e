// The command line's engine without a model: what it is told to remember it says back, and everything is written down.
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { findMemory } from '../../src/brain/find.js';
import type { Engine } from '../../src/cli/api.js';
import { ChatStore } from '../../src/conversation/chats.js';
import { AbortError, EngramError } from '../../src/errors.js';
import type {
  Answered,
  AskOptions,
  Contradiction,
  ForgottenProof,
  FoundPassage,
  Memory,
  Receipt,
  StateInfo,
  StoredDocument,
} from '../../src/index.js';
import { memorizeEach } from '../../src/learn/batch.js';
import { memoriesOf } from '../../src/learn/lessons/index.js';
import { fakeAdapters } from './adapters.js';
import { fakeBrains } from './brains.js';
import { fakeDocuments } from './documents.js';
import { fakeJobs } from './jobs.js';
import { fakeModels } from './models.js';
import { newAnswer, newReceipt } from './results.js';

/** An engine that says back what it was told to remember, and otherwise counts the words of the question. */
export class FakeEngine implements Engine {
  readonly calls: unknown[][] = [];
  readonly held: Memory[] = [];
  isClosed = false;
  proof: ForgottenProof = { asked: 8, recalled: 0, base: 0, toldBy: [] };
  /** What memories.add() finds to be contradicted. */
  contradicted: Contradiction[] = [];
  /** What each memory was to replace. */
  readonly replaced: unknown[] = [];
  /** Changes what memories.add() returns. */
  receipt: Partial<Receipt> = {};
  /** The next answer goes no further than its first piece until it is broken off. */
  isHeld = false;
  /** What was asked of the documents, and what is found in them. */
  readonly asked: unknown[][] = [];
  passages: FoundPassage[] = [];
  stored: StoredDocument[] = [];
  /** What was asked of the store of adapters. */
  readonly combined: unknown[][] = [];
  readonly removedBrains: string[] = [];
  chats: Engine['chats'] = new ChatStore('/nowhere');

  readonly documents = fakeDocuments(this.asked, {
    passages: () => this.passages,
    stored: () => this.stored,
  });
  readonly adapters = fakeAdapters(this.calls, this.combined);
  readonly models = fakeModels();
  readonly brains = fakeBrains(this.held, this.removedBrains);

  load(): Promise<void> {
    return Promise.resolve();
  }

  check: Engine['check'] = () => Promise.resolve();

  ask(question: string, options: AskOptions = {}): Promise<Answered> {
    return this.chat([{ role: 'user', content: question }], options);
  }

  async chat(messages: Parameters<Engine['chat']>[0], options: AskOptions = {}): Promise<Answered> {
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
      if (options.signal?.aborted === true) throw new AbortError(said);
    }
    if (memory === undefined) return newAnswer(said);
    return newAnswer(said, { source: 'weights', memories: [{ id: memory.id, text: memory.text, score: 0.9 }] });
  }

  complete(text: string, options: Parameters<Engine['complete']>[1] = {}): ReturnType<Engine['complete']> {
    this.calls.push(['complete', text, options]);
    options.onText?.(' and so on.');
    return Promise.resolve({
      ...{ text: ' and so on.', promptTokens: 3, reusedTokens: 0, guessedTokens: 0, tokens: 4 },
      ...{ finishReason: 'stop', firstTokenSeconds: 0, seconds: 0 },
    });
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

  tokens(text: string): Promise<{ id: number; text: string }[]> {
    return Promise.resolve(text.split(' ').map((word, id) => ({ id, text: word })));
  }

  readonly jobs: Engine['jobs'] = fakeJobs(this.calls);

  readonly memories: Engine['memories'] = {
    remark: undefined,
    add: async (input, options = {}) => {
      this.calls.push(['memorize', input]);
      const { replaces } = options;
      this.replaced.push(typeof replaces === 'function' ? await replaces(this.contradicted) : replaces);
      options.onProgress?.({ phase: 'lessons', lessons: 4 });
      options.onProgress?.({ phase: 'train', step: 1, steps: 8, loss: 2, tokensPerSecond: 100 });
      if (options.signal?.aborted === true) throw new AbortError();
      const text = typeof input === 'string' ? input : Object.values(input).join(' ');
      const id = `m-00000${this.held.length}`;
      const receipt = newReceipt(id, this.receipt);
      if (receipt.committed)
        this.held.push({ id, text, createdAt: '2026-01-02T03:04:05.000Z', state: 'remembered', receipt });
      return receipt;
    },
    addAll: (source, options = {}) =>
      memorizeEach((input, onProgress) => this.memories.add(input, { onProgress }), memoriesOf(source), options),
    list: ({ all = false } = {}) => Promise.resolve(all ? this.held : this.#remembered),
    get: (idOrText) => Promise.resolve().then(() => findMemory(this.held, idOrText)),
    forget: async (idOrText) => (await this.memories.forgetAll([idOrText]))[0]!,
    forgetAll: (names) =>
      Promise.resolve().then(() => {
        const found = names.map((name) => findMemory(this.#remembered, name));
        for (const memory of found) memory.state = 'forgotten';
        return found;
      }),
    prove: (memory) => {
      this.calls.push(['proveForgotten', memory.id]);
      return Promise.resolve(this.proof);
    },
    undo: (idOrText) => {
      this.calls.push(['undo', idOrText]);
      const memory = this.held.at(-1)!;
      memory.state = 'remembered';
      return Promise.resolve([{ memory, receipt: newReceipt(memory.id) }]);
    },
    history: () =>
      Promise.resolve([
        { id: 1, time: '2026-01-02T03:04:05.678Z', kind: 'forgotten', memoryId: 'm-000000', payload: { undoes: 1 } },
      ]),
    explain: async (question, options = {}) => {
      this.calls.push(['explain', question, options]);
      const { answer, source, memories } = await this.ask(question, options);
      options.onProgress?.({ done: 1, of: 3 });
      const influences = memories.map((memory) => ({
        kind: 'memory' as const,
        ...memory,
        without: -9.5,
        change: 9.25,
      }));
      return {
        ...{ question, answer: options.answer ?? answer, source, logprob: -0.25, tokens: 3 },
        ...{ base: { answer: 'Nobody.', logprob: -9.5 }, influences },
      };
    },
    recall: (question) => {
      this.asked.push(['recall', question]);
      const held = this.held.map((memory) => ({ kind: 'memory' as const, relevance: 0.9, memory }));
      const read = this.passages.map((passage) => ({ kind: 'passage' as const, relevance: 0.5, passage }));
      return Promise.resolve([...held, ...read]);
    },
    check: () => Promise.resolve(this.held.filter(({ damaged }) => damaged !== undefined)),
    rebuild: (options = {}) => {
      this.calls.push(['rebuild', options.damagedOnly]);
      for (const [done, memory] of this.held.entries()) {
        options.onProgress?.({ memory, done, of: this.held.length, step: { phase: 'commit' } });
      }
      return Promise.resolve({ same: this.held.map(({ id }) => id), renewed: [], kept: [], failed: [], resumed: 0 });
    },
    sleep: (options = {}) => {
      const { signal, onProgress, onOutcome, onPassage, ...asked } = options;
      this.calls.push(['sleep', asked]);
      const read = options.passages === true ? [{ text: 'The kiln is hot.', place: 'kiln.md', questions: 3 }] : [];
      const due = this.held.map(({ id, text }) => ({ id, text, why: 'weak' as const }));
      const isLeft = options.dryRun === true || signal?.aborted === true;
      const memories = (isLeft ? [] : due).map((plan, done) => {
        onProgress?.({ memory: this.held[done]!, done, of: due.length, step: { phase: 'commit' } });
        const before = { recall: 1, paraphrase: 0.75 };
        const after = { ...before, paraphrase: 1 };
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
      const ended = options.dryRun === true ? 'dry_run' : signal?.aborted === true ? 'interrupted' : 'done';
      const counts = { consolidated: memories.length, unchanged: 0, mended: 0, lost: 0 };
      return Promise.resolve({ due, memories, ...counts, passages, ended, seconds: 3 });
    },
  };

  close(): Promise<void> {
    this.isClosed = true;
    return Promise.resolve();
  }

  get #remembered(): Memory[] {
    return this.held.filter(({ state }) => state === 'remembered');
  }
}
