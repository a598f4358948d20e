// The base model's weights that one Engram keeps for training: loaded when they are first asked for, closed with it. That all who
// open the same file share one copy is training/base-model.ts's.
import { defined } from '../defined.js';
import { throwIfCancelled } from '../errors.js';
import { inspectModel, memoryNeeds, requireMemory } from '../models/index.js';
import { openBaseModel, type BaseModel } from '../training/index.js';

type Precision = BaseModel['info']['precision'];

export class BaseModels {
  readonly #path: string;
  readonly #threads: number | undefined;
  /** By how their weights are held; '' is the best way on this machine. */
  readonly #kept = new Map<string, BaseModel>();
  readonly #closing = new AbortController();

  /** Of the GGUF at `path`. `threads` to load and train with; default: those the machine offers. */
  constructor(path: string, threads: number | undefined) {
    this.#path = path;
    this.#threads = threads;
  }

  /** Calls that overlap share the loading, and each can be cancelled by itself. Throws as openBaseModel(), `memory` if there is too little, and `cancelled` when
   * this is closed meanwhile. */
  async open(signal?: AbortSignal, precision?: Precision): Promise<BaseModel> {
    const kept = this.#kept.get(precision ?? '');
    if (kept !== undefined) return kept;
    const either = AbortSignal.any([this.#closing.signal, ...(signal === undefined ? [] : [signal])]);
    this.#requireRoom();
    const options = defined({ threads: this.#threads, precision, signal: either });
    return this.#keep(precision ?? '', await openBaseModel(this.#path, options));
  }

  /** The model that chats is loaded: what is asked for is what training takes beside it. */
  #requireRoom(): void {
    if (this.#kept.size > 0) return;
    const { name, ...sizes } = inspectModel(this.#path);
    const { packed, sharesPacked, memorizing } = memoryNeeds(sizes).parts;
    requireMemory(memorizing + (sharesPacked ? 0 : packed), `Training with ${name}`);
  }

  /** Gives up what is loading: it would come to nobody. */
  cancel(): void {
    this.#closing.abort();
  }

  close(): void {
    this.cancel();
    for (const base of this.#kept.values()) base.close();
  }

  /** Of two calls that opened it at once, the first one's is kept. */
  #keep(key: string, base: BaseModel): BaseModel {
    const kept = this.#kept.get(key) ?? base;
    if (kept !== base || this.#closing.signal.aborted) base.close();
    throwIfCancelled(this.#closing.signal);
    this.#kept.set(key, kept);
    return kept;
  }
}
