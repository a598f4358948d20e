// Which memories may be meant: those nearest in meaning, and those that share most words with what is asked, rare ones first (BM25,
// Robertson and Zaragoza 2009). Enough to have the right one among them; which one it is, a judge tells (judge.ts).
// Not here: embedding, and what is kept on disk (router.ts).
import { words } from '../brain/index.js';
import { dot } from '../dot.js';

export interface Entry {
  id: string;
  /** What a judge reads. */
  text: string;
  /** Of the text and, where it was asked for, of its question; of length 1. */
  vectors: readonly Float32Array[];
}

export interface Found {
  entry: Entry;
  /** Cosine of what is asked with the nearest of its vectors. */
  closeness: number;
}

/** How many are judged. Among eight is the right one of 60 to 84 memories for 97 to 100 of 100 questions that share words with it,
 * and for 82 of those that hardly do (scripts/judge/measure.mjs, English, the part for choosing). */
const MOST = { byMeaning: 6, inAll: 8 };
const BM25 = { k1: 1.2, b: 0.75 };

export class Candidates {
  readonly #entries = new Map<string, Entry>();
  readonly #counts = new Map<string, Map<string, number>>(); // of words, by id
  readonly #having = new Map<string, Set<string>>(); // ids, by word
  #length = 0;

  get size(): number {
    return this.#entries.size;
  }

  get(id: string): Entry | undefined {
    return this.#entries.get(id);
  }

  set(entry: Entry): void {
    this.delete(entry.id);
    const counts = countsOf(entry.text);
    this.#entries.set(entry.id, entry);
    this.#counts.set(entry.id, counts);
    this.#length += total(counts);
    for (const word of counts.keys()) {
      const having = this.#having.get(word);
      if (having === undefined) this.#having.set(word, new Set([entry.id]));
      else having.add(entry.id);
    }
  }

  delete(id: string): void {
    const counts = this.#counts.get(id);
    if (counts === undefined) return;
    for (const word of counts.keys()) {
      const having = this.#having.get(word)!;
      having.delete(id);
      if (having.size === 0) this.#having.delete(word);
    }
    this.#length -= total(counts);
    this.#counts.delete(id);
    this.#entries.delete(id);
  }

  /** The best for what is asked, at most `most`, the nearest in meaning first. */
  find(asked: string, vector: Float32Array, without: ReadonlySet<string> = new Set(), most = MOST.inAll): Found[] {
    const near: Found[] = [];
    for (const entry of this.#entries.values()) {
      if (!without.has(entry.id)) near.push({ entry, closeness: closenessOf(entry, vector) });
    }
    near.sort((a, b) => b.closeness - a.closeness);
    const chosen = new Set(near.slice(0, Math.min(MOST.byMeaning, most)));
    const byId = new Map(near.map((found) => [found.entry.id, found]));
    for (const id of this.#byWords(asked)) {
      if (chosen.size >= most) break;
      const found = byId.get(id);
      if (found !== undefined) chosen.add(found);
    }
    for (const found of near) {
      if (chosen.size >= most) break;
      chosen.add(found);
    }
    return [...chosen].sort((a, b) => b.closeness - a.closeness);
  }

  /** Ids of those that share a word, best first. */
  #byWords(asked: string): string[] {
    const scores = new Map<string, number>();
    const mean = this.#length / Math.max(1, this.#entries.size);
    for (const word of new Set(words(asked))) {
      const having = this.#having.get(word);
      if (having === undefined) continue;
      const rarity = Math.log(1 + (this.#entries.size - having.size + 0.5) / (having.size + 0.5));
      for (const id of having) {
        const counts = this.#counts.get(id)!;
        const count = counts.get(word)!;
        const norm = BM25.k1 * (1 - BM25.b + (BM25.b * total(counts)) / mean);
        scores.set(id, (scores.get(id) ?? 0) + (rarity * count * (BM25.k1 + 1)) / (count + norm));
      }
    }
    return [...scores].sort((a, b) => b[1] - a[1]).map(([id]) => id);
  }
}

export function closenessOf({ vectors }: Entry, vector: Float32Array): number {
  return Math.max(...vectors.map((own) => dot(own, vector)));
}

function countsOf(text: string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const word of words(text)) counts.set(word, (counts.get(word) ?? 0) + 1);
  return counts;
}

function total(counts: ReadonlyMap<string, number>): number {
  let sum = 0;
  for (const count of counts.values()) sum += count;
  return sum;
}
