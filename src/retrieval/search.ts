// Finds passages: by meaning (vectors), by words (bm25), or by both, fused. Not here: what an answer may use of them
// (relevance.ts).
import { dot } from '../dot.js';
import type { Embedder } from '../embedding/index.js';
import { EngramError, throwIfCancelled } from '../errors.js';
import { DenseIndex } from './dense.js';
import { diversify, fuseScores, type Candidate } from './fuse.js';
import type { Library } from './library.js';
import type { Metadata } from './readers/index.js';
import { relevanceOf } from './relevance.js';
import { sourceMatcher } from './sources.js';
import type { FoundPassage } from './types.js';
import { termsOf } from './words.js';

const SEARCH_MODES = ['fused', 'dense', 'lexical'] as const;
export type SearchMode = (typeof SEARCH_MODES)[number];

/** Judges passages by reading them beside the question: a number for each, higher is better. */
export type Reranker = (question: string, texts: readonly string[], signal?: AbortSignal) => Promise<number[]>;

export interface SearchOptions {
  /** Passages to return. Default 8. */
  k?: number | undefined;
  /** Default `fused`. */
  mode?: SearchMode | undefined;
  /** Only documents that one of these means: paths, ends of paths, globs (see sources.ts). */
  sources?: readonly string[] | undefined;
  /** Only documents changed at or after, and before, these times; milliseconds since 1970. */
  since?: number | undefined;
  until?: number | undefined;
  /** Only passages with these values in fields of theirs or of their document. */
  where?: Metadata | undefined;
  /** From 0 (default: the best, however alike) to 1 (as different as can be). */
  diversity?: number | undefined;
  /** Reorders the best candidates. */
  reranker?: Reranker | undefined;
  signal?: AbortSignal | undefined;
}

/** Passages that each way of searching offers to be fused. */
const CANDIDATES = 100;

interface Scored {
  id: number;
  score: number;
}

export class Searcher {
  #dense: { embedder: string; index: Promise<DenseIndex> } | undefined;

  /** `folder`: where the index of vectors is kept. */
  constructor(
    private readonly library: Library,
    private readonly embedder: () => Promise<Embedder>,
    private readonly folder: string,
  ) {}

  /** The best passages for a question, best first. Throws `usage`, `empty`, `mismatch` (another embedder made the vectors),
   * `cancelled`. */
  async search(question: string, options: SearchOptions = {}): Promise<FoundPassage[]> {
    checkOptions(question, options);
    const { k = 8, mode = 'fused', diversity = 0, reranker, signal } = options;
    const allowed = this.#allowed(options);
    if (allowed?.length === 0 || this.library.embedder === undefined) return [];
    const most = Math.max(k, CANDIDATES);
    const dense = mode === 'lexical' ? undefined : await this.#nearest(question, most, allowed, signal);
    const lexical = mode === 'dense' ? [] : this.#matching(question, most, allowed);
    throwIfCancelled(signal);
    const cosines = new Map(dense?.found.map(({ id, score }) => [id, score]));
    let ranked = dense?.found ?? lexical;
    if (mode === 'fused') ranked = await this.#fused(question, dense!.query, cosines, lexical);
    if (reranker !== undefined)
      ranked = await this.#rerank(question, ranked.slice(0, CANDIDATES / 2), reranker, signal);
    if (diversity > 0) ranked = diversify(await this.#withVectors(ranked), k, diversity);
    const best = ranked.slice(0, k);
    const scores = new Map(best.map(({ id, score }) => [id, score]));
    const passages = this.library.passages.get(best.map(({ id }) => id));
    const missing = dense === undefined ? [] : passages.filter(({ id }) => !cosines.has(id));
    for (const { id, vector } of await this.#withVectors(missing.map(({ id }) => ({ id, score: 0 })))) {
      if (vector !== undefined) cosines.set(id, dot(dense!.query, vector));
    }
    const terms = dense === undefined ? [] : this.library.passages.termsIn(termsOf(question), [...scores.keys()]);
    const total = this.library.counts().passages;
    return passages.map((passage) => {
      const { id } = passage;
      const cosine = cosines.get(id);
      const relevance = cosine === undefined ? undefined : relevanceOf(id, cosine, terms, total);
      return { ...passage, score: scores.get(id)!, cosine, relevance };
    });
  }

  async #nearest(
    question: string,
    most: number,
    allowed: Uint32Array | undefined,
    signal: AbortSignal | undefined,
  ): Promise<{ query: Float32Array; found: Scored[] }> {
    const embedder = await this.#matchingEmbedder();
    const [query] = await embedder.embed([question], { kind: 'query', signal });
    const dense = await this.#index(embedder);
    return { query: query!, found: await dense.search(query!, most, { allowed, signal }) };
  }

