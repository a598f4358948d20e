// What a brain holds about a question, memories and passages of documents together, best first. Not here: answering from it.
import type { Embedder } from '../embedding/index.js';
import type { FoundPassage, Retrieval } from '../retrieval/index.js';
import { contentWords } from '../brain/index.js';
import type { Memory } from '../brain/index.js';

export type Recalled =
  { kind: 'memory'; relevance: number; memory: Memory } | { kind: 'passage'; relevance: number; passage: FoundPassage };

export interface RecallOptions {
  /** How many. Default 8. */
  k?: number | undefined;
  signal?: AbortSignal | undefined;
}

/** Memories and passages by relevance: the mean of the cosine with the question and of the share of its words they have. */
export async function recall(
  {
    memories,
    retrieval,
    embedder,
  }: {
    memories: readonly Memory[];
    retrieval: Pick<Retrieval, 'search'>;
    embedder: () => Promise<Embedder>;
  },
  question: string,
  { k = 8, signal }: RecallOptions = {},
): Promise<Recalled[]> {
  const passages = await retrieval.search(question, { k, signal });
  const found: Recalled[] = passages.map((passage) => ({
    kind: 'passage',
    relevance: passage.relevance ?? 0,
    passage,
  }));
  const held = memories.filter(({ state }) => state === 'remembered');
  if (held.length > 0) {
    const [query, ...vectors] = await (await embedder()).embed([question, ...held.map(({ text }) => text)], { signal });
    const asked = [...new Set(contentWords(question))];
    held.forEach((memory, i) => {
      const has = new Set(contentWords(memory.text));
      const coverage = asked.length === 0 ? 0 : asked.filter((word) => has.has(word)).length / asked.length;
      const cosine = vectors[i]!.reduce((sum, value, d) => sum + value * query![d]!, 0);
      found.push({ kind: 'memory', relevance: (cosine + coverage) / 2, memory });
    });
  }
  return found.sort((a, b) => b.relevance - a.relevance).slice(0, k);
}
