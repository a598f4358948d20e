// What the page asks of the server, each request once, in the page's words. Not here: how a request is sent (http.ts).
import type {
  Contradiction,
  DoctorReport,
  Explanation,
  ForgottenProof,
  LedgerEvent,
  Memory,
  MemoryInput,
  MemorizeProgress,
  Receipt,
  SkipCode,
} from '../../src/index.js';
import { ApiError } from './api-error.js';
import { requestEvents, requestJson, requestText } from './http.js';

export type {
  Contradiction,
  DoctorReport,
  Explanation,
  ForgottenProof,
  LedgerEvent,
  Memory,
  MemoryInput,
  MemorizeProgress,
  Receipt,
};

export interface ServerInfo {
  status: string;
  version: string;
  /** Since it started. */
  seconds: number;
}

/** A model as /v1/models lists it: brains first. */
export interface ModelCard {
  id: string;
  parent: string | null;
  max_model_len: number;
  engram: {
    kind: 'brain' | 'base' | 'adapter' | 'embedder';
    base: string;
    context_length: number;
    memories?: number;
    loaded: boolean;
  };
}

export interface MemoryRef {
  id: string;
  text: string;
  score: number;
}

export interface PassageRef {
  n: number;
  document: string;
  headings: string[];
  place: string;
  page?: number;
  score?: number;
}

/** What an answer rests on, as the server tells beside it. */
export interface Grounds {
  source: 'weights' | 'retrieval' | 'context' | 'base' | 'unknown';
  memories: MemoryRef[];
  unsure?: MemoryRef[];
  damaged?: MemoryRef;
  passages: PassageRef[];
  confidence?: number;
  /** What of the conversation had no room. */
  left?: unknown;
}

export interface Turn {
  role: 'system' | 'user' | 'assistant';
  content: string;
}

export interface ChatAnswer {
  text: string;
  grounds: Grounds | undefined;
  /** Why it ended: `stop`, `length` … */
  finish: string | undefined;
  promptTokens: number;
  tokens: number;
  /** Until the first text came, and until the end, ms. */
  firstMs: number;
  totalMs: number;
}

export interface ChatAsking {
  model: string;
  messages: readonly Turn[];
  /** False: the model alone. */
  memories?: boolean;
  /** Default: what the context leaves. */
  maxTokens?: number;
  onText?: (text: string) => void;
  signal?: AbortSignal | undefined;
}

interface Chunk {
  choices: { delta?: { content?: string | null }; finish_reason?: string | null }[];
  usage?: { prompt_tokens: number; completion_tokens: number } | null;
  engram?: Grounds;
}

/** Streams an answer; `onText` gets all of it so far. */
export async function chat(asking: ChatAsking): Promise<ChatAnswer> {
  const { model, messages, memories, maxTokens, onText, signal } = asking;
  const begun = performance.now();
  const isBrain = model.startsWith('brain:');
  const body = {
    ...{ model, messages, stream: true, stream_options: { include_usage: true } },
    ...(maxTokens === undefined ? {} : { max_tokens: maxTokens }),
    // What a person asks here is a question to the brain: what nobody told is not made up.
    ...(isBrain
      ? { engram: memories === false ? { memories: false, passages: 0, unknown: 'answer' } : { unknown: 'say' } }
      : {}),
  };
  const answer: ChatAnswer = {
    ...{ text: '', grounds: undefined, finish: undefined, promptTokens: 0, tokens: 0, firstMs: 0, totalMs: 0 },
  };
  for await (const { data } of requestEvents('/v1/chat/completions', { method: 'POST', body, signal })) {
    if (data === '[DONE]') break;
    const { choices, usage, engram } = JSON.parse(data) as Chunk;
    const piece = choices[0]?.delta?.content ?? '';
    if (piece !== '') {
      if (answer.text === '') answer.firstMs = performance.now() - begun;
      answer.text += piece;
      onText?.(answer.text);
    }
    answer.finish = choices[0]?.finish_reason ?? answer.finish;
    if (engram !== undefined) answer.grounds = engram;
    if (usage != null) Object.assign(answer, { promptTokens: usage.prompt_tokens, tokens: usage.completion_tokens });
  }
  answer.totalMs = performance.now() - begun;
  return answer;
}

