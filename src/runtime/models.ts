// `engram.models`: the models of the catalog and the home, whatever model this Engram has. Not here: pulling (models/).
import {
  listModels,
  pullModel,
  removeModel,
  showModel,
  type ModelDetails,
  type ModelStatus,
  type PulledModel,
  type PullOptions,
} from '../models/index.js';
import { listTrainable } from '../training/index.js';
import type { Parts } from './parts.js';

export class Models {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Those of the catalog, and which of them are installed. */
  list(): Promise<ModelStatus[]> {
    return listModels(this.#home);
  }

  /** Installed models that can be trained, by name. */
  trainable(): Promise<string[]> {
    return listTrainable(this.#home);
  }

  /** Fetches one and verifies it, going on where an earlier try ended. Throws `not_found`, `offline`, `network`, `corrupt`,
   * `disk`, `cancelled`. */
  pull(name: string, options: PullOptions = {}): Promise<PulledModel> {
    return pullModel(this.#home, name, { offline: this.#parts.settings.offline, ...options });
  }

  /** What a model of the catalog or a GGUF file is, and the memory it needs. Throws `not_found`, `corrupt`. */
  show(nameOrPath: string): Promise<ModelDetails> {
    return showModel(this.#home, nameOrPath);
  }

  /** Deletes an installed one and returns the bytes that are free now. Throws `not_found`. */
  remove(name: string): Promise<number> {
    return removeModel(this.#home, name);
  }

  get #home(): string {
    return this.#parts.settings.home;
  }
}
