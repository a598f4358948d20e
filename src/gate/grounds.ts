// What an answer rests on, and whether it holds: the weights of a memory, passages, the conversation, or the base model alone.
// Not here: which memory a question touches (router.ts) and which passages are about it (retrieval/).
import type { ChatMessage, Generation } from '../inference/index.js';
import { contentWords } from '../brain/index.js';
import type { Answer, Memory } from '../brain/index.js';

/** A memory is trained until every token of its lessons is likelier than all others together; what begins less surely was not
 * learned in these words. Not measured: see docs/memory.md. */
const SURE = 0.5;
/** Share of the wordings never trained on that memorize found answered right, from which on a memory is trusted. */
const HELD = 0.5;
/** Tokens that show how surely an answer begins: there it is decided which answer it will be. */
export const BEGINNING = 4;

/** From this probability on that only the person could tell, a question that nothing answers is not answered. */
const PERSONAL = 0.99;

export function isPersonal(probability: number | undefined): boolean {
  return (probability ?? 0) >= PERSONAL;
}

/** Said in place of an invented answer. */
export const UNKNOWN = "I don't know that.";

/** Geometric mean of the tokens' probabilities; undefined where none was measured. */
export function confidenceOf(logprobs: Generation['logprobs']): number | undefined {
  if (logprobs === undefined || logprobs.length === 0) return undefined;
  return Math.exp(logprobs.reduce((sum, { logprob }) => sum + logprob, 0) / logprobs.length);
}

/** Whether an answer that begins so surely needs no passage beside it. */
export function isSure(confidence: number | undefined): boolean {
  return (confidence ?? 1) >= SURE;
}

/** Whether a memory that a question touches can be trusted to answer it. `confidence`: of the answer's beginning. */
export function holds(memory: Pick<Memory, 'receipt'> | undefined, confidence: number | undefined): boolean {
  const held = memory?.receipt?.paraphrase?.after ?? 1;
  return held >= HELD && isSure(confidence);
}

export function sourceOf(
  messages: readonly ChatMessage[],
  { adapters, passages }: { adapters: readonly unknown[]; passages: readonly unknown[] },
): Answer['source'] {
  if (passages.length > 0) return 'retrieval';
  if (adapters.length > 0) return 'weights';
  return restsOnContext(messages) ? 'context' : 'base';
}

/** Something was said before it that the question shares a word with. */
export function restsOnContext(messages: readonly ChatMessage[]): boolean {
  const question = messages.at(-1)?.content ?? '';
  const said = new Set(messages.slice(0, -1).flatMap(({ content }) => contentWords(content)));
  return contentWords(question).some((word) => said.has(word));
}
