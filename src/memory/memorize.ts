// The transaction of memory: lessons, questions before, training, questions after, then commit or roll back, with a receipt.
// Nothing is promised that the runtime has not asked itself. Not here: the lessons (lessons/), the training (recipe.ts), the
// files and events (brain.ts).
import { performance } from 'node:perf_hooks';
import { EngramError, throwIfCancelled } from '../errors.js';
import type { GenerateOptions, Generator } from '../inference/index.js';
import type { BaseModel } from '../training/index.js';
import { baseAnswers, KEPT_TOKENS } from './base-answers.js';
import type { Brain, BrainWriter } from './brain.js';
import { gateKeys } from './gate.js';
import { lessonsFor, withModelLessons, type Lesson, type Lessons } from './lessons/index.js';
import { learn, newMemoryTrainer, RECIPE, type Lesson as TokenLesson } from './recipe.js';
import { UNRELATED } from './replay.js';
import type { Candidate, GateData, Route, Router } from './router.js';
import { says } from './text.js';
import type { MemoryInput, MemorizeProgress, Probe, Receipt } from './types.js';

export interface Memorizer {
  brain: Brain;
  router: Router;
  generator: Generator;
  /** The resident weights; loaded at the first memory. */
  baseModel: () => Promise<BaseModel>;
  /** Folder for what can be made again. */
  cache: string;
}

export interface MemorizeOptions {
  onProgress?: (progress: MemorizeProgress) => void;
  /** Aborting leaves the brain as it was. */
  signal?: AbortSignal;
  /** `rules`: lessons by rules only; `auto` (the default): by the model too, if it passes the exam for it. */
  lessons?: 'auto' | 'rules';
}

/** A memory holds if at least these shares of its probes are answered right, and every unrelated answer stayed. */
const HOLDS = { recall: 0.75, paraphrase: 0.5 };
/** Trained again at most this often when its probes do not hold. */
const ROUNDS = 3;

/**
 * Learns one memory and commits it if it holds; otherwise the brain is as it was and the receipt says why. Throws `empty`,
 * `too_long`, `locked` (another process is memorizing into this brain), `cancelled`, `diverged`, `disk`, `memory`.
 */
export function memorize(parts: Memorizer, input: MemoryInput, options: MemorizeOptions = {}): Promise<Receipt> {
  const byRules = lessonsFor(input);
  return parts.brain.write('memorizing', async (writer) => {
    const { generator, cache, brain } = parts;
    const lessons =
      options.lessons === 'rules'
        ? byRules
        : await withModelLessons(
            { generator, cache, modelSha256: brain.model.sha256, signal: options.signal },
            byRules,
          );
    return new Attempt(parts, lessons, options, writer).run();
  });
}

class Attempt {
  readonly #started = performance.now();
  readonly #id: string;
  readonly #path: string;

  constructor(
    private readonly parts: Memorizer,
    private readonly lessons: Lessons,
    private readonly options: MemorizeOptions,
    private readonly writer: BrainWriter,
  ) {
    this.#id = writer.newId(lessons.text);
    this.#path = parts.brain.adapterPath(this.#id);
  }

