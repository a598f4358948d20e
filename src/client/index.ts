// A typed client of engram's own routes, for programs in Node and in browsers; it needs nothing but fetch. For chat take any client
// of OpenAI. Not here: the routes (server/own).
import type { Answered, AskOptions, ChatMessage, Explanation, ForgottenProof, Memory } from '../index.js';
import type {
  AnswerView,
  BrainView,
  DocumentView,
  HistoryView,
  JobView,
  MemoryView,
  PassageView,
  RecalledView,
  RememberInput,
} from '../server/index.js';

export type {
  AnswerView,
  BrainView,
  DocumentView,
  HistoryView,
  JobView,
  MemoryView,
  PassageView,
  RecalledView,
  RememberInput,
};

/** A fault as the library says it. */
export interface ToldFault {
  code: string;
  message: string;
  hint?: string;
  option?: string;
  details?: Record<string, unknown>;
}

/** What the server said went wrong. */
export class EngramClientError extends Error {
  override readonly name = 'EngramClientError';

  /** `status`: of HTTP; `code`: of the server, such as `not_found`. */
  constructor(
    message: string,
    readonly status: number,
    readonly code: string | null,
    readonly hint?: string,
    /** The same in the words of the library, where it is a fault of its. */
    readonly told?: ToldFault,
  ) {
    super(message);
  }
}

export interface ClientOptions {
  /** Where the server is. Default http://127.0.0.1:11435. */
  url?: string | undefined;
  /** Made by `engram keys create`. */
  key?: string | undefined;
  /** Default: the global one. */
  fetch?: typeof fetch;
}

export interface CallOptions {
  signal?: AbortSignal | undefined;
}

export interface JobOptions extends CallOptions {
  /** Gets each state of the job as it changes; the call then ends with the job, and ending the call ends the job. */
  onProgress?: (job: JobView) => void;
}

/** With a key of the scope admin: what the library would do here, done by the server. */
export interface WholeOptions extends CallOptions {
  /** A model of the catalog. Default: what the server was started with. */
  model?: string | undefined;
  /** Place in line, from 1, whenever it changes. */
  onPlace?: ((place: number) => void) | undefined;
}

/** Options of an answer, without what cannot be sent. */
export type WholeAsking = Omit<
  AskOptions,
  'signal' | 'onText' | 'onThinking' | 'onToolCall' | 'onToolResult' | 'onProgress'
>;

/** A change of a brain; see the schema of POST /engram/v1/brains/{brain}/work. */
export type Work = { task: 'memorize' | 'memorizeAll' | 'undo' | 'sleep' } & Record<string, unknown>;

export interface Page<T> {
  data: T[];
  has_more: boolean;
  last_id: string | null;
}

export class EngramClient {
  readonly #url: string;
  readonly #headers: Record<string, string>;
  readonly #fetch: typeof fetch;

  constructor({ url = 'http://127.0.0.1:11435', key, fetch: given = globalThis.fetch }: ClientOptions = {}) {
    this.#url = url.replace(/\/+$/, '');
    this.#headers = key === undefined ? {} : { authorization: `Bearer ${key}` };
    this.#fetch = (input, init) => given(input, init); // browsers' own must not be a method of something else
  }

  async brains(options?: CallOptions): Promise<BrainView[]> {
    return (await this.#get<{ data: BrainView[] }>('/brains', options)).data;
  }

  /** Newest first. */
  memories(
    brain: string,
    asked: {
      state?: MemoryView['state'] | undefined;
      query?: string | undefined;
      limit?: number | undefined;
      after?: string | undefined;
    } & CallOptions = {},
  ): Promise<Page<MemoryView>> {
    const { signal, ...query } = asked;
    return this.#get(`${of(brain)}/memories${queryOf(query)}`, { signal });
  }

  memory(brain: string, id: string, options?: CallOptions): Promise<MemoryView> {
    return this.#get(`${of(brain)}/memories/${encodeURIComponent(id)}`, options);
  }

  /** Starts to remember: settles with the job in line, or, with `onProgress`, when it is over. */
  remember(brain: string, input: string | RememberInput, options: JobOptions = {}): Promise<JobView> {
    return this.#job(`${of(brain)}/memories`, typeof input === 'string' ? { text: input } : input, options);
  }

  forget(brain: string, id: string, options?: CallOptions): Promise<MemoryView> {
    return this.#call('DELETE', `${of(brain)}/memories/${encodeURIComponent(id)}`, undefined, options);
  }

  /** Takes back the last change, that of a memory, or all that one source taught. */
  undo(
    brain: string,
    what: { memory?: string | undefined; source?: string | undefined } = {},
    options: JobOptions = {},
  ): Promise<JobView> {
    return this.#job(`${of(brain)}/undo`, what, options);
  }

  async history(brain: string, memory?: string, options?: CallOptions): Promise<HistoryView[]> {
    return (await this.#get<{ data: HistoryView[] }>(`${of(brain)}/history${queryOf({ memory })}`, options)).data;
  }

  ask(
    brain: string,
    question: string,
    {
      signal,
      ...asked
    }: {
      memories?: boolean | undefined;
      passages?: number | undefined;
      unknown?: 'say' | 'answer' | undefined;
      maxTokens?: number | undefined;
    } & CallOptions = {},
  ): Promise<AnswerView> {
    return this.#call('POST', `${of(brain)}/ask`, { question, ...asked }, { signal });
  }

  /** What an answer rests on, and how much likelier each of it makes the answer. */
  explain(
    brain: string,
    question: string,
    { answer, signal }: { answer?: string | undefined } & CallOptions = {},
  ): Promise<ExplanationView> {
    return this.#call('POST', `${of(brain)}/explain`, { question, answer }, { signal });
  }

  /** The answer to a conversation with all that the library says of it. Needs a key of the scope admin. */
  chat(
    brain: string,
    messages: readonly ChatMessage[],
    options: WholeAsking = {},
    {
      onText,
      onThinking,
      ...hooks
    }: WholeOptions & { onText?: (piece: string) => void; onThinking?: (piece: string) => void } = {},
  ): Promise<Answered> {
    return this.#whole(`${of(brain)}/chat`, { messages, options }, hooks, (event) => {
      if (event.type === 'text') onText?.(event['text'] as string);
      if (event.type === 'thinking') onThinking?.(event['text'] as string);
    });
  }