export const health = (signal?: AbortSignal): Promise<ServerInfo> => requestJson('/health', { signal });

export const models = async (signal?: AbortSignal): Promise<ModelCard[]> =>
  (await requestJson<{ data: ModelCard[] }>('/v1/models', { signal })).data;

export const metrics = (signal?: AbortSignal): Promise<string> => requestText('/metrics', { signal });

// What engram alone has, under /engram/v1.

const own = (path: string): string => `/engram/v1${path}`;
const ofBrain = (brain: string, path = ''): string => own(`/brains/${encodeURIComponent(brain)}${path}`);

export interface BrainInfo {
  name: string;
  model: string;
  memories: number;
  documents: number;
  loaded: boolean;
}

/** A memory and who taught it. In lists without its receipt. */
export type BrainMemory = Memory & { source?: { key: string; told?: string } };

export const brains = async (signal?: AbortSignal): Promise<BrainInfo[]> =>
  (await requestJson<{ data: BrainInfo[] }>(own('/brains'), { signal })).data;

/** All, newest first. */
export async function memories(brain: string, signal?: AbortSignal): Promise<BrainMemory[]> {
  const found: BrainMemory[] = [];
  for (let after = ''; ; after = `&after=${encodeURIComponent(found.at(-1)!.id)}`) {
    const page = await requestJson<{ data: BrainMemory[]; has_more: boolean }>(
      ofBrain(brain, `/memories?limit=1000${after}`),
      { signal },
    );
    found.push(...page.data);
    if (!page.has_more || page.data.length === 0) return found;
  }
}

/** One, with its receipt. */
export const memory = (brain: string, id: string, signal?: AbortSignal): Promise<BrainMemory> =>
  requestJson(ofBrain(brain, `/memories/${encodeURIComponent(id)}`), { signal });

export type HistoryEvent = Pick<LedgerEvent, 'id' | 'time' | 'kind' | 'memoryId'>;

/** Oldest first. */
export const history = async (brain: string, id: string, signal?: AbortSignal): Promise<HistoryEvent[]> =>
  (await requestJson<{ data: HistoryEvent[] }>(ofBrain(brain, `/history?memory=${encodeURIComponent(id)}`), { signal }))
    .data;

/** Long work on the server: it goes on whoever listens. */
export interface Job<T = unknown> {
  id: string;
  kind: 'remember' | 'undo' | 'ingest' | 'pull' | 'rebuild';
  brain?: string;
  status: 'queued' | 'running' | 'done' | 'failed' | 'cancelled';
  /** In line, from 1. */
  place?: number;
  createdAt: string;
  /** The last that it reported. */
  progress?: unknown;
  result?: T;
  error?: { code: string; message: string };
}

export const jobs = async (signal?: AbortSignal): Promise<Job[]> =>
  (await requestJson<{ data: Job[] }>(own('/jobs'), { signal })).data;

export const cancelJob = (id: string): Promise<Job> =>
  requestJson(own(`/jobs/${encodeURIComponent(id)}`), { method: 'DELETE' });

/** Follows a job to its end: `onChange` gets it as it changes. Throws what it failed with. */
export async function followJob<T>(id: string, onChange: (job: Job<T>) => void, signal?: AbortSignal): Promise<T> {
  let last: Job<T> | undefined;
  for await (const { data } of requestEvents(own(`/jobs/${encodeURIComponent(id)}/events`), { signal })) {
    last = JSON.parse(data) as Job<T>;
    onChange(last);
  }
  // One that ended before it was asked for tells so at once, or only when it is asked for itself.
  if (last === undefined || last.status === 'queued' || last.status === 'running') {
    last = await requestJson<Job<T>>(own(`/jobs/${encodeURIComponent(id)}`), { signal });
  }
  if (last.status === 'done') return last.result as T;
  throw new ApiError(200, last.error?.message ?? last.status, last.error?.code ?? last.status);
}

