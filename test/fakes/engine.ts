// The command line's engine without a model: what it is told to remember it says back, and everything is written down.
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import type { Engine } from '../../src/cli/api.js';
import { EngramError } from '../../src/errors.js';
import type {
  Answer,
  AskOptions,
  BatchReport,
  Contradiction,
  Explanation,
  ForgottenProof,
  Memory,
  MemoryInput,
  Receipt,
  StateInfo,
} from '../../src/index.js';
import { memorizeEach, type BatchOptions } from '../../src/learn/batch.js';
import { memoriesOf } from '../../src/learn/lessons/index.js';
import { reportOf } from '../../src/training/classify/report.js';
import { newAnswer, newReceipt } from './results.js';

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

  complete(text: string, options: Parameters<Engine['complete']>[1] = {}): ReturnType<Engine['complete']> {
    this.calls.push(['complete', text, options]);
    options.onText?.(' and so on.');
    return Promise.resolve({
      ...{ text: ' and so on.', promptTokens: 3, reusedTokens: 0, guessedTokens: 0, tokens: 4 },
      ...{ finishReason: 'stop', firstTokenSeconds: 0, seconds: 0 },
    });
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
    options.onProgress?.({ phase: 'train', step: 1, steps: 8, loss: 2, tokensPerSecond: 100 });
    if (options.signal?.aborted === true) throw new EngramError('cancelled', 'Cancelled.');
    const text = typeof input === 'string' ? input : Object.values(input).join(' ');
    const id = `m-00000${this.held.length}`;
    const receipt = newReceipt(id, this.receipt);
    if (receipt.committed)
      this.held.push({ id, text, createdAt: '2026-01-02T03:04:05.000Z', state: 'remembered', receipt });
    return receipt;
  }

  memorizeAll(source: Parameters<Engine['memorizeAll']>[0], options: BatchOptions = {}): Promise<BatchReport> {
    return memorizeEach((input, onProgress) => this.memorize(input, { onProgress }), memoriesOf(source), options);
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

  work(options: Parameters<Engine['work']>[0]): ReturnType<Engine['work']> {
    this.calls.push(['work', options.worker, options.once, options.leaseSeconds]);
    return Promise.resolve({ done: 1, failed: 0, givenBack: 0, lost: 0 });
  }

  sleep(options: Parameters<Engine['sleep']>[0] = {}): ReturnType<Engine['sleep']> {
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
