// What answers a question: of the memories that may be meant a judge tells which one answers it, and that one's adapter is switched
// on. Where none does, the base model answers, bit for bit. Not here: finding those that may be meant (candidates.ts), judging
// (judge.ts), generating (inference/).
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { defined } from '../defined.js';
import type { Brain, BrainMemory } from '../brain/index.js';
import type { Embedder } from '../embedding/index.js';
import { EngramError } from '../errors.js';
import { writeFileAtomic } from '../files.js';
import type { AdapterUse, ChatMessage, GenerateOptions } from '../inference/index.js';
import { Candidates, closenessOf, type Entry, type Found } from './candidates.js';
import type { Judge, Verdict } from './judge.js';

/** A memory that answers, and how surely, by the judge. */
export interface GateMatch {
  id: string;
  score: number;
}

export interface Route {
  adapters: AdapterUse[];
  /** Memories are trained to work from the answer on: the base model reads the question. */
  adaptersFrom?: 'answer';
  /** Said before what the memory tells, where the question is whether something is so. */
  opening?: string;
  matches: GateMatch[];
  /** What would have answered if its adapter were whole. */
  damaged?: GateMatch;
  /** Where nothing answers: how likely the question is about things that only the person could tell. */
  personal?: number;
}

/** A memory that is being tried before it is committed. */
export interface Candidate {
  entry: Entry;
  adapterPath: string;
}

/** What of a route an answer is generated with. */
export function usesOf({ adapters, adaptersFrom }: Route): Pick<GenerateOptions, keyof Route & keyof GenerateOptions> {
  return { adapters, ...defined({ adaptersFrom }) };
}

/** The texts by which a memory is found: all of it, and what was asked. */
function keysOf({ text, question }: Pick<BrainMemory, 'text' | 'question'>): string[] {
  return question === undefined ? [text] : [text, question];
}

const NONE: Route = { adapters: [], matches: [] };

/** Judged first, the nearest in meaning; the others only where none of these answers. Of 562 questions of everyday for choosing not
 * one was decided otherwise than with all judged at once (docs/memory.md says by which judge). */
const FIRST = 4;

export class Router {
  readonly #candidates = new Candidates();
  readonly #known = new Map<string, string | undefined>(); // memory id -> hash of the adapter it was loaded with
  readonly #verified = new Map<string, string>(); // memory id -> hash that its adapter's file was found to have

  /** Embedder and judge are asked for when the first question meets the first memory: an empty brain needs none. */
  constructor(
    private readonly brain: Brain,
    private readonly embedder: () => Promise<Embedder>,
    private readonly judge: (signal?: AbortSignal) => Promise<Judge>,
  ) {}

