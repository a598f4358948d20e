// Several memories in one prompt, each under its own key. Those over the same log share its exchanges, which are written once.
// Not here: what each shows.
import { EngramError } from '../../errors.js';
import { HistoryMemory } from './history-memory.js';
import type { ChatLog } from './chat-log.js';
import type { ChatMemory, LoadOptions, MemoryVariables, SaveOptions, Values } from './types.js';

export class CombinedMemory implements ChatMemory {
  readonly memories: readonly ChatMemory[];

  constructor({ memories }: { memories: readonly ChatMemory[] }) {
    const keys = memories.flatMap(({ memoryKeys }) => memoryKeys);
    const twice = keys.find((key, i) => keys.indexOf(key) !== i);
    if (twice !== undefined) {
      throw new EngramError('usage', `Expected a memoryKey of its own for each memory but received "${twice}" twice.`);
    }
    this.memories = [...memories];
  }

  get memoryKeys(): readonly string[] {
    return this.memories.flatMap(({ memoryKeys }) => memoryKeys);
  }

  async load(inputs: Values = {}, { share = 1, signal }: LoadOptions = {}): Promise<MemoryVariables> {
    const each = share / Math.max(1, this.memories.length);
    const own = this.#without(inputs);
    const loaded = await Promise.all(this.memories.map((memory) => memory.load(own, { share: each, signal })));
    return Object.assign({}, ...loaded) as MemoryVariables;
  }

  async save(inputs: Values, outputs: Values, options: SaveOptions = {}): Promise<void> {
    const own = this.#without(inputs);
    const written = new Set<ChatLog>();
    for (const memory of this.memories) {
      if (memory instanceof HistoryMemory && written.has(memory.log)) await memory.update(options);
      else {
        if (memory instanceof HistoryMemory) written.add(memory.log);
        await memory.save(own, outputs, options);
      }
    }
  }

  async clear(): Promise<void> {
    for (const memory of this.memories) await memory.clear();
  }

  /** A chain gives the memories' own variables back among its inputs. */
  #without(inputs: Values): Values {
    return Object.fromEntries(Object.entries(inputs).filter(([name]) => !this.memoryKeys.includes(name)));
  }
}
