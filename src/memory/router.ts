// Decides what answers a question: the gate names the memories it touches, and the adapter of the best one is switched on.
// Not here: scoring (gate.ts) and generating (inference/).
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { defined } from '../defined.js';
import type { Embedder } from '../embedding/index.js';
import { EngramError } from '../errors.js';
import { writeFileAtomic } from '../files.js';
import type { AdapterUse, ChatMessage, GenerateOptions } from '../inference/index.js';
import type { Brain, BrainMemory } from './brain.js';
import { openingOf, type Opening } from './decision.js';
import { Gate, type GateEntry, type GateMatch } from './gate.js';
import { followsOn } from './grounds.js';
import type { Information } from './information.js';
import { byLikelihood, type ScoreText } from './likeliest.js';

/** What a memory's event keeps for the gate; the embeddings of the keys are derived and can be made again. */
export interface GateData {
  /** Of gateKeys(). */
  keys: string[];
}

export interface Route {
  adapters: AdapterUse[];
  /** Memories are trained to work from the answer on: the base model reads the question. */
  adaptersFrom?: 'answer';
  /** How the answer opens, where the question is whether something is so. */
  opening?: Opening;
  matches: GateMatch[];
  /** What would have answered if its adapter were whole. */
  damaged?: GateMatch;
}

/** A memory that is being tried before it is committed. */
export interface Candidate {
  entry: GateEntry;
  adapterPath: string;
  /** Its text, if it is one; where there is none, that of the memory with its id. */
  statement?: string | undefined;
}

/** What of a route an answer is generated with. */
export function usesOf({
  adapters,
  adaptersFrom,
  opening,
}: Route): Pick<GenerateOptions, keyof Route & keyof GenerateOptions> {
  return { adapters, ...defined({ adaptersFrom, opening }) };
}

/** The text of a memory; undefined of a question with its answer. */
export function statementOf(memory: Pick<BrainMemory, 'text' | 'question'> | undefined): string | undefined {
  return memory?.question === undefined ? memory?.text : undefined;
}

export class Router {
  readonly #gate: Gate;
  readonly #known = new Map<string, string | undefined>(); // memory id -> hash of the adapter it was loaded with
  readonly #verified = new Map<string, string>(); // memory id -> hash that its adapter's file was found to have

  /** Without `score` what the gate thinks best is best. */
  constructor(
    private readonly brain: Brain,
    private readonly embedder: () => Promise<Embedder>,
    information: Information,
    private readonly score?: ScoreText,
  ) {
    this.#gate = new Gate(embedder, information);
  }

  get gate(): Gate {
    return this.#gate;
  }

  /** What answers the last message of a conversation. With a candidate, as if it had been committed; `without` some memories, as
   * if they had been forgotten. */
  async route(
    messages: readonly ChatMessage[],
    candidate?: Candidate,
    signal?: AbortSignal,
    without: ReadonlySet<string> = new Set(),
  ): Promise<Route> {
    await this.#refresh(signal);
    const questions = messages.filter(({ role }) => role === 'user').map(({ content }) => content);
    const last = questions.at(-1) ?? '';
    const extra = candidate ? [candidate.entry] : [];
    let asked = last;
    let matches = await this.#gate.match(asked, extra, signal, without);
    if (matches.length === 0 && questions.length > 1 && followsOn(last)) {
      asked = questions.at(-2)!;
      matches = await this.#gate.match(asked, extra, signal, without);
    }
    const textOf = (id: string): string | undefined =>
      (id === candidate?.entry.id ? candidate.statement : undefined) ?? statementOf(this.brain.get(id));
    matches = await this.#ordered(asked, matches, textOf, signal);
    const best = matches[0];
    if (best === undefined) return { adapters: [], matches: [] };
    const isCandidate = best.id === candidate?.entry.id;
    const path = isCandidate ? candidate.adapterPath : await this.#adapter(best.id);
    if (path === undefined) {
      const isDamaged = this.brain.get(best.id)?.damaged !== undefined; // else it was forgotten meanwhile
      return { adapters: [], matches: [], ...(isDamaged ? { damaged: best } : {}) };
    }
    const statement = textOf(best.id);
    const opening = statement === undefined ? undefined : openingOf(last, statement);
    return { adapters: [{ path }], adaptersFrom: 'answer', ...defined({ opening }), matches: [best] };
  }

