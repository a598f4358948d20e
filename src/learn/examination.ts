// The examination of a memory: what is asked of it before and after its training, of its neighbours, and of what has nothing to do
// with it. Nothing is promised that the runtime has not asked itself. Not here: training (attempt.ts), what is said of it (receipt.ts).
import { says, type Probe } from '../brain/index.js';
import { usesOf, type Candidate, type Route } from '../gate/index.js';
import type { GenerateOptions } from '../inference/index.js';
import { ask, roomFor } from './asking.js';
import type { AttemptOptions, Memorizer, Place } from './attempt-parts.js';
import { baseAnswers, KEPT_TOKENS } from './base-answers.js';
import type { Lessons } from './lessons/index.js';
import { shareHeld } from './receipt.js';
import { questionsOf } from './remembered.js';
import { UNRELATED } from './replay.js';

/** Questions that are written for it. */
const QUESTIONS = 3;
/** Of these at least so many have to be answered right, as a share. */
const HOLDS = 0.5;
/** Nearest other memories whose questions must not become its own. */
const NEIGHBOURS = 2;

export class Examination {
  /** Memories that answer its own question already. */
  readonly knownBy = new Set<string>();

  private constructor(
    private readonly parts: Memorizer,
    private readonly lessons: Lessons,
    private readonly options: AttemptOptions,
    private readonly place: Place,
    readonly probes: Probe[],
    /** Those that were written for it. */
    readonly questions: readonly string[],
  ) {}

  /** Writes its questions, and asks what is answered now. */
  static async begin(parts: Memorizer, lessons: Lessons, options: AttemptOptions, place: Place): Promise<Examination> {
    const questions = await parts.router.questionsOf(lessons.text, QUESTIONS, options.signal);
    const probes: Probe[] = [];
    const examination = new Examination(parts, lessons, options, place, probes, questions);
    probes.push(...(await examination.#probes()));
    await examination.#before();
    return examination;
  }

  /** What is asked, before and after. */
  async #probes(): Promise<Probe[]> {
    const { lessons, place, parts, options, questions } = this;
    const answer = lessons.lessons[0]!.answer;
    const own = (kind: Probe['kind'], question: string): Probe => ({
      ...{ kind, question, expected: answer, after: '', held: false },
    });
    const unrelated = await this.#base(UNRELATED);
    const near = await parts.router.nearest(
      lessons.text,
      NEIGHBOURS,
      new Set([place.id, ...place.without]),
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
  async #before(): Promise<void> {
    const { probes } = this;
    const asked = probes.filter(({ kind, question }, i) =>
      kind === 'recall'
        ? question === this.lessons.question
        : kind === 'paraphrase' && probes.findIndex((probe) => probe.kind === kind) === i,
    );
    for (const [done, probe] of asked.entries()) {
      this.options.onProgress?.({ phase: 'probe_before', done, of: asked.length });
      const route = await this.#route(probe.question);
      if (probe.kind === 'recall') for (const { id } of route.matches) this.knownBy.add(id);
      probe.before = await this.#ask(probe.question, { ...usesOf(route), maxTokens: this.#tokensFor(probe.expected) });
    }
  }

  /** A question with its answer is known if it is answered so already. */
  isKnown(): boolean {
    const { answer } = this.lessons;
    const asked = this.probes.find(({ kind }) => kind === 'recall');
    return answer !== undefined && asked?.before !== undefined && says(asked.before, answer);
  }

  /** Its own words are asked with its adapter on, everything else as a user would: through the gate, with the memory as if it had
   * been committed. */
  async after(candidate: Candidate): Promise<void> {
    const { probes } = this;
    for (const [done, probe] of probes.entries()) {
      const { kind, question, expected } = probe;
      this.options.onProgress?.({ phase: 'probe_after', done, of: probes.length });
      if (kind === 'recall') {
        const adapters = [{ path: candidate.adapterPath }];
        const asked = { adapters, adaptersFrom: 'answer' as const, maxTokens: this.#tokensFor(expected), expected };
        probe.after = await this.#ask(question, asked);
        probe.held = isTold(probe.after, expected);
        continue;
      }
      const route = await this.#route(question, candidate);
      const isReached = route.matches.some(({ id }) => id === this.place.id);
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

  /** More training mends what is told wrongly, not what is not reached. */
  canGain(): boolean {
    return this.probes.some(({ kind, held }) => kind === 'recall' && !held);
  }

  /** Why a memory that was trained does not hold; undefined if it does. */
  whyNot(): string | undefined {
    const { probes } = this;
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
}

/** Word for word, from beginning to end. */
function isTold(answer: string, expected: string): boolean {
  return answer.trim() === expected.trim();
}
