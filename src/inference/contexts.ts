// Contexts of one model, one for each set of adapters in use: node-llama-cpp gives a context its adapters when it is made.
// The base model's context stays, of the others the most recent few. Not here: what is evaluated in them.
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { LlamaContext, LlamaContextSequence, LlamaModel, Token } from 'node-llama-cpp';
import { EngramError } from '../errors.js';
import type { AdapterUse } from './types.js';

const KEPT = 2;

interface Kept {
  context: LlamaContext;
  sequence: LlamaContextSequence;
  paths: string[];
}

/** What node-llama-cpp keeps of adapters inside a model. It has no public way to let go of one; the version is pinned. */
interface Internals {
  _loraAdapters?: Map<string, { dispose(): Promise<void> }>;
}

export class ContextPool {
  /** In the order of last use. */
  readonly #contexts = new Map<string, Kept>();

  constructor(
    private readonly model: LlamaModel,
    private readonly contextSize: number,
    private readonly threads: number,
  ) {}

  async get(adapters: readonly AdapterUse[]): Promise<Kept> {
    const key = await keyOf(adapters);
    let kept = this.#contexts.get(key);
    if (kept !== undefined) {
      this.#contexts.delete(key); // to the end: the most recent
    } else {
      await this.#makeRoom(adapters);
      const context = await this.model.createContext({
        contextSize: this.contextSize,
        threads: this.threads,
        ...(adapters.length > 0
          ? { lora: { adapters: adapters.map(({ path, scale }) => ({ filePath: path, scale: scale ?? 1 })) } }
          : {}),
      });
      kept = { context, sequence: context.getSequence(), paths: adapters.map(({ path }) => resolve(path)) };
    }
    this.#contexts.set(key, kept);
    return kept;
  }

  /**
   * The sequence of a context and the tokens that are still to be evaluated so that it continues `prompt`. What was evaluated
   * is used again only where a conversation goes on from where it stopped: a prompt computed in other pieces may differ in
   * the last bits, and the same question must always get the same answer.
   */
  async prepared(
    adapters: readonly AdapterUse[],
    prompt: Token[],
  ): Promise<{ sequence: LlamaContextSequence; tokens: Token[]; reused: number }> {
    const { sequence } = await this.get(adapters);
    const known = sequence.contextTokens;
    const goesOn = known.length > 0 && known.length < prompt.length && known.every((token, i) => token === prompt[i]);
    if (goesOn) return { sequence, tokens: prompt.slice(known.length), reused: known.length };
    await sequence.clearHistory();
    return { sequence, tokens: prompt, reused: 0 };
  }

  /** Frees every context that uses an adapter file, and what is kept of the file itself. */
  async release(path: string): Promise<void> {
    const wanted = resolve(path);
    for (const [key, kept] of this.#contexts) {
      if (!kept.paths.includes(wanted)) continue;
      this.#contexts.delete(key);
      await kept.context.dispose();
    }
    const adapters = (this.model as unknown as Internals)._loraAdapters;
    const adapter = adapters?.get(wanted);
    adapters?.delete(wanted);
    await adapter?.dispose();
  }

  async close(): Promise<void> {
    for (const { context } of this.#contexts.values()) await context.dispose();
    this.#contexts.clear();
  }

  async #makeRoom(adapters: readonly AdapterUse[]): Promise<void> {
    if (adapters.length === 0) return;
    const adapted = [...this.#contexts.values()].filter(({ paths }) => paths.length > 0);
    for (const { paths } of adapted.slice(0, Math.max(0, adapted.length - KEPT + 1))) {
      for (const path of paths) await this.release(path);
    }
  }
}

/** The adapters with the state of their files, so that a replaced file is read anew. */
async function keyOf(adapters: readonly AdapterUse[]): Promise<string> {
  const parts: string[] = [];
  for (const { path, scale } of adapters) {
    const file = await stat(path).catch(() => undefined);
    if (file === undefined) throw new EngramError('not_found', `There is no adapter file ${path}.`);
    parts.push(`${resolve(path)}|${file.size}|${file.mtimeMs}|${scale ?? 1}`);
  }
  return parts.join('\n');
}