  /** What answers the last message of a conversation. With a candidate, as if it had been committed; `without` some memories, as
   * if they had been forgotten. */
  async route(
    messages: readonly ChatMessage[],
    candidate?: Candidate,
    signal?: AbortSignal,
    without: ReadonlySet<string> = new Set(),
  ): Promise<Route> {
    await this.#refresh(signal);
    if (this.#candidates.size === 0 && candidate === undefined) return NONE;
    const questions = messages.filter(({ role }) => role === 'user').map(({ content }) => content);
    const last = questions.at(-1) ?? '';
    let judged = await this.#judged(last, candidate?.entry, signal, without);
    // What is asked may go on from what was asked before: `And how fast was she?`
    if (!judged.passes && questions.length > 1) {
      const before = await this.#judged(`${questions.at(-2)!} ${last}`, candidate?.entry, signal, without);
      if (before.passes) judged = before;
    }
    const { best, passes } = judged;
    if (best === undefined || !passes) return { ...NONE, ...defined({ personal: judged.personal }) };
    const match = { id: best.entry.id, score: best.verdict.answers };
    const path = match.id === candidate?.entry.id ? candidate.adapterPath : await this.#adapter(match.id);
    if (path === undefined) {
      const isDamaged = this.brain.get(match.id)?.damaged !== undefined; // else it was forgotten meanwhile
      return { ...NONE, ...(isDamaged ? { damaged: match } : {}) };
    }
    return {
      adapters: [{ path }],
      adaptersFrom: 'answer',
      ...defined({ opening: best.verdict.opening }),
      matches: [match],
    };
  }

  /** Memories that a later text takes the place of, surest first. */
  async replacedBy(later: string, signal?: AbortSignal): Promise<GateMatch[]> {
    await this.#refresh(signal);
    if (this.#candidates.size === 0) return [];
    const found = this.#candidates.find(later, await this.#vector(later, signal));
    const judge = await this.judge(signal);
    const scores = await judge.replaced(later, found.map(judgedOf), signal);
    return found
      .map(({ entry }, i) => ({ id: entry.id, score: scores[i]! }))
      .filter(({ score }) => score >= judge.threshold)
      .sort((a, b) => b.score - a.score);
  }

  /** The memories nearest to a text in meaning, nearest first. */
  async nearest(text: string, most: number, without: ReadonlySet<string>, signal?: AbortSignal): Promise<string[]> {
    await this.#refresh(signal);
    if (this.#candidates.size === 0) return [];
    const found = this.#candidates.find(text, await this.#vector(text, signal), without, most);
    return found.map(({ entry }) => entry.id);
  }

  /** Questions that a person might ask of a text, each of which the text is judged to answer; none where nobody can write them. */
  async questionsOf(text: string, count: number, signal?: AbortSignal): Promise<string[]> {
    const judge = await this.judge(signal);
    const written = await judge.questions(text, count, signal);
    if (written.length === 0) return [];
    const entry = await this.entry('', { text }, signal);
    const sound: string[] = [];
    for (const question of written) {
      const note = { text, closeness: closenessOf(entry, await this.#vector(question, signal)) };
      const [verdict] = await judge.answers(question, [note], signal);
      if (verdict!.answers >= judge.threshold) sound.push(question);
    }
    return sound;
  }

  /** Makes the index anew: every key is embedded again. */
  async reindex(signal?: AbortSignal): Promise<void> {
    for (const { id } of this.brain.memories()) await rm(this.#cachePath(id), { force: true });
    this.#known.clear();
    await this.#refresh(signal);
  }

  /** A memory as it is found and judged. */
  async entry(id: string, memory: Pick<BrainMemory, 'text' | 'question'>, signal?: AbortSignal): Promise<Entry> {
    const embedder = await this.embedder();
    return { id, text: memory.text, vectors: await embedder.embed(keysOf(memory), { maxWindows: 1, signal }) };
  }

  async #judged(
    question: string,
    extra: Entry | undefined,
    signal: AbortSignal | undefined,
    without: ReadonlySet<string>,
  ): Promise<{ best?: Found & { verdict: Verdict }; passes: boolean; personal?: number }> {
    const vector = await this.#vector(question, signal);
    const found = this.#candidates.find(question, vector, without);
    if (extra !== undefined) found.unshift({ entry: extra, closeness: closenessOf(extra, vector) });
    const judge = await this.judge(signal);
    let best: (Found & { verdict: Verdict }) | undefined;
    let personal: number | undefined; // by the note that says it least surely
    for (const some of [found.slice(0, FIRST), found.slice(FIRST)]) {
      if (some.length === 0) continue;
      const verdicts = await judge.answers(question, some.map(judgedOf), signal);
      const judged = some.map((one, i) => ({ ...one, verdict: verdicts[i]! }));
      personal = Math.min(personal ?? 1, ...verdicts.map((verdict) => verdict.personal));
      best = [...(best === undefined ? [] : [best]), ...judged].sort(
        (a, b) => b.verdict.answers - a.verdict.answers || this.#order(b.entry.id) - this.#order(a.entry.id),
      )[0]!;
      if (best.verdict.answers >= judge.threshold) return { best, passes: true };
    }
    return { ...defined({ best, personal }), passes: false };
  }

  /** Of two that answer equally well the later one does: it is what was said last. */
  #order(id: string): number {
    const at = [...this.#known.keys()].indexOf(id);
    return at < 0 ? Infinity : at; // one that is being tried
  }

  async #vector(text: string, signal?: AbortSignal): Promise<Float32Array> {
    const [vector] = await (await this.embedder()).embed([text], { kind: 'query', maxWindows: 1, signal });
    return vector!;
  }

  /** Takes in what this or another process has committed since. */
  async #refresh(signal?: AbortSignal): Promise<void> {
    for (const memory of this.brain.memories()) {
      const hash = memory.state === 'remembered' ? memory.adapter?.sha256 : undefined;
      if (this.#known.has(memory.id) && this.#known.get(memory.id) === hash) continue;
      this.#candidates.delete(memory.id);
      if (hash !== undefined) this.#candidates.set(await this.#cachedEntry(memory, signal));
      else await rm(this.#cachePath(memory.id), { force: true }).catch(() => undefined);
      this.#known.set(memory.id, hash);
    }
  }

  async #adapter(id: string): Promise<string | undefined> {
    const hash = this.brain.get(id)?.adapter?.sha256;
    if (hash === undefined) return undefined;
    if (this.#verified.get(id) === hash) return this.brain.adapterPath(id);
    try {
      const path = await this.brain.adapterFile(id);
      this.#verified.set(id, hash);
      return path;
    } catch (error) {
      // A damaged memory is as good as none, until it is trained anew; the answer, `memories` and `doctor` show it.
      if (error instanceof EngramError && (error.code === 'corrupt' || error.code === 'not_found')) return undefined;
      throw error;
    }
  }

  #cachePath(id: string): string {
    return join(this.brain.folder, 'index', `${id}.f32`);
  }

  /** The entry with its embeddings from the brain's index, where the same embedder made them from the same keys. */
  async #cachedEntry(memory: BrainMemory, signal?: AbortSignal): Promise<Entry> {
    const { id, text } = memory;
    const keys = keysOf(memory);
    const embedder = await this.embedder();
    const head = Buffer.from(`${JSON.stringify({ embedder: embedder.id, keys })}\n`);
    const path = this.#cachePath(id);
    const size = embedder.dimensions;
    const floats = keys.length * size;
    try {
      const bytes = await readFile(path);
      if (bytes.length === head.length + floats * 4 && bytes.subarray(0, head.length).equals(head)) {
        const all = new Float32Array(floats);
        new Uint8Array(all.buffer).set(bytes.subarray(head.length));
        return { id, text, vectors: keys.map((_, i) => all.subarray(i * size, (i + 1) * size)) };
      }
    } catch {
      // Not there or not readable: it is made again below.
    }
    const entry = await this.entry(id, memory, signal);
    const all = new Float32Array(floats);
    entry.vectors.forEach((vector, i) => {
      all.set(vector, i * size);
    });
    // An index that cannot be written (a read-only brain) costs time, nothing else.
    await writeFileAtomic(path, Buffer.concat([head, new Uint8Array(all.buffer)])).catch(() => undefined);
    return entry;
  }
}

function judgedOf({ entry, closeness }: Found): { text: string; closeness: number } {
  return { text: entry.text, closeness };
}
