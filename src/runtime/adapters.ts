// `engram.adapters`: named adapters, trained from files or texts, and what can be made of them. Not here: the adapters of memories
// (memories.ts), training itself (training/).
import { EngramError } from '../errors.js';
import {
  checkTrainRequest,
  createAdapter,
  evaluate,
  fineTune,
  memoryOf,
  plotRun,
  predictAll,
  readLabelled,
  RunStore,
  trainFile,
  withClassifier,
  type AdapterStore,
  type BrokenAdapter,
  type ClassificationReport,
  type Classifying,
  type CreateAdapterOptions,
  type FineTuneReport,
  type FineTuneRequest,
  type FuseResult,
  type ImportedAdapter,
  type Ingredient,
  type MergeOptions,
  type MergeResult,
  type PlotOptions,
  type Prediction,
  type RunPlot,
  type StoredAdapter,
  type StoredRun,
  type TrainReport,
  type TrainRequest,
} from '../training/index.js';
import type { ClassifyRequest, EvaluateRequest, FuseModelOptions, ImportAdapterOptions } from './options.js';
import type { Parts } from './parts.js';

export class Adapters {
  readonly #parts: Parts;
  readonly #runs: RunStore;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#runs = new RunStore(parts.settings.home);
  }

  get #store(): AdapterStore {
    return this.#parts.adapterStore;
  }

  /** Trains a new adapter on a file of examples. What can be refused without a model is refused before it is loaded. See
   * training/train-file.ts for what it throws. */
  async train(request: TrainRequest): Promise<TrainReport> {
    const { home } = this.#parts.settings;
    await checkTrainRequest(home, request);
    const { signal } = request;
    const opened = await this.#parts.model.open(signal);
    return trainFile(
      {
        home,
        encoder: opened.generator,
        model: this.#parts.named(opened, signal),
        memory: memoryOf(opened.resolved.path),
        base: (precision) => opened.bases.open(signal, precision),
      },
      request,
    );
  }

  /** Goes on with a run that was cut off: the one of this id, or the latest that can. Throws as train(), and `not_found`. */
  resume(run?: string, request: Omit<TrainRequest, 'resume'> = {}): Promise<TrainReport> {
    return this.train({ ...request, resume: run ?? true });
  }

  /** All of them by name; those that cannot be read apart. */
  list(): Promise<{ adapters: StoredAdapter[]; broken: BrokenAdapter[] }> {
    return this.#store.list();
  }

  /** Throws `not_found` (with a guess at what was meant), `corrupt`. */
  get(name: string): Promise<StoredAdapter> {
    return this.#store.find(name);
  }

  /** Makes an untrained adapter, to be taught by fineTune(). Throws `exists`, `usage`, `memory`, `disk`, `cancelled`. */
  async create(name: string, options: CreateAdapterOptions = {}): Promise<StoredAdapter> {
    return createAdapter(await this.#parts.fineTuning(options.signal), name, options);
  }

  /** Teaches an adapter a few texts, going on where the last call ended; answers with it are the new ones at once, wherever it is
   * in use. See training/fine-tune.ts for what it throws. */
  async fineTune(request: FineTuneRequest): Promise<FineTuneReport> {
    await this.#parts.adapterPath(request.adapter);
    return fineTune(await this.#parts.fineTuning(request.signal), request);
  }

  /** Predicts the labels of texts with an adapter that was trained on labels. Throws `not_found`, `usage` (it was not), `empty`,
   * `too_long`, `mismatch` (it belongs to another model), `cancelled`. */
  async classify({ adapter, texts, onProgress, signal }: ClassifyRequest): Promise<Prediction[]> {
    return this.#withClassifier(adapter, signal, (classifier, trainer) =>
      predictAll(classifier, trainer, texts, { onProgress, signal }),
    );
  }

  /** Measures such an adapter on a JSONL file of `{text, label}` or `{text, labels}` rows. Throws as classify() does, and `corrupt`
   * with the line. */
  async evaluate({ adapter, file, onProgress, signal }: EvaluateRequest): Promise<ClassificationReport> {
    const rows = await readLabelled(file, signal);
    return this.#withClassifier(adapter, signal, (classifier, trainer) =>
      evaluate(classifier, trainer, rows, { onProgress, signal }),
    );
  }

  /** Several adapters of one model as one. See training/combine.ts. */
  merge(ingredients: readonly Ingredient[], options: MergeOptions): Promise<MergeResult> {
    return this.#store.merge(ingredients, options);
  }

  /** A smaller adapter that says nearly the same. See training/combine.ts. */
  shrink(name: string, options: MergeOptions): Promise<MergeResult> {
    return this.#store.shrink(name, options);
  }

  /** A new model with adapters built in. See training/combine.ts. */
  fuse(ingredients: readonly Ingredient[], options: FuseModelOptions): Promise<FuseResult> {
    const { model, threads } = this.#parts.settings;
    return this.#store.fuse(ingredients, { model, threads, ...options });
  }

  /** Writes one into a folder, as a GGUF or in the form of PEFT, and returns the paths. Files of the same names there are
   * replaced. `baseModel`: what PEFT is to load; default: the name the model has here. */
  export(
    name: string,
    format: 'gguf' | 'peft',
    folder: string,
    options: { baseModel?: string } = {},
  ): Promise<string[]> {
    return this.#store.export(name, format, folder, options);
  }

  /** Takes in a LoRA that was made elsewhere, a PEFT folder or a GGUF, for the model that this Engram has. Loads no model. See
   * training/import.ts. */
  import(path: string, options: ImportAdapterOptions): Promise<ImportedAdapter> {
    return this.#store.import(path, { ...options, model: this.#parts.settings.model });
  }

  /** Throws `not_found`, `locked`, `disk`. */
  remove(name: string): Promise<void> {
    return this.#store.remove(name);
  }

  /** The runs of train(), oldest first. */
  runs(): Promise<StoredRun[]> {
    return this.#runs.list();
  }

  /** One of them, by its id. Throws `not_found`. */
  run(id: string): Promise<StoredRun> {
    return this.#runs.find(id);
  }

  /** Deletes a run with its checkpoints; the adapter that it made stays. Throws `not_found`, `locked`. */
  removeRun(id: string): Promise<void> {
    return this.#runs.remove(id);
  }

  /** Draws the losses of a run, the latest if none is named, as text and as an SVG. Throws `not_found`, `disk`. */
  async plot(run?: string, options: PlotOptions = {}): Promise<RunPlot & { run: string }> {
    const found = run === undefined ? (await this.#runs.list()).at(-1) : await this.#runs.find(run);
    if (found === undefined) throw new EngramError('not_found', 'There is no run yet.', { hint: 'train() makes one.' });
    const { record, folder } = found;
    return { run: record.id, ...(await plotRun(folder, options)) };
  }

  async #withClassifier<T>(name: string, signal: AbortSignal | undefined, action: Classifying<T>): Promise<T> {
    await this.#parts.adapterPath(name);
    const { generator, bases } = await this.#parts.model.open(signal);
    return withClassifier(await bases.open(signal), generator, await this.#store.find(name), action);
  }
}
