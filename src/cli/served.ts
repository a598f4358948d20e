// Where `engram serve` runs in the home, commands ask it in place of loading the models a second time and waiting for its lock: it
// answers, learns and forgets. What lies in files is read here as ever: memories, chats, the list of brains. Not here: the server
// (server/), how it is found (server-note.ts).
import { EngramClient, EngramClientError, type JobView, type ToldFault, type Work } from '../client/index.js';
import { isName } from '../config.js';
import { AbortError, EngramError, type ErrorCode } from '../errors.js';
import type {
  Answered,
  AskOptions,
  BatchReport,
  ChatMessage,
  Contradiction,
  ForgottenProof,
  LoadOptions,
  Memory,
  MemorizeProgress,
  ProofOptions,
  Receipt,
  Replaces,
  SleepReport,
  Undone,
} from '../index.js';
import { SETTINGS } from '../options/index.js';
import { DECIDING, decidingOf, findServer, type ServerNote } from '../server-note.js';
import type { Engine } from './api.js';
import type { CliSettings } from './options.js';
import type { Progress } from './progress.js';

/** What it needs of a run of a command. */
export interface Around {
  readonly settings: CliSettings;
  readonly progress: Progress;
  note: (text: string) => void;
}

/** The engine of a command over the server of its home; the one that is given where none runs, or one that would answer otherwise. */
export async function servedBy(job: Around, local: Engine): Promise<Engine> {
  const note = await findServer(job.settings.home);
  if (note === undefined) return local;
  const other = differing(job, note);
  if (other !== undefined) {
    job.note(`The server at ${note.url} was started with another ${other}: working without it.`);
    return local;
  }
  job.note(`Asking the server at ${note.url} (--alone: without it).`);
  return new ServedEngine(job, local, note);
}

/** The flag of a setting that is not the server's. What is not given here is the server's matter, but for what names its data. */
function differing({ settings }: Around, note: ServerNote): string | undefined {
  const here = decidingOf(settings);
  const strict = new Set(['embedder', 'store', 'server', 'serverModel']);
  const name = DECIDING.find((one) => {
    if (one === 'model') return here.model !== note.settings.model && !isCatalogName(here.model);
    const option: { fallback?: unknown } = SETTINGS[one];
    const isGiven = here[one] !== undefined && here[one] !== option.fallback;
    return (isGiven || strict.has(one)) && here[one] !== note.settings[one];
  });
  return name === undefined ? undefined : SETTINGS[name].flag;
}

/** As the server sees it, which takes names alone. */
const isFile = (adapter: string): boolean => !isName(adapter) || /\.gguf$/i.test(adapter);

/** A path is no name, and `auto` is what each finds for itself. */
const isCatalogName = (model: string | undefined): boolean => model !== undefined && model !== 'auto' && isName(model);

class ServedEngine implements Engine {
  readonly memories: Engine['memories'];
  readonly documents: Engine['documents'];
  readonly adapters: Engine['adapters'];
  readonly models: Engine['models'];
  readonly chats: Engine['chats'];
  readonly brains: Engine['brains'];
  readonly jobs: Engine['jobs'];
  readonly #job: Around;
  readonly #local: Engine;
  readonly #client: EngramClient;
  readonly #url: string;
  /** Named only where it is not the server's own. */
  readonly #model: string | undefined;

  constructor(job: Around, local: Engine, note: ServerNote) {
    this.#job = job;
    this.#local = local;
    this.#client = new EngramClient(note);
    this.#url = note.url;
    const { model } = decidingOf(job.settings);
    this.#model = model === note.settings.model ? undefined : model;
    ({
      documents: this.documents,
      adapters: this.adapters,
      models: this.models,
      chats: this.chats,
      brains: this.brains,
      jobs: this.jobs,
    } = local);
    this.memories = this.#memoriesOver(local.memories);
  }

  check: Engine['check'] = (...asked) => this.#local.check(...asked);
  tokens: Engine['tokens'] = (text) => this.#local.tokens(text);
  complete: Engine['complete'] = (prompt, options) => this.#local.complete(prompt, options);
  close: Engine['close'] = () => this.#local.close();

  async load({ signal }: LoadOptions = {}): Promise<void> {
    await this.#asked(signal, () => this.#client.load(this.#brain, this.#hooks(signal)));
  }

  async ask(question: string, options?: AskOptions): Promise<Answered> {
    if (typeof question !== 'string' || question.trim() === '') throw new EngramError('empty', 'There is no question.');
    return this.chat([{ role: 'user', content: question }], options);
  }

