// Class Engram: a model and a brain, open together. It puts the rooms of the house to work with one another; what each does is
// found there. Heavy parts (trained weights, embeddings) are loaded when they are first needed.
import { join } from 'node:path';
import type { Settings } from './config.js';
import { EngramError, throwIfCancelled } from './errors.js';
import type { ChatMessage, Generation, Generator, StateInfo, Tool } from './inference/index.js';
import {
  openBrain,
  type BatchReport,
  type Brain,
  type ForgottenProof,
  type LedgerEvent,
  type Memory,
  type MemoryInput,
  type ModelIdentity,
  type MemorySource,
  type Receipt,
} from './brain/index.js';
import { ChatStore } from './conversation/index.js';
import {
  recall,
  Router,
  type Explanation,
  type Recalled,
  type RecallOptions,
  ClosenessJudge,
  findJudge,
  TrainedJudge,
  type Judge,
} from './gate/index.js';
import {
  checkInput,
  memoriesOf,
  memorize,
  moveBrain,
  memorizeEach,
  proveForgotten,
  rebuild,
  undo,
  sleep,
  WELL_USED,
  type BatchOptions,
  type Memorizer,
  type MemorizeOptions,
  type MoveReport,
  type ProofOptions,
  type RebuildOptions,
  type RebuildReport,
  type SleepReport,
  type Undone,
  type UndoOptions,
} from './learn/index.js';
import { catalogName, modelSha256, type ResolvedModel } from './models/index.js';
import {
  Retrieval,
  type FoundPassage,
  type IngestOptions,
  type IngestReport,
  type SearchOptions,
  type WatchOptions,
} from './retrieval/index.js';
import { answer, checkAskOptions, generationOf, type Answered } from './answering.js';
import { BaseModels } from './base-models.js';
import { defined } from './defined.js';
import type {
  AskOptions,
  ClassifyRequest,
  CompleteOptions,
  EngramEmbedOptions,
  EngramSleepOptions,
  EvaluateRequest,
  ExplainOptions,
  MoveBrainOptions,
  OpenOptions,
  SaveStateOptions,
} from './engram-options.js';
import { explainAnswer } from './explaining.js';
import { LazyBrain, type RoutedBrain } from './lazy-brain.js';
import { LazyEmbedder } from './open-embedder.js';
import { openModel, type OpenedModel } from './open-model.js';
import {
  AdapterStore,
  createAdapter,
  fineTune,
  findAdapter,
  requireBase,
  evaluate,
  readLabelled,
  memoryOf,
  predictAll,
  trainFile,
  withClassifier,
  type ClassificationReport,
  type Prediction,
  type BaseModel,
  type Classifying,
  type CreateAdapterOptions,
  type FineTuneReport,
  type FineTuneRequest,
  type StoredAdapter,
  type TrainPlace,
  type TrainReport,
  type TrainRequest,
} from './training/index.js';

export class Engram {
  readonly settings: Settings;
  readonly adapters: AdapterStore;
  readonly #retrieval: Retrieval;
  /** The chats kept in this brain. */
  readonly chats: ChatStore;
  readonly #model: ResolvedModel;
  readonly #generator: Generator;
  readonly #baseModels: BaseModels;
  readonly #embedder: LazyEmbedder;
  readonly #brain: LazyBrain;
  #judge: Promise<Judge> | undefined;

