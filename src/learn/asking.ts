// Asking the model one question, as memory does before and after it trains: by itself, at temperature 0. Not here: what the answer
// is judged by.
import { throwIfCancelled } from '../errors.js';
import type { GenerateOptions, Generation, Generator } from '../inference/index.js';

/** Throws `cancelled`, also where part of an answer was there, and what the generator throws. */
export async function ask(
  generator: Pick<Generator, 'chat'>,
  question: string,
  options: GenerateOptions = {},
): Promise<Generation> {
  const generation = await generator.chat([{ role: 'user', content: question }], options);
  throwIfCancelled(options.signal);
  return generation;
}

/** Most tokens that are generated where `answer` is expected: it, and a little around it. */
export function roomFor(generator: Pick<Generator, 'encode'>, answer: string): number {
  return Math.max(24, generator.encode(answer).length + 8);
}