  async chat(messages: readonly ChatMessage[], options: AskOptions = {}): Promise<Answered> {
    const { signal, onText, onThinking, ...asking } = options;
    // A file is this user's to name, not a client's.
    if (asking.adapter !== undefined && isFile(asking.adapter)) return this.#local.chat(messages, options);
    let said = '';
    const hooks = {
      onText: (piece: string): void => {
        said += piece;
        onText?.(piece);
      },
      onThinking: (piece: string): void => onThinking?.(piece),
    };
    return this.#asked(
      signal,
      () => this.#client.chat(this.#brain, messages, asking, { ...this.#hooks(signal), ...hooks }),
      () => said,
    );
  }

  /** States are files of the process that computed them; the server keeps its own in memory. */
  saveState: Engine['saveState'] = () => Promise.reject(new EngramError('empty', 'The server keeps the state.'));
  restoreState: Engine['restoreState'] = () =>
    Promise.reject(new EngramError('not_found', 'The server keeps the state.'));

  get #brain(): string {
    return this.#job.settings.brain;
  }

  #memoriesOver(local: Engine['memories']): Engine['memories'] {
    const forgetAll: Engine['memories']['forgetAll'] = (named) =>
      this.#asked(undefined, () => this.#client.forgetAll(this.#brain, named));
    const prove = ({ id }: Memory, { signal, onProgress }: ProofOptions = {}): Promise<ForgottenProof> =>
      this.#asked(signal, () =>
        this.#client.prove(this.#brain, id, { ...this.#hooks(signal), ...(onProgress ? { onProgress } : {}) }),
      );
    return {
      get remark() {
        return local.remark;
      },
      list: (options) => local.list(options),
      get: (named) => local.get(named),
      history: (named) => local.history(named),
      recall: (question, options) => local.recall(question, options),
      explain: (question, options) => local.explain(question, options),
      check: () => local.check(),
      rebuild: (options) => local.rebuild(options),
      add: (input, options) =>
        this.#work<Receipt>({ task: 'memorize', input, ...said(options?.replaces) }, options ?? {}),
      addAll: (inputs, options) =>
        this.#work<BatchReport>({ task: 'memorizeAll', inputs, ...said(options?.replaces) }, options ?? {}),
      undo: (memory, options) =>
        this.#work<Undone[]>(
          { task: 'undo', memory },
          {
            signal: options?.signal,
            onProgress: ({ memory: of, ...progress }: MemorizeProgress & { memory: Memory }) =>
              options?.onProgress?.(progress, of),
          },
        ),
      sleep: (options) => {
        const { passages, minutes, dryRun, again } = options ?? {};
        return this.#work<SleepReport>({ task: 'sleep', passages, minutes, dryRun, again }, options ?? {});
      },
      forgetAll,
      prove,
      forget: async (named, options) => {
        const [memory] = await forgetAll([named]);
        return options?.probe === true ? { ...memory!, proof: await prove(memory!, options) } : memory!;
      },
    };
  }

  /** A job on the server, followed to its end. Cancelling it here cancels it there, and waits for what it left. */
  async #work<T>(work: Work, { signal, onProgress, replaces }: Hooks): Promise<T> {
    if (signal?.aborted === true) throw new AbortError('', { cause: signal.reason });
    let id: string | undefined;
    const cancel = (): void => {
      if (id !== undefined) void this.#client.cancelJob(id).catch(() => undefined); // is told by the job
    };
    let isAsked = false;
    const onChange = (view: JobView): void => {
      if (id === undefined) {
        ({ id } = view);
        if (signal?.aborted === true) cancel();
      }
      this.#tellPlace(view.place);
      if (view.asks !== undefined && !isAsked && typeof replaces === 'function') {
        const found = view.asks as readonly Contradiction[];
        void Promise.resolve(replaces(found)).then((ids) => this.#client.answerJob(view.id, ids), cancel);
      } else if (view.progress !== undefined && view.status === 'running') onProgress?.(view.progress as never);
      isAsked = view.asks !== undefined;
    };
    signal?.addEventListener('abort', cancel);
    try {
      const model = this.#model;
      const last = await this.#asked(undefined, () =>
        this.#client.work(this.#brain, { ...work, model }, { onProgress: onChange }),
      );
      if (last.status === 'done') return last.result as T;
      const { error = { code: null, message: 'Cancelled.' }, fault } = last;
      const status = fault === undefined && last.status === 'failed' ? 404 : 200;
      const told = fault as ToldFault | undefined;
      throw this.#ours(new EngramClientError(error.message, status, error.code, undefined, told), signal);
    } finally {
      signal?.removeEventListener('abort', cancel);
    }
  }

  #hooks(signal: AbortSignal | undefined) {
    const onPlace = (place: number): void => {
      this.#tellPlace(place);
    };
    return { signal, model: this.#model, onPlace };
  }

  #tellPlace(place: number | undefined): void {
    if (place !== undefined) this.#job.progress.show('Waiting for the server', `place ${place} in line`);
  }

  /** Errors are those that the same would have thrown here. */
  async #asked<T>(
    signal: AbortSignal | undefined,
    action: () => Promise<T>,
    saidBy: () => string = () => '',
  ): Promise<T> {
    try {
      return await action();
    } catch (error) {
      throw this.#ours(error, signal, saidBy());
    }
  }

  #ours(error: unknown, signal: AbortSignal | undefined, said = ''): EngramError {
    if (error instanceof EngramError) return error;
    const told = error instanceof EngramClientError ? error.told : undefined;
    if (signal?.aborted === true) {
      return new AbortError(said, { cause: signal.reason, details: told?.details });
    }
    if (told !== undefined && told.code !== 'cancelled') {
      const { code, message, hint, option, details } = told;
      return new EngramError(code as ErrorCode, message, { hint, option, details, cause: error });
    }
    const { status = 0, message = '' } = error instanceof EngramClientError ? error : {};
    if (status >= 400) {
      const code = status === 404 ? 'not_found' : status < 500 ? 'usage' : 'network';
      return new EngramError(code, message, { cause: error, hint: '--alone works without the server.' });
    }
    return new EngramError('network', `The server at ${this.#url} ended before this was done.`, {
      cause: error,
      hint: 'Nothing is half done. Run it again; without a server the models are loaded here.',
    });
  }
}

interface Hooks {
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: never) => void) | undefined;
  replaces?: Replaces | undefined;
}

/** Whoever is asked here is asked by the job. */
function said(replaces: Hooks['replaces']): { replaces?: unknown } {
  if (replaces === undefined) return {};
  return { replaces: typeof replaces === 'function' ? 'ask' : replaces };
}