  /** Loads a model and the brain, so that the first answer is quick. Needs a key of the scope admin. */
  async load(brain: string, hooks: WholeOptions = {}): Promise<void> {
    await this.#whole(`${of(brain)}/load`, {}, hooks);
  }

  /** Forgets memories, named by ids or texts: all of them, or none if one cannot be found. Needs a key of the scope admin. */
  async forgetAll(brain: string, memories: readonly string[], options?: CallOptions): Promise<Memory[]> {
    return (await this.#call<{ data: Memory[] }>('POST', `${of(brain)}/forget`, { memories }, options)).data;
  }

  /** Asks for a forgotten memory in all its wordings. Needs a key of the scope admin. */
  prove(
    brain: string,
    memory: string,
    { onProgress, ...hooks }: WholeOptions & { onProgress?: (progress: { done: number; of: number }) => void } = {},
  ): Promise<ForgottenProof> {
    return this.#whole(`${of(brain)}/prove`, { memory }, hooks, (event) => {
      if (event.type === 'progress') onProgress?.(event['progress'] as { done: number; of: number });
    });
  }

  /** A change of a brain as a job, whose result is what the library gives. Needs a key of the scope admin. */
  work(brain: string, work: Work, options: JobOptions = {}): Promise<JobView> {
    return this.#job(`${of(brain)}/work`, work, options);
  }

  /** Tells a job what it asks (`asks` of its state): ids of memories that are to be replaced. */
  answerJob(id: string, ids: readonly string[], options?: CallOptions): Promise<JobView> {
    return this.#call('POST', `/jobs/${encodeURIComponent(id)}/answer`, { ids }, options);
  }

  async recall(
    brain: string,
    query: string,
    { k, signal }: { k?: number | undefined } & CallOptions = {},
  ): Promise<RecalledView[]> {
    return (await this.#call<{ data: RecalledView[] }>('POST', `${of(brain)}/recall`, { query, k }, { signal })).data;
  }

  async search(
    brain: string,
    query: string,
    { k, signal }: { k?: number | undefined } & CallOptions = {},
  ): Promise<PassageView[]> {
    return (await this.#call<{ data: PassageView[] }>('POST', `${of(brain)}/search`, { query, k }, { signal })).data;
  }

  async documents(brain: string, options?: CallOptions): Promise<DocumentView[]> {
    return (await this.#get<{ data: DocumentView[] }>(`${of(brain)}/documents`, options)).data;
  }

  document(brain: string, id: string, options?: CallOptions): Promise<DocumentView & { text: string }> {
    return this.#get(`${of(brain)}/documents/${encodeURIComponent(id)}`, options);
  }

  /** Uploads a file and reads it into the documents of a brain. */
  async ingest(brain: string, file: Blob, name: string, options: JobOptions = {}): Promise<JobView> {
    const form = new FormData();
    form.append('purpose', 'assistants');
    form.append('file', file, name);
    const response = await this.#send('POST', '/v1/files', { body: form }, options.signal);
    const { id } = (await response.json()) as { id: string };
    return this.#job(`${of(brain)}/documents`, { file_id: id }, options);
  }

  removeDocument(brain: string, id: string, options?: CallOptions): Promise<{ id: string; removed: boolean }> {
    return this.#call('DELETE', `${of(brain)}/documents/${encodeURIComponent(id)}`, undefined, options);
  }

  async jobs(options?: CallOptions): Promise<JobView[]> {
    return (await this.#get<{ data: JobView[] }>('/jobs', options)).data;
  }

  job(id: string, options?: CallOptions): Promise<JobView> {
    return this.#get(`/jobs/${encodeURIComponent(id)}`, options);
  }

  cancelJob(id: string, options?: CallOptions): Promise<JobView> {
    return this.#call('DELETE', `/jobs/${encodeURIComponent(id)}`, undefined, options);
  }

  /** Settles when the job is over. */
  async untilOver(id: string, options: JobOptions = {}): Promise<JobView> {
    const response = await this.#send('GET', `/engram/v1/jobs/${encodeURIComponent(id)}/events`, {}, options.signal);
    return lastOf(response, options.onProgress);
  }

  /** Everything that changes, until `signal` is aborted. */
  async *events({ signal }: CallOptions = {}): AsyncGenerator<{ type: string } & Record<string, unknown>> {
    yield* eventsOf(await this.#send('GET', '/engram/v1/events', {}, signal));
  }

  async #job(path: string, body: object, { signal, onProgress }: JobOptions): Promise<JobView> {
    if (onProgress === undefined) return this.#call('POST', path, body, { signal });
    const headers = { 'content-type': 'application/json', accept: 'text/event-stream' };
    const response = await this.#send('POST', `/engram/v1${path}`, { headers, body: JSON.stringify(body) }, signal);
    return lastOf(response, onProgress);
  }

  async #whole<T>(
    path: string,
    body: object,
    { model, onPlace, signal }: WholeOptions,
    onEvent: (event: { type: string } & Record<string, unknown>) => void = () => undefined,
  ): Promise<T> {
    const headers = { 'content-type': 'application/json' };
    const sent = { headers, body: JSON.stringify({ ...body, model }) };
    const response = await this.#send('POST', `/engram/v1${path}`, sent, signal);
    for await (const event of eventsOf(response)) {
      if (event.type === 'result') return event['result'] as T;
      if (event.type === 'error') throw faultOf(event['error'] as Fault, response.status);
      if (event.type === 'place') onPlace?.(event['place'] as number);
      else onEvent(event);
    }
    throw new EngramClientError('The server ended before it had answered.', response.status, null);
  }

  // What a route gives is what its schema says.

  #get<T>(path: string, options: CallOptions = {}): Promise<T> {
    return this.#call('GET', path, undefined, options);
  }

  async #call<T>(method: string, path: string, body: object | undefined, { signal }: CallOptions = {}): Promise<T> {
    const sent =
      body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
    return (await (await this.#send(method, `/engram/v1${path}`, sent, signal)).json()) as T;
  }

  async #send(method: string, path: string, init: RequestInit, signal: AbortSignal | undefined): Promise<Response> {
    const headers = { ...this.#headers, ...(init.headers as Record<string, string> | undefined) };
    const response = await this.#fetch(`${this.#url}${path}`, {
      ...init,
      method,
      headers,
      ...(signal === undefined ? {} : { signal }),
    });
    if (response.ok) return response;
    const { error } = (await response.json().catch(() => ({}))) as { error?: Fault };
    throw faultOf(error, response.status);
  }
}

