// Which memories say something else than a new one: the gate finds those that its questions touch, and of these count the ones
// that answer the same question otherwise; which questions are the same the gate says too, where they are what people gave, and
// their words, where they were made from a text. Found, not proven: what becomes of them is the user's choice. Not here: superseding
// (memorize.ts).
import type { Brain } from './brain.js';
import { lessonsFor, type Lesson, type Lessons } from './lessons/index.js';
import { inputOf } from './remembered.js';
import type { Router } from './router.js';
import { contentWords, says } from './text.js';
import type { Contradiction } from './types.js';

/** Measured by scripts/bench/contradictions.mjs: see docs/memory-ledger.md. */
export const LIMITS = {
  /** What was asked is what another memory was asked if the gate is so sure of it. */
  byGate: 0.8,
  /** Cosine from which two questions count as one, though one word of each is another. */
  sameQuestion: 0.9,
  otherWords: 1,
  /** Two sentences that share less than this of the shorter one's words are about different things. */
  sameFrame: 0.6,
};
/** Most questions of a memory that are compared. */
const MOST = 24;

/** Remembered memories that the lessons contradict, the closest first. */
export async function contradictions(
  { brain, router }: { brain: Brain; router: Router },
  lessons: Lessons,
  signal?: AbortSignal,
): Promise<Contradiction[]> {
  const touched = await touchedBy(router, lessons, signal);
  const found: Found[] = [];
  const sameAsked = await askedAlike(brain, router, lessons, signal);
  if (sameAsked !== undefined) found.push(sameAsked);
  const mine = touched.length === 0 ? [] : await embedded(router, lessons, signal);
  for (const id of touched) {
    const memory = brain.get(id);
    if (memory === undefined || id === sameAsked?.contradiction.id) continue;
    const best = closestPair(mine, await embedded(router, lessonsFor(inputOf(memory)), signal));
    if (best === undefined) continue;
    const { question, expected: now } = best.mine.lesson;
    found.push({
      contradiction: { id, text: memory.text, question, was: best.its.lesson.expected, now },
      closeness: best.closeness,
    });
  }
  return found.sort((a, b) => b.closeness - a.closeness).map(({ contradiction }) => contradiction);
}

interface Found {
  contradiction: Contradiction;
  closeness: number;
}

/** Where both are a question and its answer the gate knows best whether they ask the same, in whatever words. Its best match, if
 * that is answered otherwise. */
async function askedAlike(
  brain: Brain,
  router: Router,
  { question, answer: now }: Lessons,
  signal?: AbortSignal,
): Promise<Found | undefined> {
  if (question === undefined || now === undefined) return undefined;
  const [best] = await router.gate.match(question, [], signal); // touchedBy() has brought the gate up to date
  const memory = best === undefined ? undefined : brain.get(best.id);
  if (best === undefined || best.score < LIMITS.byGate || memory?.answer === undefined) return undefined;
  const { id, text, answer: was } = memory;
  if (says(now, was) || says(was, now)) return undefined;
  return { contradiction: { id, text, question: memory.question ?? question, was, now }, closeness: best.score };
}

async function touchedBy(router: Router, { text, recall, question }: Lessons, signal?: AbortSignal): Promise<string[]> {
  const asked = new Set([
    ...(question === undefined ? [text] : [question]),
    ...recall.map((lesson) => lesson.question),
  ]);
  const ids = new Set<string>();
  for (const one of asked) for (const id of await router.touched(one, signal)) ids.add(id);
  return [...ids];
}

interface Embedded {
  lesson: Lesson;
  /** It is answered by a whole sentence of a text, not by what a person gave as the answer. */
  isSentence: boolean;
  vector: Float32Array;
}

async function embedded(router: Router, { question, lessons }: Lessons, signal?: AbortSignal): Promise<Embedded[]> {
  const compared = lessons.slice(0, MOST);
  const { facets } = await router.entry('', { keys: compared.map((lesson) => lesson.question) }, signal);
  return compared.map((lesson, i) => ({
    lesson,
    isSentence: question === undefined && lesson.expected === lesson.answer,
    vector: facets[i]!.vector,
  }));
}

/** The two questions that are most clearly one and have different answers; undefined if there are none, or if the same question
 * has the same answer in both. */
function closestPair(
  all: readonly Embedded[],
  others: readonly Embedded[],
): { mine: Embedded; its: Embedded; closeness: number } | undefined {
  let best: { mine: Embedded; its: Embedded; closeness: number } | undefined;
  for (const mine of all) {
    for (const its of others) {
      const closeness = sameQuestion(mine, its);
      if (closeness < LIMITS.sameQuestion || closeness <= (best?.closeness ?? 0)) continue;
      if (differ(mine, its)) best = { mine, its, closeness };
    }
  }
  return best;
}

/** 1 for the same words of meaning; the cosine where one word stands for another; 0 where more than that differs. */
function sameQuestion(a: Embedded, b: Embedded): number {
  const [mine, its] = [contentWords(a.lesson.question), contentWords(b.lesson.question)];
  if (mine.length > 0 && mine.toString() === its.toString()) return 1;
  const isFar = without(mine, its).length > LIMITS.otherWords || without(its, mine).length > LIMITS.otherWords;
  return isFar ? 0 : a.vector.reduce((sum, value, i) => sum + value * b.vector[i]!, 0);
}

function without(words: readonly string[], others: readonly string[]): string[] {
  return words.filter((word) => !others.includes(word));
}

/** Whether two answers to one question exclude each other. Where an answer is a whole sentence, the question may be as general as
 * `Who is Bo?`, which has many right answers: then the sentences have to be the same but for a part. */
function differ({ lesson: a, isSentence }: Embedded, { lesson: b, isSentence: isOtherSentence }: Embedded): boolean {
  if (says(a.answer, b.expected) || says(b.answer, a.expected)) return false;
  if (!isSentence && !isOtherSentence) return true;
  const [mine, its] = [new Set(contentWords(a.answer)), new Set(contentWords(b.answer))];
  const shared = [...mine].filter((word) => its.has(word)).length;
  return shared >= LIMITS.sameFrame * Math.min(mine.size, its.size);
}
