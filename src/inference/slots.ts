// The contexts of one model: one for the base model alone, and a few that are switched to the adapters a call asks for. What
// a context has computed is used again only where that cannot change an answer (see `BLOCK`). Not here: sampling.
import type { LlamaContext, LlamaContextSequence, LlamaModel, Token } from 'node-llama-cpp';
import { EngramError } from '../errors.js';
import { availableMemory } from '../models/index.js';
import { Adapters, NO_ADAPTERS, type AdapterSet } from './adapters.js';
import type { AdapterUse } from './types.js';

/**
 * Tokens of a prompt that are computed at once, always from a multiple of this on. Rounding depends on how many tokens go
 * through the model together (measured: the probabilities after 256 tokens differ in their last bits between blocks of 64
 * and single tokens), so greedy answers would depend on what was asked before if whatever lies in the cache were used. With
 * blocks in fixed places the same prompt is always computed in the same pieces, and a block that is already there may be
 * used again: only a block that was computed whole, as part of a prompt. The tokens of an answer came one by one; as the
 * history of the next question they are computed again, in blocks.
 *
 * On a CPU 64 tokens are as fast as 512 a time (measured; 16 and 32 cost 15%) and let an abort through sooner.
 */
const BLOCK = { cpu: 64, gpu: 512 };

/** Contexts besides the base model's. */
const SWITCHED = 2;

export interface SlotOptions {
  contextSize: number;
  threads: number;
}

export class Slots {
  readonly #adapters: Adapters;
  /** The base model's context first; the rest in the order of last use. */
  readonly #slots: Slot[] = [];
  readonly #block: number;

  private constructor(
    private readonly model: LlamaModel,
    private readonly options: SlotOptions,
  ) {
    this.#adapters = new Adapters(model);
    this.#block = model.llama.gpu === false ? BLOCK.cpu : BLOCK.gpu;
  }

  /** Makes the base model's context, so that too little memory shows at once. Throws `memory`. */
  static async open(model: LlamaModel, options: SlotOptions): Promise<Slots> {
    const slots = new Slots(model, options);
    slots.#slots.push(await slots.#create());
    return slots;
  }

  /** A context that runs with these adapters. Throws `not_found`, `corrupt`, `mismatch`, `usage`. */
  async with(uses: readonly AdapterUse[]): Promise<Slot> {
    const set = uses.length === 0 ? NO_ADAPTERS : await this.#adapters.resolve(uses);
    if (set.key === '') {
      const base = this.#slots[0]!;
      await base.switchTo(NO_ADAPTERS, this.#adapters);
      return base;
    }
    for (const path of this.#adapters.outdated(set)) await this.release(path);
    const slot = this.#slots.find(({ key }) => key === set.key) ?? (await this.#free());
    if (slot !== this.#slots[0]) {
      this.#slots.splice(this.#slots.indexOf(slot), 1);
      this.#slots.push(slot);
    }
    await slot.switchTo(set, this.#adapters);
    await this.#adapters.freeUnused(new Set(this.#slots.flatMap(({ paths }) => paths)));
    return slot;
  }

  /** Frees an adapter file, so that it can be replaced or deleted. */
  async release(path: string): Promise<void> {
    for (const slot of this.#slots) {
      if (slot.paths.includes(path)) await slot.switchTo(NO_ADAPTERS, this.#adapters);
    }
    await this.#adapters.free(path);
  }

  async close(): Promise<void> {
    for (const slot of this.#slots) await slot.context.dispose();
    this.#slots.length = 0;
    await this.#adapters.close();
  }

  /** A context to be switched: a new one while there are few and memory is plenty, else the least recently used. Where there
   * is no memory for a second one at all, the base model's. */
  async #free(): Promise<Slot> {
    const [base, ...switched] = this.#slots;
    const idle = switched.find(({ paths }) => paths.length === 0);
    if (idle !== undefined) return idle;
    if (switched.length < SWITCHED && availableMemory() > 4 * base!.bytes) {
      try {
        const slot = await this.#create();
        this.#slots.push(slot);
        return slot;
      } catch (error) {
        if (!(error instanceof EngramError && error.code === 'memory')) throw error;
      }
    }
    return switched[0] ?? base!;
  }

  async #create(): Promise<Slot> {
    const { contextSize, threads } = this.options;
    try {
      const context = await this.model.createContext({
        contextSize,
        threads,
        batchSize: this.#block,
        swaFullCache: true, // else a model with a sliding window has no whole blocks to use again
        failedCreationRemedy: false, // a context smaller than asked for would be a surprise
      });
      return new Slot(context, this.#block);
    } catch (error) {
      throw new EngramError('memory', `A context of ${contextSize} tokens does not fit into memory.`, {
        hint: 'Use a smaller --context, or a smaller model.',
        details: { contextSize, available: availableMemory() },
        cause: error,
      });
    }
  }
}

/** One context, the adapters it runs with, and what it has computed. */
export class Slot {
  readonly sequence: LlamaContextSequence;
  #set = NO_ADAPTERS;
  /** Leading tokens of the sequence that were computed in whole blocks. */
  #whole = 0;

  constructor(
    readonly context: LlamaContext,
    private readonly block: number,
  ) {
    this.sequence = context.getSequence({ checkpoints: { max: 0 } });
  }

  get key(): string {
    return this.#set.key;
  }

  get paths(): string[] {
    return this.#set.members.map(({ path }) => path);
  }

  /** Of its KV cache and work space. */
  get bytes(): number {
    const { ram, vram } = this.context.memoryUsage;
    return ram + vram;
  }

  async switchTo(set: AdapterSet, adapters: Adapters): Promise<void> {
    if (set.key === this.#set.key) return;
    await this.#clear();
    this.#set = NO_ADAPTERS; // what holds if loading an adapter fails
    await adapters.apply(this.context, NO_ADAPTERS);
    if (set.key !== '') await adapters.apply(this.context, set);
    this.#set = set;
  }

  /**
   * Computes a prompt but for its last block, which is returned: from it the answer begins. Yields between blocks so that the
   * caller can stop.
   */
  async *feed(prompt: readonly Token[]): AsyncGenerator<void, Token[]> {
    const { block, sequence } = this;
    const last = Math.floor((prompt.length - 1) / block) * block;
    const known = sequence.contextTokens;
    let shared = 0;
    while (shared < this.#whole && shared < last && known[shared] === prompt[shared]) shared++;
    let at = Math.floor(shared / block) * block;
    // A model whose state cannot be cut back (recurrent, hybrid) starts again.
    if (at === 0 || sequence.needsCheckpoints) {
      await this.#clear();
      at = 0;
    } else {
      await sequence.eraseContextTokenRanges([{ start: at, end: sequence.nextTokenIndex }]);
    }
    this.#whole = at;
    while (at < last) {
      await sequence.evaluateWithoutGeneratingNewTokens(prompt.slice(at, at + block));
      this.#whole = at += block;
      yield;
    }
    return prompt.slice(at);
  }

  async #clear(): Promise<void> {
    this.#whole = 0;
    await this.sequence.clearHistory();
  }
}
