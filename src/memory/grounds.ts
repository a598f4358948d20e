// What an answer rests on, and whether it holds: the weights of a memory, passages, the conversation, or the base model alone.
// Not here: which memory a question touches (gate.ts) and which passages are about it (retrieval/).
import type { ChatMessage, Generation } from '../inference/index.js';
import { contentWords } from './text.js';
import type { Answer, Memory } from './types.js';

/** A memory is trained until every token of its lessons is likelier than all others together; what begins less surely was not
 * learned in these words. Not measured: see docs/memory.md. */
const SURE = 0.5;
/** Share of the wordings never trained on that memorize found answered right, from which on a memory is trusted. */
const HELD = 0.5;
/** Tokens that show how surely an answer begins: there it is decided which answer it will be. */
export const BEGINNING = 4;

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
  const held = memory?.receipt?.paraphrase.after ?? 1;
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

/** The question takes up a word of what was said before it, or points back to it. */
export function restsOnContext(messages: readonly ChatMessage[]): boolean {
  const question = messages.at(-1)?.content ?? '';
  const before = messages.slice(0, -1);
  if (before.length === 0) return false;
  if (followsOn(question)) return true;
  const said = new Set(before.flatMap(({ content }) => contentWords(content)));
  return contentWords(question).some((word) => said.has(word));
}

/** A short remark that points back: `And how fast was she?` */
export function followsOn(text: string): boolean {
  return (
    text.split(/\s+/u).length <= 10 &&
    /\b(?:he|she|it|they|him|her|them|his|hers|its|their|that|this|those|there)\b/i.test(text)
  );
}

/** The question asks for a fact of the person's own (`Where did I park?`, `What is my sister's name?`), which no model knows
 * unless it was told; not for advice (`How can I sleep better?`). English only: in other languages the model answers. */
export function asksOfOwn(question: string): boolean {
  const asked = question.trim().replace(/^(?:and|so|but|please|hey|hello|hi)[,!]?\s+/i, '');
  const wh = String.raw`(?:what|which|who|whose|where|when|how (?:many|much|old|far|long|tall))`;
  const own = String.raw`(?:my|our)\s+(?!best\b|next\b|options?\b|chances?\b|rights?\b)`;
  return [
    new RegExp(
      String.raw`^${wh}(?:'s|\s+(?:is|are|was|were))\s+(?:the\s+\w+(?:\s+\w+)?\s+(?:of|in|for|on)\s+)?${own}`,
      'i',
    ),
    new RegExp(String.raw`^${wh}\b.{0,60}\b(?:did|have|had)\s+(?:i|we)\b`, 'i'),
    new RegExp(String.raw`^${wh}\b.{0,40}\b(?:do|does)\s+${own}`, 'i'),
    /^(?:do|can)\s+you\s+(?:remember|know|tell me)\s+(?:what|which|who|where|when)\b.{0,40}\b(?:my|our|i|we)\b(?!\s+(?:should|can|could|would)\b)/i,
  ].some((pattern) => pattern.test(asked));
}
