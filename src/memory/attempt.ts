// One try to learn a memory: questions before, training, questions after, judged. What comes of it is an adapter file and a
// receipt. Nothing is promised that the runtime has not asked itself. Not here: the lessons (lessons/), the training (recipe.ts),
// committing it or not (memorize.ts).
import { performance } from 'node:perf_hooks';
import { EngramError } from '../errors.js';
import { requireSpace } from '../files.js';
import type { GenerateOptions, Generator } from '../inference/index.js';
import type { BaseModel } from '../training/index.js';
import { ask, roomFor } from './asking.js';
import { baseAnswers, KEPT_TOKENS } from './base-answers.js';
import type { Brain } from './brain.js';
import { gateKeys } from './gate.js';
import type { Lesson, Lessons } from './lessons/index.js';
import { learn, newMemoryTrainer, RECIPE, type LearnInput, type Lesson as TokenLesson } from './recipe.js';
import { REPLAY, UNRELATED } from './replay.js';
import { statementOf, usesOf, type Candidate, type GateData, type Route, type Router } from './router.js';
import { says } from './text.js';
import type { MemorizeProgress, Probe, Receipt } from './types.js';

export interface Memorizer {
  brain: Brain;
  router: Router;
  generator: Generator;
  /** The resident weights; loaded at the first memory. */
  baseModel: () => Promise<BaseModel>;
  /** Folder for what can be made again. */
  cache: string;
}

export interface AttemptOptions {
  onProgress?: (progress: MemorizeProgress) => void;
  /** Aborting leaves the brain as it was. */
  signal?: AbortSignal | undefined;
  /** `rules`: lessons by rules only; `auto` (the default): by the model too, if it passes the exam for it. */
  lessons?: 'auto' | 'rules';
}

/** What an attempt is judged as. */
export interface Place {
  id: string;
  /** Where its adapter is written. */
  path: string;
  /** Memories that are as good as gone: those it replaces, or itself as it was. */
  without: ReadonlySet<string>;
  /** Train even if everything is answered right already. */
  always: boolean;
  /** Questions of what it replaces, with the answers that must not come any more. */
  replaced: readonly Lesson[];
  /** Questions that keep the base model's answer in training too: then it is trained with care. */
  beside?: readonly string[] | undefined;
}

/** What an attempt gave. The adapter file stands where its place says; nothing is committed. */
export interface Attempted {
  /** Its `committed` says whether the memory holds. */
  receipt: Receipt;
  data: Record<string, unknown>;
}

/** A memory holds if at least these shares of its probes are answered right, and every unrelated answer stayed. */
const HOLDS = { recall: 0.75, paraphrase: 0.5 };
/** Trained again at most this often when its probes do not hold. */
const ROUNDS = 3;
/** A fact is asked for in so many wordings at most, to see whether it is known. */
const WORDINGS = 3;

export class Attempt {
  readonly #started = performance.now();
  readonly #id: string;
  readonly #path: string;
  readonly #knownBy = new Set<string>();

  constructor(
    private readonly parts: Memorizer,
    private readonly lessons: Lessons,
    private readonly options: AttemptOptions,
    private readonly place: Place,
  ) {
    this.#id = place.id;
    this.#path = place.path;
  }