interface Fault {
  message: string;
  code: string | null;
  hint?: string;
  engram?: ToldFault;
}

function faultOf(fault: Fault | undefined, status: number): EngramClientError {
  const { message = `The server answered ${status}.`, code = null, hint, engram } = fault ?? {};
  return new EngramClientError(message, status, code, hint, engram);
}

/** As the library gives it, of passages the place and the text alone. */
export type ExplanationView = Omit<Explanation, 'influences'> & {
  influences: ({ kind: string; change: number } & Record<string, unknown>)[];
};

const of = (brain: string): string => `/brains/${encodeURIComponent(brain)}`;

function queryOf(fields: Record<string, string | number | undefined>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(fields)) if (value !== undefined) query.set(name, String(value));
  return query.size === 0 ? '' : `?${query.toString()}`;
}

async function lastOf(response: Response, onProgress: ((job: JobView) => void) | undefined): Promise<JobView> {
  let last: JobView | undefined;
  for await (const event of eventsOf(response)) {
    last = event as unknown as JobView;
    onProgress?.(last);
  }
  if (last?.endedAt === undefined)
    throw new EngramClientError('The server ended before the job.', response.status, null);
  return last;
}

async function* eventsOf(response: Response): AsyncGenerator<{ type: string } & Record<string, unknown>> {
  // Not every browser can iterate over a body.
  const reader = response.body!.getReader();
  const decoder = new TextDecoder();
  let rest = '';
  try {
    for (;;) {
      const { done, value } = (await reader.read()) as { done: boolean; value?: Uint8Array };
      if (done) return;
      const blocks = (rest + decoder.decode(value, { stream: true })).split('\n\n');
      rest = blocks.pop()!;
      for (const block of blocks) {
        const data = /^data: (.*)$/m.exec(block)?.[1];
        if (data !== undefined) yield JSON.parse(data) as { type: string } & Record<string, unknown>;
      }
    }
  } finally {
    await reader.cancel().catch(() => undefined); // whoever stops to listen hangs up
  }
}
