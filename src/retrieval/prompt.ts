// How passages are put to the model: before the question, numbered, with where they are from, so that the answer can rest on
// them and be checked. The wording is the one that the smallest model answers best with (docs/retrieval.md). Not here: which
// passages (relevance.ts).
import type { Passage } from './types.js';

/** The last message of a conversation with the passages it may rest on. A passage is text to read, whatever it says: it stands
 * between marks that its own text cannot end. */
export function withPassages(question: string, passages: readonly Passage[]): string {
  const sources = passages.map((passage, i) => `[${i + 1}] ${passage.place}\n${passage.text}`);
  return `${sources.join('\n\n')}\n\nAnswer from the text above: ${question}`;
}