export type Teaching = { text: string } | { question: string; answer: string };

/** Begins to learn. `replaces`: ids, those that no longer hold, or none. */
export const teach = (
  brain: string,
  what: Teaching,
  replaces: 'auto' | 'none' | readonly string[],
): Promise<Job<Receipt>> =>
  requestJson(ofBrain(brain, '/memories'), { method: 'POST', body: { ...what, replaces, source: 'page' } });

/** With `probe` it is then asked for in all its wordings, which takes as long as so many answers. */
export const forget = (brain: string, id: string, probe = false): Promise<BrainMemory & { proof?: ForgottenProof }> =>
  requestJson(ofBrain(brain, `/memories/${encodeURIComponent(id)}${probe ? '?probe=true' : ''}`), { method: 'DELETE' });

/** Takes the last change back: of one memory, or of the brain. */
export const undo = (brain: string, memory?: string): Promise<Job> =>
  requestJson(ofBrain(brain, '/undo'), { method: 'POST', body: memory === undefined ? {} : { memory } });

export const rebuild = (brain: string): Promise<Job> =>
  requestJson(ofBrain(brain, '/rebuild'), { method: 'POST', body: {} });

export const explain = (brain: string, question: string, answer: string, signal?: AbortSignal): Promise<Explanation> =>
  requestJson(ofBrain(brain, '/explain'), { method: 'POST', body: { question, answer }, signal });

/** The routes that the server says it has: `POST /engram/v1/brains/{brain}/explain`. What it has not the page does not offer. */
export async function routes(signal?: AbortSignal): Promise<ReadonlySet<string>> {
  const { paths } = await requestJson<{ paths: Record<string, Record<string, unknown>> }>(own('/openapi.json'), {
    signal,
  });
  return new Set(
    Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    ),
  );
}

export interface DocumentInfo {
  id: string;
  title: string;
  kind?: string;
  bytes: number;
  passages: number;
  /** Why there are none. */
  skipped?: string;
}

export interface Passage {
  /** Of the document. */
  id: string;
  title: string;
  place: string;
  text: string;
  score: number;
}

export interface IngestResult {
  id: string;
  passages: number;
  skipped: { code: SkipCode; reason: string }[];
}

export const documents = async (brain: string, signal?: AbortSignal): Promise<DocumentInfo[]> =>
  (await requestJson<{ data: DocumentInfo[] }>(ofBrain(brain, '/documents'), { signal })).data;

/** Sends a file and has it read. */
export async function uploadDocument(brain: string, file: File): Promise<Job<IngestResult>> {
  const id = await uploadFile(file, 'user_data');
  return requestJson(ofBrain(brain, '/documents'), { method: 'POST', body: { file_id: id } });
}

async function uploadFile(file: File, purpose: 'user_data' | 'fine-tune'): Promise<string> {
  const form = new FormData();
  form.append('purpose', purpose);
  form.append('file', file, file.name);
  return (await requestJson<{ id: string }>('/v1/files', { method: 'POST', body: form })).id;
}

export const removeDocument = (brain: string, id: string): Promise<unknown> =>
  requestJson(ofBrain(brain, `/documents/${encodeURIComponent(id)}`), { method: 'DELETE' });

export const search = async (brain: string, query: string, signal?: AbortSignal): Promise<Passage[]> =>
  (
    await requestJson<{ data: Passage[] }>(ofBrain(brain, '/search'), {
      method: 'POST',
      body: { query, k: 10 },
      signal,
    })
  ).data;

/** A fine-tuning job as OpenAI has it, with what is ours under `engram`. */
export interface TuningJob {
  id: string;
  model: string;
  status: 'validating_files' | 'queued' | 'running' | 'succeeded' | 'failed' | 'cancelled';
  created_at: number;
  finished_at: number | null;
  fine_tuned_model: string | null;
  trained_tokens: number | null;
  error: { code: string; message: string } | null;
  hyperparameters: Record<string, unknown>;
  engram?: { paused?: boolean; run?: string | null; adapter?: string };
}