  /** Best first: the gate's order, unless there is a model to ask and memory to ask it in. */
  async #ordered(
    asked: string,
    matches: GateMatch[],
    textOf: (id: string) => string | undefined,
    signal?: AbortSignal,
  ): Promise<GateMatch[]> {
    if (this.score === undefined) return matches;
    try {
      return await byLikelihood(this.score, asked, matches, textOf, signal);
    } catch (error) {
      if (error instanceof EngramError && error.code === 'memory') return matches;
      throw error;
    }
  }

  /** Makes the index anew: every key is embedded again. */
  async reindex(signal?: AbortSignal): Promise<void> {
    for (const { id } of this.brain.memories()) await rm(this.#cachePath(id), { force: true });
    this.#known.clear();
    await this.#refresh(signal);
  }

  /** Ids of the memories that a question touches, best match first. */
  async touched(question: string, signal?: AbortSignal): Promise<string[]> {
    await this.#refresh(signal);
    return (await this.#gate.match(question, [], signal)).map(({ id }) => id);
  }

  /** Embeds keys into a gate entry. */
  async entry(id: string, data: GateData, signal?: AbortSignal): Promise<GateEntry> {
    const embedder = await this.embedder();
    const vectors = await embedder.embed(data.keys, { kind: 'query', maxWindows: 1, signal });
    return this.#gate.entry(id, data.keys, vectors);
  }

  /** Takes in what this or another process has committed since. */
  async #refresh(signal?: AbortSignal): Promise<void> {
    for (const memory of this.brain.memories()) {
      const hash = memory.state === 'remembered' ? memory.adapter?.sha256 : undefined;
      if (this.#known.has(memory.id) && this.#known.get(memory.id) === hash) continue;
      this.#gate.delete(memory.id);
      const data = gateData(memory);
      if (hash !== undefined && data !== undefined) this.#gate.set(await this.#cachedEntry(memory.id, data, signal));
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
  async #cachedEntry(id: string, data: GateData, signal?: AbortSignal): Promise<GateEntry> {
    const embedder = await this.embedder();
    const head = Buffer.from(`${JSON.stringify({ embedder: embedder.id, keys: data.keys })}\n`);
    const path = this.#cachePath(id);
    const floats = data.keys.length * embedder.dimensions;
    try {
      const bytes = await readFile(path);
      if (bytes.length === head.length + floats * 4 && bytes.subarray(0, head.length).equals(head)) {
        const all = new Float32Array(floats);
        new Uint8Array(all.buffer).set(bytes.subarray(head.length));
        const size = embedder.dimensions;
        return this.#gate.entry(
          id,
          data.keys,
          data.keys.map((_, i) => all.subarray(i * size, (i + 1) * size)),
        );
      }
    } catch {
      // Not there or not readable: it is made again below.
    }
    const entry = await this.entry(id, data, signal);
    const all = new Float32Array(floats);
    entry.facets.forEach(({ vector }, i) => {
      all.set(vector, i * embedder.dimensions);
    });
    // An index that cannot be written (a read-only brain) costs time, nothing else.
    await writeFileAtomic(path, Buffer.concat([head, new Uint8Array(all.buffer)])).catch(() => undefined);
    return entry;
  }
}

function gateData(memory: BrainMemory): GateData | undefined {
  const data = memory.data?.['gate'] as Partial<GateData> | undefined;
  const keys = data?.keys;
  return Array.isArray(keys) && keys.length > 0 && keys.every((key) => typeof key === 'string') ? { keys } : undefined;
}