  async run(): Promise<Attempted> {
    const { options } = this;
    await requireSpace(this.#path, 0, 'the memory'); // an adapter is a few megabytes
    options.onProgress?.({ phase: 'lessons', lessons: this.lessons.lessons.length });
    const gateData: GateData = { keys: gateKeys(this.lessons) };
    const probes = await this.#before();
    const { triple } = this.lessons;
    const data = {
      gate: gateData,
      ...(triple === undefined ? {} : { triple }),
      ...(options.lessons === 'rules' ? { lessons: options.lessons } : {}),
      ...(this.place.beside === undefined ? {} : { beside: this.place.beside }),
    };
    const known = this.place.always ? undefined : await this.#known(probes);
    if (known !== undefined) {
      const knownBy = [...this.#knownBy];
      const receipt = this.#receipt([...known, ...probes.filter(({ kind }) => kind === 'unrelated')], {
        reason: `${knownBy.length === 0 ? 'The model' : whoRemembers(knownBy)} answers this already, so there is nothing to train.`,
      });
      return { receipt: { ...receipt, ...(knownBy.length === 0 ? {} : { knownBy }) }, data };
    }

    const base = await this.parts.baseModel();
    const trainer = newMemoryTrainer(base);
    try {
      const { beside } = this.place;
      const careful = beside !== undefined;
      const { maxSteps } = careful ? RECIPE.careful : RECIPE;
      const input: LearnInput = {
        lessons: this.#tokens(),
        ...(careful ? { contrasts: await this.#kept(beside), replay: await this.#kept(REPLAY) } : {}),
      };
      const candidate: Candidate = {
        entry: await this.parts.router.entry(this.#id, gateData, options.signal),
        adapterPath: this.#path,
        statement: statementOf(this.lessons),
      };
      const total = { steps: 0, tokens: 0, flop: 0, loss: { before: 0, after: 0 } };
      for (let round = 1; ; round++) {
        const result = await learn(trainer, input, {
          maxSteps: round === 1 ? maxSteps : Math.ceil(maxSteps / 3),
          careful,
          onProgress: (progress) =>
            options.onProgress?.({ phase: 'train', ...progress, step: total.steps + progress.step }),
          signal: options.signal,
        });
        total.steps += result.steps;
        total.tokens += result.tokens;
        total.flop += result.flop;
        if (round === 1) total.loss.before = result.lossBefore;
        total.loss.after = result.lossAfter;
        await this.parts.generator.releaseAdapter(this.#path);
        await trainer.save(this.#path);
        await this.#after(probes, candidate);
        const receipt = this.#receipt(probes, total);
        // Unrelated answers that moved will not come back by more training.
        const isLast = round === ROUNDS || receipt.unrelated.kept < receipt.unrelated.asked;
        const isEnough = !careful || probes.every(({ held }) => held);
        if ((receipt.committed && isEnough) || isLast) return { receipt, data };
      }
    } finally {
      trainer.close();
    }
  }

  /** What showed that each of its facts is told without this memory, in one of its first wordings; undefined as soon as one is not.
   * What was answered by then is what `probes` know of before. */
  async #known(probes: readonly Probe[]): Promise<Probe[] | undefined> {
    const { facts } = this.lessons;
    const told = new Map<string, string>();
    const known: Probe[] = [];
    for (const [done, wordings] of facts.entries()) {
      for (const lesson of wordings.slice(0, WORDINGS)) {
        const { question, expected } = lesson;
        this.options.onProgress?.({ phase: 'probe-before', done, of: facts.length });
        const before = await this.#answer(lesson);
        told.set(question, before);
        if (!says(before, expected)) continue;
        known.push({ kind: 'recall', question, expected, before, after: before, held: true });
        break;
      }
      if (known.length <= done) break;
    }
    for (const probe of probes) if (probe.kind !== 'unrelated') probe.before = told.get(probe.question) ?? probe.before;
    return facts.length > 0 && known.length === facts.length ? known : undefined;
  }

  /** What is asked when it is learned, with what is said to the unrelated questions now. */
  async #before(): Promise<Probe[]> {
    const { lessons } = this;
    const probes: Probe[] = [];
    for (const [kind, some] of [['recall', lessons.recall] as const, ['paraphrase', lessons.paraphrase] as const]) {
      for (const { question, expected } of some) {
        probes.push({ kind, question, expected, before: '', after: '', held: false });
      }
    }
    const unrelated = await this.#base(UNRELATED);
    UNRELATED.forEach((question, i) => {
      const answer = unrelated[i]!;
      probes.push({ kind: 'unrelated', question, expected: answer, before: answer, after: '', held: false });
    });
    for (const { question, expected } of this.place.replaced) {
      probes.push({ kind: 'superseded', question, expected, before: expected, after: '', held: false });
    }
    return probes;
  }

  /** Asks everything again as a user would: through the gate, with the memory as if it had been committed. */
  async #after(probes: Probe[], candidate: Candidate): Promise<void> {
    const lessons = [...this.lessons.recall, ...this.lessons.paraphrase];
    for (const [done, probe] of probes.entries()) {
      this.options.onProgress?.({ phase: 'probe-after', done, of: probes.length });
      if (probe.kind === 'superseded') {
        const { question, expected } = probe;
        probe.after = await this.#ask(question, await this.#route(question, candidate), {
          maxTokens: this.#tokensFor(expected),
        });
        probe.held = !says(probe.after, expected);
      } else if (probe.kind !== 'unrelated') {
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
  async #answer({ question, answer, opening }: Lesson, candidate?: Candidate): Promise<string> {
    const route = await this.#route(question, candidate);
    if (candidate === undefined) for (const { id } of route.matches) this.#knownBy.add(id);
    return this.#ask(question, route, {
      maxTokens: this.#tokensFor(answer),
      ...(candidate ? { expected: answer.slice(opening?.length ?? 0) } : {}),
    });
  }

  #tokensFor(answer: string): number {
    return roomFor(this.parts.generator, answer);
  }

  #route(question: string, candidate?: Candidate): Promise<Route> {
    const { signal } = this.options;
    return this.parts.router.route([{ role: 'user', content: question }], candidate, signal, this.place.without);
  }

  async #ask(question: string, route: Route, options: GenerateOptions): Promise<string> {
    const { signal } = this.options;
    return (await ask(this.parts.generator, question, { ...usesOf(route), ...options, signal })).text;
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
    return this.lessons.lessons.map(({ question, answer, full, opening = '' }) => ({
      ...prompt(generator, question),
      full,
      given: generator.encode(opening).length,
      answer: Uint32Array.from([...generator.encode(answer), generator.special.endOfTurn]),
    }));
  }

  /** What the base model answers to questions, to be trained to stay. */
  async #kept(questions: readonly string[]): Promise<TokenLesson[]> {
    const { generator } = this.parts;
    const answers = await this.#base(questions);
    const kept = questions.map((question, i) => ({
      ...prompt(generator, question),
      answer: generator.encode(answers[i]!),
    }));
    return kept.filter(({ answer }) => answer.length > 0);
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
    const old = probes.filter((probe) => probe.kind === 'superseded');
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
      ...(old.length === 0
        ? {}
        : { superseded: { asked: old.length, recalled: old.filter((probe) => !probe.held).length } }),
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
}

/** Names the memories that answer something, for a reason. */
export function whoRemembers(ids: readonly string[]): string {
  return `What is remembered (${ids.join(', ')})`;
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
