// One run of a command: its settings, streams, progress and cancelling, and the two ways to answer: text for people, or one
// JSON value. Not here: what the commands do (commands/) and how they are parsed (program.ts).
import type { Settings } from '../config.js';
import { EngramError } from '../errors.js';
import type { AskOptions, Dtype, Embedder, OpenOptions } from '../index.js';
import type { Api, Engine } from './api.js';
import { printable, type World } from './io.js';
import { newProgress, type Progress } from './progress.js';

export type LoadApi = () => Promise<Api>;

export class Job {
  readonly settings: Settings;
  readonly world: World;
  readonly progress: Progress;
  /** Aborted at the first Ctrl-C. */
  readonly signal: AbortSignal;
  readonly #load: LoadApi;
  readonly #closing: (() => Promise<void>)[] = [];
  #value: unknown;
  #isRemarked = false;

  constructor(settings: Settings, world: World, load: LoadApi, signal: AbortSignal) {
    this.settings = settings;
    this.world = world;
    this.signal = signal;
    this.progress = newProgress(world.stderr, settings.quiet);
    this.#load = load;
  }

  api(): Promise<Api> {
    return this.#load();
  }

  /** True if stdout is a terminal and shows text. */
  get isInteractive(): boolean {
    return this.world.stdout.isTTY === true && this.world.stdin.isTTY === true && !this.settings.json;
  }

  /** A piece of text for people, as it is; nothing with --json. */
  text(piece: string): void {
    if (this.settings.json) return;
    this.progress.clear();
    this.world.stdout.write(this.world.stdout.isTTY === true ? printable(piece) : piece);
  }

  /** A line of text for people. `paint` adds colour after control characters were taken out. */
  line(text = '', paint: (text: string) => string = (plain) => plain): void {
    if (this.settings.json) return;
    this.progress.clear();
    this.world.stdout.write(`${paint(this.world.stdout.isTTY === true ? printable(text) : text)}\n`);
  }

  /** A remark beside the answer, on stderr; nothing with --quiet. */
  note(text: string, paint: (text: string) => string = (plain) => plain): void {
    if (this.settings.quiet) return;
    this.progress.clear();
    this.world.stderr.write(`${paint(printable(text))}\n`);
  }

  /** A piece of what stands beside the answer as it comes, on stderr; nothing with --quiet. */
  aside(piece: string, paint: (text: string) => string = (plain) => plain): void {
    if (this.settings.quiet) return;
    this.progress.clear();
    this.world.stderr.write(paint(printable(piece)));
  }

  /** The one value that --json prints when the command has ended. */
  value(value: unknown): void {
    this.#value = value;
  }

  /** One of several values that --json prints on the way, each a line. */
  event(value: unknown): void {
    if (this.settings.json) this.world.stdout.write(`${JSON.stringify(value)}\n`);
  }

  /** The value given to value(). */
  get result(): unknown {
    return this.#value;
  }

  /** Refuses what can be refused before a model is loaded: see checkAsking(). */
  async check(asking: Partial<AskOptions> = {}, { isChat = true } = {}): Promise<void> {
    const { checkAsking } = await this.#load();
    const { home, model, chatTemplate, server } = this.settings;
    await checkAsking({ home, model, chatTemplate, server, isChat }, asking);
  }

  /** As open(), to memorize: refuses at once where there is too little memory for that. */
  async openToMemorize(): Promise<Engine> {
    const { checkRoomToMemorize } = await this.#load();
    const { home, model, context } = this.settings;
    await checkRoomToMemorize({ home, model, context });
    return this.open();
  }

  /** Opens the brain over its model; it is closed when the command ends. */
  async open(changes: Partial<OpenOptions> = {}): Promise<Engine> {
    const { Engram } = await this.#load();
    await this.#remarkOnBrain();
    return this.#keep(() => Engram.open({ ...this.openOptions(), ...changes }));
  }

