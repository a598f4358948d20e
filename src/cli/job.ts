// One run of a command: its settings, streams, progress and cancelling, and the two ways to answer: text for people, or one
// JSON value. Not here: what the commands do (commands/) and how they are parsed (program.ts).
import { suggest } from '../config.js';
import type { Dtype, Embedder, OpenOptions } from '../index.js';
import { fallbackOf, SETTINGS } from '../options/index.js';
import type { Api, Engine } from './api.js';
import { printable, type World } from './io.js';
import type { CliSettings } from './options.js';
import { newProgress, type Progress } from './progress.js';
import { servedBy } from './served.js';

export type LoadApi = () => Promise<Api>;

const DEFAULT_BRAIN = fallbackOf(SETTINGS.brain);

export class Job {
  readonly settings: CliSettings;
  readonly world: World;
  readonly progress: Progress;
  /** Aborted at the first Ctrl-C. */
  readonly signal: AbortSignal;
  readonly #load: LoadApi;
  readonly #isServed: boolean;
  readonly #closing: (() => Promise<void>)[] = [];
  #value: unknown;
  #isRemarked = false;

  /** `isServed`: a running server of the home is asked. */
  constructor(settings: CliSettings, world: World, load: LoadApi, signal: AbortSignal, isServed = false) {
    this.settings = settings;
    this.world = world;
    this.signal = signal;
    this.progress = newProgress(world.stderr, settings.quiet);
    this.#load = load;
    this.#isServed = isServed;
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

  /** Opens model and brain, each when it is first needed; closed when the command ends. */
  async open(changes: Partial<OpenOptions> = {}): Promise<Engine> {
    const { Engram } = await this.#load();
    const engine = await Engram.open({ ...this.openOptions(), ...changes, lazy: true });
    this.#closing.push(() => engine.close());
    return this.#isServed ? servedBy(this, engine) : engine;
  }

  /** The same for what answers or learns: says what may surprise of model and brain. */
  async openToAnswer(changes: Partial<OpenOptions> = {}): Promise<Engine> {
    const engine = await this.open(changes);
    await this.#remarkOnContext(engine);
    this.remarkOnBrain(engine);
    await this.remarkOnStore(engine);
    return engine;
  }

  /** That what is told of memories may be old, where their store cannot be reached. */
  async remarkOnStore({ memories }: Pick<Engine, 'memories'>): Promise<void> {
    if (this.settings.store === undefined) return;
    await memories.list();
    if (memories.remark !== undefined) this.note(memories.remark);
  }

  /** The settings that an Engram is opened with, and its progress. */
  openOptions(): OpenOptions {
    const settings: Partial<CliSettings> = { ...this.settings };
    delete settings.json;
    delete settings.quiet;
    delete settings.alone;
    const { model, embedder } = this.settings;
    const names = { pull: 'Fetching', model: `Loading ${model}`, embedder: `Loading ${embedder}` };
    return {
      ...settings,
      signal: this.signal,
      onProgress: ({ phase, share }) => {
        this.progress.show(names[phase], '', share);
        if (phase !== 'pull' && share >= 1) this.progress.clear();
      },
    };
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

  /** Once, that there is no brain of the name that was given: it may be mistyped. The default one nobody mistypes. */
  remarkOnBrain({ brains }: Pick<Engine, 'brains'>): void {
    const { brain, store } = this.settings;
    if (store !== undefined || this.#isRemarked || brain === DEFAULT_BRAIN || brains.has(brain)) return;
    this.#isRemarked = true;
    const meant = suggest(brain, brains.names());
    this.note(`There is no brain "${brain}" yet.${meant === undefined ? '' : ` Did you mean "${meant}"?`}`);
  }

  /** That the model has not so much context as was asked for. What is wrong with it is said when it is loaded. */
  async #remarkOnContext({ models }: Engine): Promise<void> {
    const { model, contextSize } = this.settings;
    if (contextSize === undefined) return;
    const shown = await models.show(model).catch(() => undefined);
    const most = shown?.contextLength ?? 0;
    if (shown === undefined || most === 0 || contextSize <= most) return;
    this.note(`${shown.name} was made for ${most} tokens of context: it gets these, not ${contextSize}.`);
  }

  /** Closes what was opened, latest first. */
  async close(): Promise<void> {
    this.progress.clear();
    for (const close of this.#closing.splice(0).reverse()) await close();
  }
}
