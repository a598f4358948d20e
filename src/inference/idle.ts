// A generator whose model is freed after some time without work, and loaded again by the next call. Its vocabulary stays, so
// that texts can be encoded at any time. Not here: generating.
import { Encoder } from './encoder.js';
import type { NativeLanguageModel } from './native.js';
import type { ChatMessage, EmbedOptions, GenerateOptions, Generation, Generator, Score, StateInfo } from './types.js';
import type { ModelVocabulary } from './vocabulary.js';

export interface IdleParts {
  /** What is loaded now. */
  generator: Generator;
  load: () => Promise<Generator>;
  /** Of a model without weights. */
  vocabulary: ModelVocabulary;
  vocabularyModel: NativeLanguageModel;
  /** Time without work after which the model is freed. */
  idleMs: number;
}

export class IdleGenerator extends Encoder implements Generator {
  readonly modelPath: string;
  readonly contextSize: number;
  readonly #parts: IdleParts;
  #loaded: Promise<Generator> | undefined;
  #unloading: Promise<void> = Promise.resolve();
  #running = 0;
  #timer: NodeJS.Timeout | undefined;
  protected isClosed = false;

  constructor(parts: IdleParts) {
    super(parts.vocabulary);
    this.#parts = parts;
    this.modelPath = parts.generator.modelPath;
    this.contextSize = parts.generator.contextSize;
    this.#loaded = Promise.resolve(parts.generator);
    this.#wait();
  }

  /** Whether the model is in memory. */
  get isLoaded(): boolean {
    return this.#loaded !== undefined;
  }

  chat(messages: readonly ChatMessage[], options?: GenerateOptions): Promise<Generation> {
    return this.#with((generator) => generator.chat(messages, options));
  }

  complete(prompt: string, options?: GenerateOptions): Promise<Generation> {
    return this.#with((generator) => generator.complete(prompt, options));
  }

  score(...given: Parameters<Generator['score']>): Promise<Score> {
    return this.#with((generator) => generator.score(...given));
  }

  embed(texts: readonly string[], options?: EmbedOptions): Promise<Float32Array[]> {
    return this.#with((generator) => generator.embed(texts, options));
  }

  /** What was computed is gone when the model was freed: then there is nothing to save. */
  saveState(...given: Parameters<Generator['saveState']>): Promise<StateInfo> {
    return this.#with((generator) => generator.saveState(...given));
  }

  restoreState(...given: Parameters<Generator['restoreState']>): Promise<StateInfo> {
    return this.#with((generator) => generator.restoreState(...given));
  }

  async releaseAdapter(path: string): Promise<void> {
    if (this.#loaded !== undefined && !this.isClosed) await this.#with((generator) => generator.releaseAdapter(path));
  }

  async close(): Promise<void> {
    if (this.isClosed) return this.#unloading;
    this.isClosed = true;
    clearTimeout(this.#timer);
    this.#unload();
    await this.#unloading;
    this.#parts.vocabularyModel.close();
  }

  async #with<T>(action: (generator: Generator) => Promise<T>): Promise<T> {
    this.requireOpen();
    clearTimeout(this.#timer);
    this.#running++;
    try {
      this.#loaded ??= this.#unloading.then(() => this.#parts.load());
      const loaded = this.#loaded;
      const generator = await loaded.catch((error: unknown) => {
        if (this.#loaded === loaded) this.#loaded = undefined; // the next call tries again
        throw error;
      });
      return await action(generator);
    } finally {
      this.#running--;
      this.#wait();
    }
  }

  #wait(): void {
    clearTimeout(this.#timer);
    if (this.#running > 0 || this.isClosed) return;
    this.#timer = setTimeout(() => {
      this.#unload();
    }, this.#parts.idleMs).unref();
  }

  #unload(): void {
    const [loaded, earlier] = [this.#loaded, this.#unloading];
    this.#loaded = undefined;
    this.#unloading = (async () => {
      await earlier;
      await (await loaded?.catch(() => undefined))?.close();
    })();
  }
}