  /** All that either way has found, each compared both ways. Adds to `cosines`. */
  async #fused(
    question: string,
    query: Float32Array,
    cosines: Map<number, number>,
    lexical: readonly Scored[],
  ): Promise<Scored[]> {
    const words = new Map(lexical.map(({ id, score }) => [id, score]));
    const byMeaning = [...cosines.keys()].filter((id) => !words.has(id));
    if (words.size > 0 && byMeaning.length > 0) {
      const rest = this.#matching(question, byMeaning.length, Uint32Array.from(byMeaning));
      for (const { id, score } of rest) words.set(id, score);
    }
    const byWords = lexical.filter(({ id }) => !cosines.has(id));
    for (const { id, vector } of await this.#withVectors(byWords)) {
      if (vector !== undefined) cosines.set(id, dot(query, vector));
    }
    const ids = new Set([...cosines.keys(), ...words.keys()]);
    const compared = Array.from(ids, (id) => ({ id, cosine: cosines.get(id), words: words.get(id) ?? 0 }));
    return fuseScores(compared, this.library.counts().passages);
  }

  /** Writes the index of vectors as it is now, so that the next process need not make it. */
  async save(): Promise<void> {
    if (this.library.embedder === undefined) return;
    await (await this.#index(await this.#matchingEmbedder())).save();
  }

  async close(): Promise<void> {
    await (await this.#dense?.index.catch(() => undefined))?.close();
  }

  /** One for all searches that overlap. */
  #index(embedder: Embedder): Promise<DenseIndex> {
    const known = this.#dense;
    if (known?.embedder === embedder.id) return known.index;
    const open = async (): Promise<DenseIndex> => {
      await (await known?.index.catch(() => undefined))?.close(); // the library was embedded by another one since
      return DenseIndex.open(this.library, this.folder, embedder);
    };
    const index = open().catch((error: unknown) => {
      if (this.#dense?.index === index) this.#dense = undefined; // the next one tries again
      throw error;
    });
    this.#dense = { embedder: embedder.id, index };
    return index;
  }

  async #matchingEmbedder(): Promise<Embedder> {
    const embedder = await this.embedder();
    const used = this.library.embedder;
    if (used === embedder.id) return embedder;
    throw new EngramError('mismatch', `The library was embedded by ${used ?? 'nothing'}, not by ${embedder.id}.`, {
      hint: 'Embed it again with `engram ingest`, or choose the other with --embedder.',
      details: { library: used, given: embedder.id },
    });
  }

  #matching(question: string, most: number, allowed: Uint32Array | undefined): Scored[] {
    const terms = termsOf(question);
    return terms.length === 0 ? [] : this.library.passages.matching(terms.join(' OR '), most, allowed);
  }

  async #rerank(
    question: string,
    ranked: readonly { id: number }[],
    reranker: Reranker,
    signal: AbortSignal | undefined,
  ): Promise<Scored[]> {
    const passages = this.library.passages.get(ranked.map(({ id }) => id));
    const scores = await reranker(
      question,
      passages.map(({ text }) => text),
      signal,
    );
    if (scores.length !== passages.length || !scores.every(Number.isFinite)) {
      throw new EngramError('usage', `Expected a number of the reranker for each of ${passages.length} passages.`);
    }
    return passages.map(({ id }, i) => ({ id, score: scores[i]! })).sort((a, b) => b.score - a.score);
  }

  async #withVectors(ranked: readonly Scored[]): Promise<Candidate[]> {
    if (ranked.length === 0) return [];
    const { id: name, dimensions } = await this.#matchingEmbedder();
    const { labels, vectors } = this.library.passages.vectors(
      Uint32Array.from(ranked, ({ id }) => id),
      name,
      dimensions,
    );
    const at = new Map(Array.from(labels, (label, i) => [label, i]));
    return ranked.map(({ id, score }) => {
      const i = at.get(id);
      return {
        id,
        score,
        vector: i === undefined ? undefined : vectors.subarray(i * dimensions, (i + 1) * dimensions),
      };
    });
  }

  /** The passages that filters leave; undefined where there are none. */
  #allowed({ sources, since, until, where }: SearchOptions): Uint32Array | undefined {
    if (sources === undefined && since === undefined && until === undefined && where === undefined) return undefined;
    const matchers = sources?.map(sourceMatcher);
    return this.library.passages.of(
      ({ path, mtimeMs }) =>
        (matchers === undefined || matchers.some((matches) => matches(path))) &&
        (since === undefined || mtimeMs >= since) &&
        (until === undefined || mtimeMs < until),
      where,
    );
  }
}

function checkOptions(question: string, { k, mode, diversity }: SearchOptions): void {
  if (typeof question !== 'string' || question.trim() === '') throw new EngramError('empty', 'There is no question.');
  const wrong = (expected: string, name: string, value: unknown): EngramError =>
    new EngramError('usage', `Expected ${expected} for ${name} but received ${String(value)}.`);
  if (k !== undefined && (!Number.isInteger(k) || k < 1 || k > 1000))
    throw wrong('a whole number from 1 to 1000', 'k', k);
  if (mode !== undefined && !SEARCH_MODES.includes(mode)) throw wrong(SEARCH_MODES.join(', '), 'mode', mode);
  if (diversity !== undefined && !(diversity >= 0 && diversity <= 1)) {
    throw wrong('a number from 0 to 1', 'diversity', diversity);
  }
}