export interface TuningEvent {
  id: string;
  created_at: number;
  level: 'info' | 'warn' | 'error';
  message: string;
  type: 'message' | 'metrics';
  data: {
    step: number;
    total_steps?: number;
    train_loss?: number | null;
    valid_loss?: number | null;
    full_valid_loss?: number | null;
  } | null;
}

const TUNING = '/v1/fine_tuning/jobs';
const tuning = (id: string, path = ''): string => `${TUNING}/${encodeURIComponent(id)}${path}`;

export const tuningJobs = async (signal?: AbortSignal): Promise<TuningJob[]> =>
  (await requestJson<{ data: TuningJob[] }>(`${TUNING}?limit=1000`, { signal })).data;

export const changeTuning = (id: string, how: 'cancel' | 'pause' | 'resume'): Promise<TuningJob> =>
  requestJson(tuning(id, `/${how}`), { method: 'POST', body: {} });

/** All events so far, oldest first. */
export async function tuningEvents(id: string, signal?: AbortSignal): Promise<TuningEvent[]> {
  const found: TuningEvent[] = [];
  for (let after: string | undefined; ; after = found.at(-1)?.id) {
    const query = `?limit=1000${after === undefined ? '' : `&after=${encodeURIComponent(after)}`}`;
    const page = await requestJson<{ data: TuningEvent[]; has_more: boolean }>(tuning(id, `/events${query}`), {
      signal,
    });
    found.push(...page.data);
    if (!page.has_more || page.data.length === 0) return found.reverse();
  }
}

export interface CheckpointInfo {
  id: string;
  fine_tuned_model_checkpoint: string;
  step_number: number;
}

export const checkpoints = async (id: string, signal?: AbortSignal): Promise<CheckpointInfo[]> =>
  (await requestJson<{ data: CheckpointInfo[] }>(tuning(id, '/checkpoints'), { signal })).data;

export async function startTuning(
  file: File,
  model: string,
  options: { suffix?: string; epochs?: number },
): Promise<TuningJob> {
  const id = await uploadFile(file, 'fine-tune');
  const hyperparameters = options.epochs === undefined ? {} : { n_epochs: options.epochs };
  return requestJson(TUNING, {
    method: 'POST',
    body: {
      ...{ model, training_file: id, method: { type: 'supervised', supervised: { hyperparameters } } },
      ...(options.suffix === undefined ? {} : { suffix: options.suffix }),
    },
  });
}

/** A model of the catalog and what this machine has of it. */
export interface CatalogModel {
  name: string;
  description: string;
  role: 'chat' | 'embedding';
  parameters: number;
  licence: string;
  bytes: number;
  installed: boolean;
  loaded: boolean;
}

export const catalog = async (signal?: AbortSignal): Promise<CatalogModel[]> =>
  (await requestJson<{ data: CatalogModel[] }>(own('/models'), { signal })).data;

export const pull = (name: string): Promise<Job> =>
  requestJson(own(`/models/${encodeURIComponent(name)}/pull`), { method: 'POST' });

export interface KeyInfo {
  id: string;
  name: string;
  scope: 'chat' | 'remember' | 'admin';
  createdAt: string;
}

export const keys = async (signal?: AbortSignal): Promise<KeyInfo[]> =>
  (await requestJson<{ data: KeyInfo[] }>(own('/keys'), { signal })).data;

/** The key is told here and never again. */
export const createKey = (name: string, scope: KeyInfo['scope']): Promise<KeyInfo & { key: string }> =>
  requestJson(own('/keys'), { method: 'POST', body: { name, scope } });

export const revokeKey = (id: string): Promise<unknown> =>
  requestJson(own(`/keys/${encodeURIComponent(id)}`), { method: 'DELETE' });

export const doctor = (signal?: AbortSignal): Promise<DoctorReport> => requestJson(own('/doctor'), { signal });

/** What changes on the server, as it changes; first `open`, when it listens. */
export async function* events(signal: AbortSignal): AsyncGenerator<Readonly<Record<string, unknown>>> {
  for await (const { data } of requestEvents(own('/events'), { signal, tellsOpen: true }))
    yield JSON.parse(data) as Record<string, unknown>;
}