  private constructor({ settings, model, generator }: OpenedModel, onProgress: OpenOptions['onProgress']) {
    this.settings = settings;
    this.adapters = new AdapterStore(settings.home);
    this.#embedder = new LazyEmbedder({ ...settings, onProgress });
    this.#retrieval = new Retrieval({ ...settings, embedder: () => this.#embedder.open() });
    this.chats = new ChatStore(settings.home, settings.brain);
    this.#model = model;
    this.#generator = generator;
    this.#baseModels = new BaseModels(model.path, settings.threads);
    this.#brain = new LazyBrain({
      ...{ home: settings.home, name: settings.brain },
      model: (signal) => this.#identity(signal),
      routerOf: (brain) => this.#routerOf(brain),
    });
  }

  /**
   * Opens a model and a brain; the model is pulled if the catalog has it and it is not installed. Settings left out come from
   * the environment, then from the defaults (config.ts). Throws `usage`, `not_found`, `offline`, `network`, `corrupt`,
   * `unsupported`, `memory`, `mismatch` (the brain belongs to another model), `cancelled`.
   */
  static async open(options: OpenOptions = {}): Promise<Engram> {
    const engram = await Engram.openModel(options);
    try {
      await engram.#brain.open(options.signal);
      return engram;
    } catch (error) {
      await engram.close();
      throw error;
    }
  }

  /** Opens a model alone, for what touches no brain: complete(), createAdapter(), fineTune(), classify(). What does touch one opens
   * it then, and throws what open() would have. Throws as open() does. */
  static async openModel(options: Omit<OpenOptions, 'brain'> = {}): Promise<Engram> {
    return new Engram(await openModel(options), options.onProgress);
  }

  /** Trains the memories of a brain on another base model, the one that is given here, and binds it to that: see learn/move.ts for
   * what it throws. */
  static async moveBrain({ partly, onMove, ...options }: MoveBrainOptions): Promise<MoveReport> {
    const engram = await Engram.openModel(options);
    try {
      const { home, brain: name } = engram.settings;
      const brain = await openBrain({ home, name });
      try {
        const { signal } = options;
        const partsOf = (other: Brain): Memorizer =>
          engram.#memorizer({ brain: other, router: engram.#routerOf(other) }, signal);
        return await moveBrain(brain, await engram.#identity(signal), partsOf, { partly, onProgress: onMove, signal });
      } finally {
        brain.close();
      }
    } finally {
      await engram.close();
    }
  }

  /** Answers one question. */
  ask(question: string, options: AskOptions = {}): Promise<Answered> {
    if (typeof question !== 'string' || question.trim() === '') {
      return Promise.reject(new EngramError('empty', 'There is no question.'));
    }
    return this.chat([{ role: 'user', content: question }], options);
  }

  /** Answers the last message of a conversation. Where it touches a memory, that memory's adapter is on. */
  async chat(messages: readonly ChatMessage[], options: AskOptions = {}): Promise<Answered> {
    checkAskOptions(options);
    const { checkOptions } = await import('./inference/index.js');
    checkOptions(defined(generationOf(options))); // before anything is computed
    const memory = await this.#brain.open(options.signal);
    const parts = { generator: this.#generator, retrieval: this.#retrieval, memory };
    return answer({ ...parts, adaptersOf: (name) => this.#adaptersOf(name) }, messages, options);
  }

  /** Continues a text as it stands, by the base model or a named adapter: no chat template, no passages, and no memories, which
   * are trained as answers in it. Throws `empty`, `too_long`, `usage`, `not_found`, `cancelled`. */
  async complete(prompt: string, options: CompleteOptions = {}): Promise<Generation> {
    if (typeof prompt !== 'string' || prompt === '') {
      throw new EngramError('empty', 'There is nothing to continue: the text is empty.');
    }
    const { adapter, ...generation } = options;
    const generate = async (): Promise<Generation> =>
      this.#generator.complete(prompt, { ...defined(generation), adapters: await this.#adaptersOf(adapter) });
    return generate().catch((error: unknown) => {
      // An adapter that was trained further may just have taken the place of its old file.
      const isNew = error instanceof EngramError && error.code === 'not_found' && adapter !== undefined;
      if (!isNew) throw error;
      return generate();
    });
  }

  /** What the answer to a question rests on, and how much more likely each of it makes that answer: a memory, a named adapter, a
   * passage. Throws as ask() does. */
  async explain(question: string, options: ExplainOptions = {}): Promise<Explanation> {
    const ask = (asking: AskOptions) => this.ask(question, asking);
    const brain = async () => (await this.#brain.open(options.signal))?.brain;
    const parts = { generator: this.#generator, ask, brain, adapterOf: (name: string) => this.#namedAdapter(name) };
    return explainAnswer(parts, question, options);
  }

  /** Saves what was computed of the conversation answered last, by the base model or by a named adapter, so that it can be
   * gone on with in another process without computing it again. The same file serves whatever begins with the same words:
   * a system message, a document. Throws `empty` (nothing of it is computed), `disk`, `not_found`, `unsupported`,
   * `cancelled`. */
  async saveState(path: string, options: SaveStateOptions = {}): Promise<StateInfo> {
    const { adapter, ...given } = options;
    return this.#generator.saveState(path, { ...defined(given), adapters: await this.#adaptersOf(adapter) });
  }

  /** Puts a saved state back; answers are the same with it and without, but sooner. Throws `not_found`, `disk`, `corrupt`,
   * `unsupported`, `mismatch` (another model, adapter or build of llama.cpp, too small a context), `memory`, `cancelled`:
   * then nothing is lost but the time. */
  async restoreState(path: string, options: Pick<AskOptions, 'adapter' | 'signal'> = {}): Promise<StateInfo> {
    const { adapter, ...given } = options;
    return this.#generator.restoreState(path, { ...defined(given), adapters: await this.#adaptersOf(adapter) });
  }

  /** Token ids of a text with the text of each, as the model sees a plain text: nothing is added, no special tokens. */
  tokens(text: string): { id: number; text: string }[] {
    return Array.from(this.#generator.encode(text), (id) => ({ id, text: this.#generator.decode(Uint32Array.of(id)) }));
  }

  /** Tokens that prompt and answer together may have. */
  get contextSize(): number {
    return this.#generator.contextSize;
  }

  /** How many tokens a plain text has. */
  countTokens(text: string): number {
    return this.#generator.encode(text).length;
  }

  /** How many tokens a conversation has as chat() reads it, with its template and tools. */
  countChat(messages: readonly ChatMessage[], tools?: readonly Tool[]): number {
    return this.#generator.encodeChat(messages, tools).length;
  }

  /** The text of token ids, as tokens() gives them. */
  textOf(ids: readonly number[]): string {
    return this.#generator.decode(Uint32Array.from(ids));
  }

  /** Learns a memory by training an adapter, and commits it if it holds. See memory/memorize.ts for what it throws. */
  async memorize(
    input: MemoryInput,
    options: { [K in keyof MemorizeOptions]: MemorizeOptions[K] | undefined } = {},
  ): Promise<Receipt> {
    const checked = checkInput(input);
    const memory = await this.#brain.openOrCreate(options.signal);
    return memorize(this.#memorizer(memory, options.signal), checked, defined(options));
  }

  /** Learns many memories one after the other: commits those that hold, reports the others. A source may be a long text, notes or
   * a conversation: memoriesOf() says what becomes of it, memoriesOfFile() reads one. Throws `empty`, `too_long`, and what would
   * stop every memory (`cancelled`, `locked`, `disk`, `memory`) with the report so far in its details. */
  async memorizeAll(source: MemorySource | readonly MemorySource[], options: BatchOptions = {}): Promise<BatchReport> {
    const { signal, replaces } = options;
    const one = (input: MemoryInput, onProgress: MemorizeOptions['onProgress']) =>
      this.memorize(input, { signal, replaces, onProgress });
    const isSplit = options.split === false && Array.isArray(source);
    return memorizeEach(one, isSplit ? (source as readonly MemoryInput[]) : memoriesOf(source), options);
  }

  /** All memories, oldest first, forgotten and superseded ones too. */
  memories(): readonly Memory[] {
    return this.#brain.opened?.memories() ?? [];
  }

  /** Forgets a memory, named by id or text: its adapter is deleted, so the model knows what it knew before. With `probe` it is
   * then asked for in all its wordings, which takes as long as so many answers. Throws `not_found`, `usage` (several fit),
   * `locked`. */
  async forget(
    idOrText: string,
    { probe = false, ...options }: ProofOptions & { probe?: boolean | undefined } = {},
  ): Promise<Memory & { proof?: ForgottenProof }> {
    const open = await this.#brain.require();
    const memory = await open.brain.forget(idOrText, (path) => this.#generator.releaseAdapter(path));
    return probe ? { ...memory, proof: await this.proveForgotten(memory, options) } : memory;
  }

  /** Asks for something that should not be known in all its wordings, and counts how often it is told. */
  async proveForgotten(memory: Memory, options: ProofOptions = {}): Promise<ForgottenProof> {
    const { router } = await this.#brain.require();
    return proveForgotten({ router, generator: this.#generator }, memory, options);
  }

  /** What happened to a memory, or to all, oldest first. Throws `not_found`. */
  history(id?: string): LedgerEvent[] {
    return this.#brain.opened?.history(id) ?? [];
  }

  /** Takes back the last change of the brain, or the last one about a memory: see learn/undo.ts. */
  async undo(idOrText?: string, options: UndoOptions = {}): Promise<Undone[]> {
    return undo(this.#memorizer(await this.#brain.require(), options.signal), idOrText, options);
  }

  /** Makes all adapters and the index anew from the ledger: see learn/rebuild.ts. */
  async rebuild(options: RebuildOptions = {}): Promise<RebuildReport> {
    return rebuild(this.#memorizer(await this.#brain.require(), options.signal), options);
  }

  /** Trains what was learned fast again with care, and keeps what stands better: see learn/sleep.ts. With `passages` it learns
   * well-used passages of documents too, also into a brain that has no memories yet. */
  async sleep({ passages = false, ...options }: EngramSleepOptions = {}): Promise<SleepReport> {
    const read = passages ? await this.#retrieval.wellUsed(WELL_USED) : [];
    const { signal } = options;
    const open = read.length > 0 ? await this.#brain.openOrCreate(signal) : await this.#brain.require();
    return sleep(this.#memorizer(open, signal), {
      ...options,
      passages: read.map(({ passage: { text, place }, questions }) => ({ text, place, questions })),
    });
  }

  /** Reads files and folders into the brain's documents, or goes through those given before if there are none: what is new or
   * changed is stored, what was deleted is removed. Throws as retrieval/ingest.ts says, and `locked`. */
  ingest(paths: string | readonly string[] = [], options: IngestOptions = {}): Promise<IngestReport> {
    return this.#retrieval.ingest(typeof paths === 'string' ? [paths] : paths, options);
  }

  /** Ingests, and again whenever something below these paths has changed, until `signal` is aborted. Throws as
   * Retrieval.watch() does. */
  watch(paths: string | readonly string[] = [], options: WatchOptions = {}): Promise<void> {
    return this.#retrieval.watch(typeof paths === 'string' ? [paths] : paths, options);
  }

  /** The passages of documents that are best for a question. Throws `empty`, `usage`, `mismatch`, `cancelled`. */
  search(question: string, options: SearchOptions = {}): Promise<FoundPassage[]> {
    return this.#retrieval.search(question, options);
  }

  /** What memories and passages hold about a question, best first. Throws as search() does. */
  async recall(question: string, options: RecallOptions = {}): Promise<Recalled[]> {
    const brain = (await this.#brain.open(options.signal))?.brain;
    const known = {
      memories: brain?.memories() ?? [],
      retrieval: this.#retrieval,
      embedder: () => this.#embedder.open(),
    };
    return recall(known, question, options);
  }

  /** Fine-tunes a named adapter on a file of examples, or goes on with a run that was cut off. See training/train-file.ts for
   * what it throws. */
  train(request: TrainRequest): Promise<TrainReport> {
    const base: TrainPlace['base'] = (precision) => this.#baseModels.open(request.signal, precision);
    const of = { encoder: this.#generator, model: this.#named(request.signal), memory: memoryOf(this.#model.path) };
    return trainFile({ ...of, home: this.settings.home, base }, request);
  }

  /** Makes an untrained adapter, to be taught by fineTune(). Throws `exists`, `usage`, `memory`, `disk`, `cancelled`. */
  createAdapter(name: string, options: CreateAdapterOptions = {}): Promise<StoredAdapter> {
    return createAdapter(this.#fineTuning(options.signal), name, options);
  }

  /** Teaches an adapter a few texts, going on where the last call ended; answers with it are the new ones at once, wherever it is
   * in use. See training/fine-tune.ts for what it throws. */
  async fineTune(request: FineTuneRequest): Promise<FineTuneReport> {
    await this.#namedAdapter(request.adapter);
    return fineTune(this.#fineTuning(request.signal), request);
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

  async #withClassifier<T>(name: string, signal: AbortSignal | undefined, action: Classifying<T>): Promise<T> {
    await this.#namedAdapter(name);
    return withClassifier(await this.#baseModels.open(signal), this.#generator, await this.adapters.find(name), action);
  }

  /** Vectors of texts: `kind` query for what searches, passage (the default) for what is searched. Of length 1, where the model's
   * card says no other. See embedding/types.ts for the rest, inference/types.ts for those by the chat model. */
  async embed(texts: readonly string[], options: EngramEmbedOptions = {}): Promise<Float32Array[]> {
    const { by = 'embedder', ...given } = options;
    const { signal, onProgress } = given;
    throwIfCancelled(signal);
    if (by === 'embedder') return (await this.#embedder.open()).embed(texts, given);
    if ((by as string) !== 'model') {
      throw new EngramError('usage', `Expected embedder or model for by but received ${by as string}.`);
    }
    const of = texts.length;
    return this.#generator.embed(texts, {
      signal,
      onProgress: (share) => onProgress?.({ done: Math.round(share * of), of }),
    });
  }

  async close(): Promise<void> {
    this.#baseModels.cancel();
    this.#brain.close();
    (await this.#judge?.catch(() => undefined))?.close();
    await this.#retrieval.close();
    await this.#generator.close();
    await this.#embedder.close();
    this.#baseModels.close();
  }

  #routerOf(brain: Brain): Router {
    return new Router(
      brain,
      () => this.#embedder.open(),
      (signal) => this.#judgeOf(signal),
    );
  }

  /** The judge that was made for the model; closeness where there is none. */
  #judgeOf(signal: AbortSignal | undefined): Promise<Judge> {
    const parts = {
      generator: this.#generator,
      base: (signal?: AbortSignal) => this.#baseModels.open(signal),
      embedder: catalogName(this.settings.embedder),
    };
    this.#judge ??= (async () => {
      const file = await findJudge((await this.#identity(signal)).sha256);
      return file === undefined ? new ClosenessJudge() : new TrainedJudge(parts, file);
    })().catch((error: unknown) => {
      this.#judge = undefined;
      throw error;
    });
    return this.#judge;
  }

  /** The base model as the user knows it, and the hash of its file. */
  #named(signal: AbortSignal | undefined): { name: string; sha256: () => Promise<string> } {
    const { name, path } = this.#model;
    return { name, sha256: () => modelSha256(this.settings.home, path, signal) };
  }

  async #identity(signal?: AbortSignal): Promise<ModelIdentity> {
    const { name, sha256 } = this.#named(signal);
    return { name, sha256: await sha256() };
  }

  #memorizer(open: RoutedBrain, signal: AbortSignal | undefined): Memorizer {
    const cache = join(this.settings.home, 'cache');
    return { ...open, generator: this.#generator, baseModel: () => this.#baseModels.open(signal), cache };
  }

  #fineTuning(signal: AbortSignal | undefined): Parameters<typeof fineTune>[0] {
    const base = (): Promise<BaseModel> => this.#baseModels.open(signal);
    return { store: this.adapters, encoder: this.#generator, base, model: this.#named(signal) };
  }

  async #adaptersOf(name: string | undefined): Promise<{ path: string }[]> {
    return name === undefined ? [] : [{ path: await this.#namedAdapter(name) }];
  }

  /** Of the store, or a GGUF file. */
  async #namedAdapter(nameOrPath: string): Promise<string> {
    const { home } = this.settings;
    const { path, manifest } = await findAdapter(home, nameOrPath, this.#model.path);
    if (manifest !== undefined) requireBase(manifest, await modelSha256(home, this.#model.path));
    return path;
  }
}
