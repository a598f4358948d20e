// The relevance gate: which memories does a question touch? Only their adapters are switched on; a question that touches
// nothing is answered by the base model alone, bit for bit. Evidence for and against each memory (evidence.ts) is weighed by
// a small logistic model that was fitted on public data (gate-weights.ts): the same for every memory and every language.
// Not here: what is then done with the adapters (router.ts).
import type { Embedder } from '../embedding/index.js';
import { evidenceOf, evidenceOfWords, meaningOf, type Facet, type Subject } from './evidence.js';
import { GATE_WEIGHTS } from './gate-weights.js';
import type { Information } from './information.js';
import { termsOf, union, type Terms } from './terms.js';
import { sentences } from './text.js';

/** What the gate knows of one memory: see gateKeys() for the facets. */
export interface GateEntry extends Subject {
  id: string;
}

export interface GateMatch {
  id: string;
  /** How surely the question is about the memory: a probability, by the data the gate was fitted on. */
  score: number;
}

/** A question as the gate compares it: as a whole and, where it has several, each of its last sentences. */
export type GateQuery = readonly Facet[];

/** From this score on a memory's adapter is switched on. */
export const GATE_THRESHOLD = 0.5;
/** A question may follow on a remark: so many of its last sentences are looked at by themselves. */
const LAST_SENTENCES = 4;
/** Most texts of one memory that the gate compares with. */
const MOST_KEYS = 16;

/** The texts by which the gate knows a memory, the whole first: then what was asked, or each of several sentences and what the
 * lessons ask. */
export function gateKeys({
  text,
  question,
  lessons = [],
}: {
  text: string;
  question?: string;
  lessons?: readonly { question: string }[];
}): string[] {
  const parts = question === undefined ? [...sentences(text), ...lessons.map((lesson) => lesson.question)] : [question];
  return [...new Set([text, ...parts])].slice(0, MOST_KEYS);
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

  /** An entry of a memory's keys and their embeddings. */
  entry(id: string, keys: readonly string[], vectors: readonly Float32Array[]): GateEntry {
    const facets = keys.map((key, i) => ({ vector: vectors[i]!, terms: this.#terms(key) }));
    // A text that goes on after what was asked has the answer too.
    const [whole, part] = keys;
    const told = part !== undefined && whole!.startsWith(part) ? facets.slice(1) : facets;
    return { id, facets, told, terms: union(facets.map(({ terms }) => terms)) };
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
      const score = this.score(query, entry, GATE_THRESHOLD);
      if (score >= GATE_THRESHOLD) out.push({ id: entry.id, score });
    }
    // Of two that fit equally well the later one: it is what was said last.
    return out.reverse().sort((a, b) => b.score - a.score);
  }

  async query(question: string, signal?: AbortSignal): Promise<GateQuery> {
    const parts = sentences(question);
    const texts = parts.length > 1 ? [question, ...parts.slice(-LAST_SENTENCES)] : [question];
    const vectors = await (await this.embedder()).embed(texts, { kind: 'query', maxWindows: 1, signal });
    return texts.map((text, i) => ({ vector: vectors[i]!, terms: this.#terms(text) }));
  }

  /** From 0 to 1. Exact from `least` on; what is below may be any number below. */
  score(query: GateQuery, entry: GateEntry, least = 0): number {
    let best = 0;
    for (const { vector, terms } of query) {
      const words = evidenceOfWords(terms, entry);
      const most = Math.max(...words.map((some) => probability(evidenceOf(some, 1))));
      if (most < least || most <= best) continue; // whatever the meaning says, which costs most to compute
      const meaning = meaningOf(vector, entry);
      for (const some of words) best = Math.max(best, probability(evidenceOf(some, meaning)));
    }
    return best;
  }

  #terms(text: string): Terms {
    return termsOf(text, this.information);
  }
}

function probability(evidence: readonly number[]): number {
  let sum = 0;
  for (let i = 0; i < evidence.length; i++) sum += evidence[i]! * GATE_WEIGHTS[i]!;
  return 1 / (1 + Math.exp(-sum));
}
