// What lies near a memory and must stay as it is when the memory is trained with care: questions of its own form about something
// else, and those of the nearest other memories. Not here: training (memorize.ts) and asking (standing.ts).
import type { BrainMemory } from './brain.js';
import { lessonsFor, type Lesson } from './lessons/index.js';
import type { Memorizer } from './memorize.js';
import { inputOf, probesOf } from './remembered.js';
import { normalize, says } from './text.js';

/** How many other memories count as near, and how many questions of each are taken. */
const NEAREST = 4;
const QUESTIONS = 2;
/** Characters; a longer question is not taken. */
const LONGEST = 300;

export interface Neighbourhood {
  /** To be answered as by the base model when this memory's adapter is on. */
  questions: string[];
  /** Questions of the nearest other memories with their answers. */
  others: Lesson[];
}

export async function neighbourhoodOf(
  parts: Pick<Memorizer, 'brain' | 'router'>,
  memory: BrainMemory,
  signal?: AbortSignal,
): Promise<Neighbourhood> {
  const own = lessonsFor(inputOf(memory));
  const asked = new Set([...own.lessons, ...own.recall, ...own.paraphrase].map(({ question }) => normalize(question)));
  const others = (await nearest(parts, memory, signal)).flatMap((other) => probesOf(other).slice(0, QUESTIONS));
  // What says the same as this memory, or answers its own question, is not to be kept from being answered by it.
  const isForeign = ({ question, expected }: Lesson): boolean =>
    !asked.has(normalize(question)) && !own.recall.some(({ answer }) => says(answer, expected));
  const foreign = others.filter(isForeign).map(({ question }) => question);
  const questions = [...new Set([...own.contrasts, ...foreign])].filter(({ length }) => length <= LONGEST);
  return { questions, others };
}

/** The other remembered memories whose texts are closest in meaning, the closest first. */
async function nearest(
  { brain, router }: Pick<Memorizer, 'brain' | 'router'>,
  memory: BrainMemory,
  signal?: AbortSignal,
): Promise<BrainMemory[]> {
  const others = brain.memories().filter(({ id, state }) => state === 'remembered' && id !== memory.id);
  if (others.length === 0) return [];
  const keys = [memory, ...others].map(({ text }) => text);
  const [own, ...vectors] = (await router.entry('', { keys }, signal)).facets.map(({ vector }) => vector);
  const closeness = vectors.map((vector) => vector.reduce((sum, value, i) => sum + value * own![i]!, 0));
  return others
    .map((other, i) => ({ other, closeness: closeness[i]! }))
    .sort((a, b) => b.closeness - a.closeness)
    .slice(0, NEAREST)
    .map(({ other }) => other);
}
