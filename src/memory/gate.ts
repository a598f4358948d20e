// The relevance gate: which memories does a question touch? Only their adapters are switched on; a question that touches
// nothing is answered by the base model alone, bit for bit. A score is the mean of two signals: closeness of meaning (cosine
// of sentence embeddings) and the share of the question's information that the memory's own words cover. Each memory has a
// threshold of its own, calibrated on its wordings and its contrasts. Not here: what is then done with the adapters.
import type { Embedder } from '../embedding/index.js';
import { contentWords, sentences } from './text.js';

/** What the gate knows of one memory. */
export interface GateEntry {
  id: string;
  /** Embeddings of its questions and its text. */
  keys: Float32Array[];
  /** Stems of all its words. */
  words: ReadonlySet<string>;
  threshold: number;
}

export interface GateMatch {
  id: string;
  score: number;
}

/** Information of a word in bits, more or less; rare words carry more. */
export type Information = (word: string) => number;

/**
 * By Zipf's law a token's frequency falls with its rank, and byte-pair vocabularies are numbered by rank of merging, so the
 * model's own tokenizer tells how rare a word is: a rare word has later tokens, and more of them.
 */
export function informationFrom(encode: (text: string) => ArrayLike<number>): Information {
  const known = new Map<string, number>();
  return (word) => {
    let bits = known.get(word);
    if (bits === undefined) {
      bits = 0;
      for (const token of Array.from(encode(` ${word}`))) bits += Math.log2(2 + token) / 4;
      known.set(word, bits);
    }
    return bits;
  };
}

export class Gate {
  readonly #entries = new Map<string, GateEntry>();

  /** The embedder is asked for when the first question meets the first memory: an empty brain needs none. */
  constructor(
    private readonly embedder: () => Promise<Embedder>,
    private readonly information: Information,
  ) {}

  get size(): number {
    return this.#entries.size;
  }

  set(entry: GateEntry): void {
    this.#entries.set(entry.id, entry);
  }

  delete(id: string): void {
    this.#entries.delete(id);
  }

  /** The memories a question touches, best first; `extra` are looked at too, and those named in `without` are not. */
  async match(
    question: string,
    extra: readonly GateEntry[] = [],
    signal?: AbortSignal,
    without: ReadonlySet<string> = new Set(),
  ): Promise<GateMatch[]> {
    if (this.#entries.size + extra.length === 0) return [];
    const query = await this.query(question, signal);
    const out: GateMatch[] = [];
    const known = [...this.#entries.values()].filter(({ id }) => !without.has(id));
    for (const entry of [...known, ...extra]) {
      const score = this.score(query, entry);
      if (score >= entry.threshold) out.push({ id: entry.id, score });
    }
    // Of two that fit equally well the later one: it is what was said last.
    return out.reverse().sort((a, b) => b.score - a.score);
  }

  /** Embeds the whole question and, where it has several, each of its sentences: a question may follow on a remark. */
  async query(question: string, signal?: AbortSignal): Promise<{ vectors: Float32Array[]; words: Set<string>[] }> {
    const parts = sentences(question);
    const texts = parts.length > 1 ? [question, ...parts.slice(-4)] : [question];
    const vectors = await (await this.embedder()).embed(texts, { kind: 'query', maxWindows: 1, signal });
    return { vectors, words: texts.map((text) => new Set(contentWords(text))) };
  }

  /** From 0 to about 1. `without` leaves one key out, so that a memory can be judged by its own questions. */
  score(query: { vectors: Float32Array[]; words: Set<string>[] }, entry: GateEntry, without = -1): number {
    let best = 0;
    query.vectors.forEach((vector, i) => {
      let cosine = 0;
      entry.keys.forEach((key, k) => {
        if (k !== without) cosine = Math.max(cosine, dot(vector, key));
      });
      best = Math.max(best, (cosine + this.#coverage(query.words[i]!, entry.words)) / 2);
    });
    return best;
  }

  #coverage(asked: Set<string>, known: ReadonlySet<string>): number {
    let covered = 0;
    let total = 0;
    for (const word of asked) {
      const weight = this.information(word) ** 2;
      total += weight;
      if (known.has(word)) covered += weight;
    }
    return total === 0 ? 0 : covered / total;
  }
}

/**
 * The threshold that best parts what should pass from what should not. Where they part cleanly it lies nearer to what must not
 * pass: the positives are wordings by rule, and people ask in freer ones.
 */
export function calibrate(positives: readonly number[], negatives: readonly number[]): number {
  const LOWEST = 0.45;
  const HIGHEST = 0.75;
  const NEARNESS = 0.3;
  const edges = [0, ...positives, ...negatives, 1].sort((a, b) => a - b);
  let best = { errors: Infinity, threshold: HIGHEST };
  for (let i = 1; i < edges.length; i++) {
    const low = edges[i - 1]!;
    const gap = edges[i]! - low;
    const threshold = Math.min(HIGHEST, Math.max(LOWEST, low + NEARNESS * gap));
    const missed = positives.filter((score) => score < threshold).length / Math.max(1, positives.length);
    const passed = negatives.filter((score) => score >= threshold).length / Math.max(1, negatives.length);
    // Of equally good thresholds the one in the widest gap.
    const errors = missed + passed - gap * 1e-3;
    if (errors < best.errors) best = { errors, threshold };
  }
  return best.threshold;
}

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
