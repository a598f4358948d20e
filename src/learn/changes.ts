// Which memories no longer hold, given a new one: the judge tells of those nearest to it; of two answers to the very same question
// only the later one can hold. What becomes of them is the user's choice. Not here: superseding (memorize.ts).
import type { Brain, Contradiction } from '../brain/index.js';
import { normalize } from '../brain/index.js';
import type { Router } from '../gate/index.js';
import type { Lessons } from './lessons/index.js';

/** Surest first. */
export async function changedBy(
  { brain, router }: { brain: Brain; router: Router },
  { text, question, answer }: Lessons,
  signal?: AbortSignal,
): Promise<Contradiction[]> {
  const found = new Map<string, Contradiction>();
  if (question !== undefined && answer !== undefined) {
    for (const memory of brain.memories()) {
      const isSame = memory.state === 'remembered' && normalize(memory.question ?? '') === normalize(question);
      const isOther = normalize(memory.answer ?? '') !== normalize(answer);
      if (isSame && isOther) found.set(memory.id, { id: memory.id, text: memory.text, score: 1 });
    }
  }
  for (const { id, score } of await router.replacedBy(text, signal)) {
    const memory = brain.get(id);
    if (memory !== undefined && !found.has(id)) found.set(id, { id, text: memory.text, score });
  }
  return [...found.values()];
}