  /** Opens the model alone, for what touches no brain. */
  async openModel(changes: Partial<OpenOptions> = {}): Promise<Engine> {
    const { Engram } = await this.#load();
    return this.#keep(() => Engram.openModel({ ...this.openOptions(), ...changes }));
  }

  async #keep(open: () => Promise<Engine>): Promise<Engine> {
    const { remarkOnModel } = await this.#load();
    const { home, model, context } = this.settings;
    const remark = await remarkOnModel({ home, model, context }).catch(() => undefined);
    if (remark !== undefined) this.note(remark);
    const engine = await open();
    this.#closing.push(() => engine.close());
    this.progress.clear();
    if (engine.remark !== undefined) this.note(engine.remark);
    return engine;
  }

  /** The settings that a model is opened with, and its progress. */
  openOptions(): OpenOptions {
    const { home, model, chatTemplate, embedder, brain, store, threads, context, parallel, idleUnload } = this.settings;
    const { gpu, gpuLayers, compute, offline, verbose, server, serverModel, serverKey } = this.settings;
    const names = { pull: 'Fetching', model: `Loading ${model}`, embedder: `Loading ${embedder}` };
    return {
      ...{ home, model, chatTemplate, embedder, brain, store, threads, contextSize: context, parallel, idleUnload },
      ...{ gpu, gpuLayers, compute, offline, verbose, server, serverModel, serverKey },
      signal: this.signal,
      onProgress: ({ phase, share }) => {
        this.progress.show(names[phase], '', share);
      },
    };
  }

  /** Opens the documents of the brain, without loading the model that chats. */
  async documents(): Promise<ReturnType<Api['openRetrieval']>> {
    const { openRetrieval } = await this.#load();
    const { home, embedder, brain, offline } = this.settings;
    const documents = openRetrieval({
      ...{ home, embedder, brain, offline },
      onProgress: ({ share }) => {
        this.progress.show(`Fetching ${embedder}`, '', share);
      },
    });
    this.#closing.push(() => documents.close());
    return documents;
  }

  /** Opens the embedding model alone; it is closed when the command ends. */
  async embedder(dtype: Dtype | undefined): Promise<Embedder> {
    const { openEmbedder } = await this.#load();
    const { home, embedder: name, threads, offline } = this.settings;
    const onProgress = ({ share }: { share: number }): void => {
      this.progress.show(`Fetching ${name}`, '', share);
    };
    const embedder = await openEmbedder({
      ...{ home, embedder: name, threads, offline, dtype, onProgress },
      signal: this.signal,
    });
    this.#closing.push(() => embedder.close());
    this.progress.clear();
    return embedder;
  }

  /** Opens the brain alone, without loading a model; undefined if there is none yet. */
  async brain(): Promise<Awaited<ReturnType<Api['openBrain']>> | undefined> {
    const { openBrain } = await this.#load();
    const { home, brain: name, store } = this.settings;
    await this.#remarkOnBrain();
    try {
      const brain = await openBrain({ home, name, store });
      this.#closing.push(() => {
        brain.close();
        return Promise.resolve();
      });
      if (brain.remark !== undefined) this.note(brain.remark);
      return brain;
    } catch (error) {
      if (error instanceof EngramError && error.code === 'not_found') return undefined;
      throw error;
    }
  }

  /** Once, that there is no brain of the name that was given: it may be mistyped. */
  async #remarkOnBrain(): Promise<void> {
    if (this.#isRemarked || this.settings.store !== undefined) return;
    this.#isRemarked = true;
    const { remarkOnBrain } = await this.#load();
    const remark = remarkOnBrain(this.settings.home, this.settings.brain);
    if (remark !== undefined) this.note(remark);
  }

  /** Closes what was opened, latest first. */
  async close(): Promise<void> {
    this.progress.clear();
    for (const close of this.#closing.splice(0).reverse()) await close();
  }
}
