// How well a memory stands: what is answered right, how surely, and what near it and far from it is left alone. All by asking, at
// temperature 0. Not here: what is done about it (sleep.ts).
import type { Generation, GenerateOptions } from '../inference/index.js';
import { ask, roomFor } from './asking.js';
import { baseAnswers, KEPT_TOKENS } from './base-answers.js';
import { BEGINNING, confidenceOf, isSure } from './grounds.js';
import type { Lesson } from './lessons/index.js';
import type { Memorizer } from './memorize.js';
import { UNRELATED } from './replay.js';
import { usesOf, type Candidate, type Route } from './router.js';
import { says } from './text.js';
import type { Standing } from './types.js';

export interface StandingQuestions {
  recall: readonly Lesson[];
  paraphrase: readonly Lesson[];
  near: readonly string[];
  others: readonly Lesson[];
}

/** The memory's adapter, and if it is not committed the candidate that has it. */
export interface Standpoint {
  id: string;
  adapterPath: string;
  candidate?: Candidate;
}

export async function standingOf(
  parts: Memorizer,
  questions: StandingQuestions,
  at: Standpoint,
  {
    onProgress,
    signal,
  }: { onProgress?: (progress: { done: number; of: number }) => void; signal?: AbortSignal | undefined } = {},
): Promise<Standing> {
  const { generator, router, brain, cache } = parts;
  const own = [...questions.recall, ...questions.paraphrase];
  const of = own.length + questions.near.length + questions.others.length + UNRELATED.length;
  let done = 0;
  const next = (): void => onProgress?.({ done: done++, of });
  const without = new Set(at.candidate === undefined ? [] : [at.id]);
  const routed = (question: string): Promise<Route> =>
    router.route([{ role: 'user', content: question }], at.candidate, signal, without);
  const asked = (question: string, use: GenerateOptions, options: GenerateOptions): Promise<Generation> =>
    ask(generator, question, { ...options, ...use, signal });
  const base = (questions: readonly string[]): Promise<string[]> =>
    baseAnswers(generator, questions, { cache, modelSha256: brain.model.sha256, signal });
  const answer = async ({ question, answer: whole, expected }: Lesson): Promise<{ right: boolean; sure: boolean }> => {
    next();
    const options = { maxTokens: roomFor(generator, whole), logprobs: 0 };
    const { text, logprobs } = await asked(question, usesOf(await routed(question)), options);
    const right = says(text, expected);
    return { right, sure: right && isSure(confidenceOf(logprobs?.slice(0, BEGINNING))) };
  };

  const told = await inTurn(own, answer);
  const nearBase = await base(questions.near);
  const near = await inTurn(questions.near, async (question, i) => {
    next();
    const on = { adapters: [{ path: at.adapterPath }], adaptersFrom: 'answer' as const };
    return (await asked(question, on, { maxTokens: KEPT_TOKENS })).text === nearBase[i];
  });
  const others = await inTurn(questions.others, answer);
  const unrelatedBase = await base(UNRELATED);
  const unrelated = await inTurn(UNRELATED, async (question, i) => {
    next();
    const route = await routed(question);
    // Where nothing is switched on the answer is the base model's, to the last bit.
    return (
      route.adapters.length === 0 ||
      (await asked(question, usesOf(route), { maxTokens: KEPT_TOKENS })).text === unrelatedBase[i]
    );
  });
  const right = told.map((one) => one.right);
  return {
    recall: share(right.slice(0, questions.recall.length)),
    paraphrase: share(right.slice(questions.recall.length)),
    sure: share(told.map((one) => one.sure)),
    near: share(near),
    others: share(others.map((one) => one.right)),
    unrelated: share(unrelated),
  };
}

/** At least as good in everything, and better in something. */
export function isBetter(after: Standing, before: Standing): boolean {
  const measures = Object.keys(before) as (keyof Standing)[];
  return measures.every((key) => after[key] >= before[key]) && measures.some((key) => after[key] > before[key]);
}

/** Whether nothing is left to gain. */
export function isFull(standing: Standing): boolean {
  return Object.values(standing).every((value) => value === 1);
}

function share(held: readonly boolean[]): number {
  return held.length === 0 ? 1 : held.filter(Boolean).length / held.length;
}

async function inTurn<T, R>(items: readonly T[], action: (item: T, index: number) => Promise<R>): Promise<R[]> {
  const out: R[] = [];
  for (const [i, item] of items.entries()) out.push(await action(item, i));
  return out;
}
