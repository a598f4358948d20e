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
import type { Brain } from '../brain/index.js';
import type { Lesson, Lessons } from './lessons/index.js';
import { learn, newMemoryTrainer, RECIPE, type TokenLesson } from './recipe.js';
import { questionsOf } from './remembered.js';
import { UNRELATED } from './replay.js';
import { usesOf, type Candidate, type Route, type Router } from '../gate/index.js';
import { says } from '../brain/index.js';
import type { BeforeAfter, MemorizeProgress, Probe, Receipt } from '../brain/index.js';

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
  /** Trained until it is held more surely. Default false. */
  careful?: boolean;
}

/** What an attempt gave. The adapter file stands where its place says; nothing is committed. */
export interface Attempted {
  /** Its `committed` says whether the memory holds. */
  receipt: Receipt;
  data: Record<string, unknown>;
}

/** Trained again at most this often when its examination does not hold, each time until it is held more surely. */
const ROUNDS = 3;
/** Questions that are written for its examination. */
const QUESTIONS = 3;
/** Of these at least so many have to be answered right, as a share. */
const HOLDS = 0.5;
/** Nearest other memories whose questions must not become its own. */
const NEIGHBOURS = 2;

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
    const { options, lessons, place } = this;
    const { router } = this.parts;
    await requireSpace(this.#path, 0, 'the memory'); // an adapter is a few megabytes
    options.onProgress?.({ phase: 'lessons', lessons: lessons.lessons.length });
    const { triple, text } = lessons;
    if (!this.#isRead(text)) {
      const reason = 'Rolled back: this model spells such letters in bytes and does not read them.';
      return { receipt: this.#receipt([], { reason }), data: {} };
    }
    const questions = await router.questionsOf(text, QUESTIONS, options.signal);
    const data = {
      questions,
      ...(triple === undefined ? {} : { triple }),
      ...(place.careful === true ? { careful: true } : {}),
    };
    const probes = await this.#probes(questions);
    await this.#before(probes);
    if (!place.always && this.#isKnown(probes)) {
      const knownBy = [...this.#knownBy];
      const asked = probes.filter(({ kind, before }) => kind === 'unrelated' || before !== undefined);
      const receipt = this.#receipt(asked, {
        reason: `${knownBy.length === 0 ? 'The model' : whoRemembers(knownBy)} answers this already, so there is nothing to train.`,
      });
      return { receipt: { ...receipt, knownBy }, data };
    }

    const base = await this.parts.baseModel();
    const trainer = newMemoryTrainer(base);
    try {
      const tokens = this.#tokens();
      const { maxSteps } = RECIPE;
      const lossBelow = RECIPE.lossBelow / (place.careful === true ? 2 : 1);
      const candidate: Candidate = {
        entry: await router.entry(this.#id, lessons, options.signal),
        adapterPath: this.#path,
      };
      const total = { steps: 0, tokens: 0, flop: 0, loss: { before: 0, after: 0 } };
      for (let round = 1; ; round++) {
        const result = await learn(trainer, tokens, {
          maxSteps: round === 1 ? maxSteps : Math.ceil(maxSteps / 3),
          lossBelow: lossBelow / 2 ** (round - 1),
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
        const receipt = this.#receipt(probes, total, this.#whyNot(probes));
        if (receipt.committed || round === ROUNDS || !this.#canGain(probes)) return { receipt, data };
      }
    } finally {
      trainer.close();
    }
  }

  /** What is asked, before and after. */
  async #probes(questions: readonly string[]): Promise<Probe[]> {
    const { lessons, place, parts, options } = this;
    const answer = lessons.lessons[0]!.answer;
    const own = (kind: Probe['kind'], question: string): Probe => ({
      ...{ kind, question, expected: answer, after: '', held: false },
    });
    const unrelated = await this.#base(UNRELATED);
    const near = await parts.router.nearest(
      lessons.text,
      NEIGHBOURS,
      new Set([this.#id, ...place.without]),
      options.signal,
    );
    const neighbours = near.flatMap((id) => questionsOf(parts.brain.get(id)).slice(0, 1));
    return [
      ...lessons.recall.map(({ question }) => own('recall', question)),
      ...questions.map((question) => own('paraphrase', question)),
      ...UNRELATED.map((question, i): Probe => {
        const said = unrelated[i]!;
        return { kind: 'unrelated', question, expected: said, before: said, after: '', held: false };
      }),
      ...neighbours.map((question): Probe => ({ kind: 'neighbour', question, expected: '', after: '', held: false })),
      ...place.replaced.map(({ question, expected }): Probe => {
        return { kind: 'superseded', question, expected, before: expected, after: '', held: false };
      }),
    ];
  }

  /** What is said now to its own question, and to the first one that was written: asking all of them would take as long as the
   * training. */
  async #before(probes: readonly Probe[]): Promise<void> {
    const asked = probes.filter(({ kind, question }, i) =>
      kind === 'recall'
        ? question === this.lessons.question
        : kind === 'paraphrase' && probes.findIndex((probe) => probe.kind === kind) === i,
    );
    for (const [done, probe] of asked.entries()) {
      this.options.onProgress?.({ phase: 'probe_before', done, of: asked.length });
      const route = await this.#route(probe.question);
      if (probe.kind === 'recall') for (const { id } of route.matches) this.#knownBy.add(id);
      probe.before = await this.#ask(probe.question, { ...usesOf(route), maxTokens: this.#tokensFor(probe.expected) });
    }
  }

  /** A question with its answer is known if it is answered so already. */
  #isKnown(probes: readonly Probe[]): boolean {
    const { answer } = this.lessons;
    const asked = probes.find(({ kind }) => kind === 'recall');
    return answer !== undefined && asked?.before !== undefined && says(asked.before, answer);
  }

  /** Its own words are asked with its adapter on, everything else as a user would: through the gate, with the memory as if it had
   * been committed. */
  async #after(probes: readonly Probe[], candidate: Candidate): Promise<void> {
    for (const [done, probe] of probes.entries()) {
      const { kind, question, expected } = probe;
      this.options.onProgress?.({ phase: 'probe_after', done, of: probes.length });
      if (kind === 'recall') {
        const adapters = [{ path: this.#path }];
        const asked = { adapters, adaptersFrom: 'answer' as const, maxTokens: this.#tokensFor(expected), expected };
        probe.after = await this.#ask(question, asked);
        probe.held = isTold(probe.after, expected);
        continue;
      }
      const route = await this.#route(question, candidate);
      const isReached = route.matches.some(({ id }) => id === this.#id);
      if (kind === 'neighbour') {
        probe.held = !isReached;
      } else if (kind === 'unrelated') {
        // A question that the candidate does not touch is computed exactly as before: there is nothing to ask.
        probe.after = isReached
          ? await this.#ask(question, { ...usesOf(route), maxTokens: KEPT_TOKENS })
          : (probe.before ?? '');
        probe.held = probe.after === probe.before;
      } else {
        const room = { maxTokens: this.#tokensFor(expected), ...(isReached ? { expected } : {}) };
        probe.after = await this.#ask(question, { ...usesOf(route), ...room });
        probe.held = kind === 'superseded' ? !says(probe.after, expected) : isTold(probe.after, expected);
      }
    }
  }

  /** A vocabulary that has to spell a text in bytes was not trained on its script. */
  #isRead(text: string): boolean {
    return this.parts.generator.encode(text).length <= Array.from(text).length;
  }

  /** More training mends what is told wrongly, not what is not reached. */
  #canGain(probes: readonly Probe[]): boolean {
    return probes.some(({ kind, held }) => kind === 'recall' && !held);
  }

  /** Why a memory that was trained does not hold; undefined if it does. */
  #whyNot(probes: readonly Probe[]): string | undefined {
    const asked = probes.filter(({ kind }) => kind === 'paraphrase');
    const reasons = [
      probes.some(({ kind, held }) => kind === 'recall' && !held) ? 'it is not told word for word' : undefined,
      shareHeld(asked) < HOLDS ? 'questions about it are not answered with it' : undefined,
      probes.some(({ kind, held }) => kind === 'unrelated' && !held) ? 'unrelated answers changed' : undefined,
    ].filter((reason) => reason !== undefined);
    return reasons.length === 0 ? undefined : `Rolled back: ${reasons.join(', ')}.`;
  }

  #tokensFor(answer: string): number {
    return roomFor(this.parts.generator, answer);
  }

  #route(question: string, candidate?: Candidate): Promise<Route> {
    const { signal } = this.options;
    return this.parts.router.route([{ role: 'user', content: question }], candidate, signal, this.place.without);
  }

  async #ask(question: string, options: GenerateOptions): Promise<string> {
    const { signal } = this.options;
    return (await ask(this.parts.generator, question, { ...options, signal })).text;
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
    return this.lessons.lessons.map(({ question, answer, full }) => ({
      ...prompt(generator, question),
      full,
      answer: Uint32Array.from([...generator.encode(answer), generator.special.endOfTurn]),
    }));
  }

  #receipt(
    probes: Probe[],
    outcome: { steps: number; tokens: number; flop: number; loss: Receipt['loss'] } | { reason: string },
    whyNot?: string,
  ): Receipt {
    const untrained = 'reason' in outcome;
    if (untrained) for (const probe of probes) Object.assign(probe, { after: probe.before, held: true });
    const of = (kind: Probe['kind']): Probe[] => probes.filter((probe) => probe.kind === kind);
    const [unrelated, neighbours, old] = [of('unrelated'), of('neighbour'), of('superseded')];
    const paraphrase = of('paraphrase');
    const count = (some: readonly Probe[]): number => some.filter(({ held }) => held).length;
    const receipt: Receipt = {
      id: this.#id,
      loss: untrained ? { before: 0, after: 0 } : outcome.loss,
      recall: beforeAfter(of('recall')),
      ...(paraphrase.length === 0 ? {} : { paraphrase: beforeAfter(paraphrase) }),
      unrelated: { kept: count(unrelated), asked: unrelated.length },
      ...(neighbours.length === 0 ? {} : { neighbours: { kept: count(neighbours), asked: neighbours.length } }),
      seconds: (performance.now() - this.#started) / 1000,
      steps: untrained ? 0 : outcome.steps,
      tokens: untrained ? 0 : outcome.tokens,
      flop: untrained ? 0 : outcome.flop,
      committed: !untrained && whyNot === undefined,
      ...(old.length === 0 ? {} : { superseded: { asked: old.length, recalled: old.length - count(old) } }),
      probes,
    };
    const reason = untrained ? outcome.reason : whyNot;
    return reason === undefined ? receipt : { ...receipt, reason };
  }
}

/** Word for word, from beginning to end. */
function isTold(answer: string, expected: string): boolean {
  return answer.trim() === expected.trim();
}

function shareHeld(probes: readonly Probe[]): number {
  return probes.length === 0 ? 1 : probes.filter(({ held }) => held).length / probes.length;
}

/** Before is what was asked before, if anything was. */
function beforeAfter(probes: readonly Probe[]): BeforeAfter {
  const asked = probes.filter(({ before }) => before !== undefined);
  const right = asked.filter(({ before, expected }) => says(before!, expected)).length;
  const after = probes.length === 0 ? 0 : shareHeld(probes);
  return { ...(asked.length === 0 ? {} : { before: right / asked.length }), after };
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