  async run(): Promise<Receipt> {
    const { options } = this;
    options.onProgress?.({ phase: 'lessons', lessons: this.lessons.lessons.length });
    const gateData: GateData = { keys: gateKeys(this.lessons) };
    const probes = await this.#before();
    if (probes.every((probe) => probe.kind === 'unrelated' || says(probe.before, probe.expected))) {
      return this.#receipt(probes, { reason: 'The model answers this already, so there is nothing to train.' });
    }

    const base = await this.parts.baseModel();
    const trainer = newMemoryTrainer(base);
    try {
      const lessons = this.#tokens();
      const candidate: Candidate = {
        entry: await this.parts.router.entry(this.#id, gateData, options.signal),
        adapterPath: this.#path,
      };
      const total = { steps: 0, tokens: 0, flop: 0, loss: { before: 0, after: 0 } };
      for (let round = 1; ; round++) {
        const result = await learn(
          trainer,
          { lessons },
          {
            maxSteps: round === 1 ? RECIPE.maxSteps : Math.ceil(RECIPE.maxSteps / 3),
            onProgress: (progress) =>
              options.onProgress?.({ phase: 'train', ...progress, step: total.steps + progress.step }),
            ...(options.signal ? { signal: options.signal } : {}),
          },
        );
        total.steps += result.steps;
        total.tokens += result.tokens;
        total.flop += result.flop;
        if (round === 1) total.loss.before = result.lossBefore;
        total.loss.after = result.lossAfter;
        await this.parts.generator.releaseAdapter(this.#path);
        await trainer.save(this.#path);
        await this.#after(probes, candidate);
        const receipt = this.#receipt(probes, total);
        if (receipt.committed) return await this.#commit(receipt, gateData);
        // Unrelated answers that moved will not come back by more training.
        if (round === ROUNDS || receipt.unrelated.kept < receipt.unrelated.asked) return await this.#rollBack(receipt);
      }
    } finally {
      trainer.close();
    }
  }

  /** What is said without this memory. Of each kind it is asked until an answer is not known: one is enough to train. */
  async #before(): Promise<Probe[]> {
    const { lessons, options } = this;
    const probes: Probe[] = [];
    const of = lessons.recall.length + lessons.paraphrase.length;
    for (const [kind, some] of [['recall', lessons.recall] as const, ['paraphrase', lessons.paraphrase] as const]) {
      let known = true;
      for (const lesson of some) {
        options.onProgress?.({ phase: 'probe-before', done: probes.length, of });
        const { question, expected } = lesson;
        const before = known ? await this.#answer(lesson) : '';
        known &&= says(before, expected);
        probes.push({ kind, question, expected, before, after: '', held: false });
      }
    }
    const unrelated = await this.#base(UNRELATED);
    UNRELATED.forEach((question, i) => {
      const answer = unrelated[i]!;
      probes.push({ kind: 'unrelated', question, expected: answer, before: answer, after: '', held: false });
    });
    return probes;
  }

  /** Asks everything again as a user would: through the gate, with the memory as if it had been committed. */
  async #after(probes: Probe[], candidate: Candidate): Promise<void> {
    const lessons = [...this.lessons.recall, ...this.lessons.paraphrase];
    for (const [done, probe] of probes.entries()) {
      this.options.onProgress?.({ phase: 'probe-after', done, of: probes.length });
      if (probe.kind !== 'unrelated') {
        probe.after = await this.#answer(lessons[done]!, candidate);
        probe.held = says(probe.after, probe.expected);
      } else {
        // A question that the candidate does not touch is computed exactly as before: there is nothing to ask.
        const route = await this.#route(probe.question, candidate);
        const touched = route.matches.some(({ id }) => id === this.#id);
        probe.after = touched ? await this.#ask(probe.question, route, { maxTokens: KEPT_TOKENS }) : probe.before;
        probe.held = probe.after === probe.before;
      }
    }
  }

  /** What is answered to a lesson's question, with the candidate as if it had been committed. */
  async #answer({ question, answer }: Lesson, candidate?: Candidate): Promise<string> {
    const route = await this.#route(question, candidate);
    return this.#ask(question, route, {
      maxTokens: Math.max(24, this.parts.generator.encode(answer).length + 8),
      ...(candidate ? { expected: answer } : {}),
    });
  }

  #route(question: string, candidate?: Candidate): Promise<Route> {
    return this.parts.router.route([{ role: 'user', content: question }], candidate, this.options.signal);
  }

  async #ask(question: string, route: Route, options: GenerateOptions): Promise<string> {
    const { signal } = this.options;
    const { adapters, adaptersFrom } = route;
    const { text } = await this.parts.generator.chat([{ role: 'user', content: question }], {
      adapters,
      ...(adaptersFrom ? { adaptersFrom } : {}),
      ...options,
      ...(signal ? { signal } : {}),
    });
    throwIfCancelled(signal);
    return text;
  }

  #base(questions: readonly string[]): Promise<string[]> {
    return baseAnswers(this.parts.generator, questions, {
      cache: this.parts.cache,
      modelSha256: this.parts.brain.model.sha256,
      signal: this.options.signal,
    });
  }

  /** The lessons as token ids. */
  #tokens(): TokenLesson[] {
    const { generator } = this.parts;
    return this.lessons.lessons.map(({ question, answer }) => ({
      ...prompt(generator, question),
      answer: Uint32Array.from([...generator.encode(answer), generator.special.endOfTurn]),
    }));
  }

  #receipt(
    probes: Probe[],
    outcome: { steps: number; tokens: number; flop: number; loss: Receipt['loss'] } | { reason: string },
  ): Receipt {
    const share = (kind: Probe['kind'], holds: (probe: Probe) => boolean): number => {
      const some = probes.filter((probe) => probe.kind === kind);
      return some.length === 0 ? 1 : some.filter(holds).length / some.length;
    };
    const before = (probe: Probe) => says(probe.before, probe.expected);
    const held = (probe: Probe) => probe.held;
    const unrelated = probes.filter((probe) => probe.kind === 'unrelated');
    const untrained = 'reason' in outcome;
    if (untrained) for (const probe of probes) Object.assign(probe, { after: probe.before, held: true });
    const receipt: Receipt = {
      id: this.#id,
      loss: untrained ? { before: 0, after: 0 } : outcome.loss,
      recall: { before: share('recall', before), after: share('recall', held) },
      paraphrase: { before: share('paraphrase', before), after: share('paraphrase', held) },
      unrelated: { kept: unrelated.filter(held).length, asked: unrelated.length },
      seconds: (performance.now() - this.#started) / 1000,
      steps: untrained ? 0 : outcome.steps,
      tokens: untrained ? 0 : outcome.tokens,
      flop: untrained ? 0 : outcome.flop,
      committed: false,
      probes,
    };
    if (untrained) return { ...receipt, reason: outcome.reason };
    const reasons = [
      receipt.recall.after < HOLDS.recall ? 'it is not recalled reliably' : undefined,
      receipt.paraphrase.after < HOLDS.paraphrase ? 'other wordings are not understood' : undefined,
      receipt.unrelated.kept < receipt.unrelated.asked ? 'unrelated answers changed' : undefined,
    ].filter((reason) => reason !== undefined);
    return reasons.length === 0
      ? { ...receipt, committed: true }
      : { ...receipt, reason: `Rolled back: ${reasons.join(', ')}.` };
  }

  async #commit(receipt: Receipt, gate: GateData): Promise<Receipt> {
    throwIfCancelled(this.options.signal);
    this.options.onProgress?.({ phase: 'commit' });
    const { triple } = this.lessons;
    const data = { gate, ...(triple === undefined ? {} : { triple }) };
    await this.writer.remember({ id: this.#id, ...this.#said(), receipt, data });
    return receipt;
  }

  async #rollBack(receipt: Receipt): Promise<Receipt> {
    await this.parts.generator.releaseAdapter(this.#path);
    this.writer.rollBack({ id: this.#id, ...this.#said(), receipt });
    return receipt;
  }

  #said(): { text: string; question?: string; answer?: string } {
    const { text, question, answer } = this.lessons;
    return { text, ...(question === undefined ? {} : { question }), ...(answer === undefined ? {} : { answer }) };
  }
}

function prompt(generator: Generator, question: string): Pick<TokenLesson, 'prompt' | 'answerStart'> {
  const messages = [{ role: 'user' as const, content: question }];
  const tokens = generator.encodeChat(messages);
  if (tokens.length > generator.contextSize / 2) {
    throw new EngramError(
      'too_long',
      'This is too long to be asked about: a question must fit into half of the context.',
      {
        details: { tokens: tokens.length, contextSize: generator.contextSize },
      },
    );
  }
  return { prompt: tokens, answerStart: generator.answerStart(messages) };
}
