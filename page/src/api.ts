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
import { ApiError, requestEvents, requestJson, requestText } from './http.js';

export type { Contradiction, DoctorReport, Explanation, ForgottenProof, LedgerEvent, Memory, MemoryInput, MemorizeProgress, Receipt };

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
  engram: { kind: 'brain' | 'base' | 'adapter' | 'embedder'; base: string; context_length: number; memories?: number; loaded: boolean };
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
  onText?: (text: string) => void;
  /** Place in the queue. */
  onPlace?: (place: number) => void;
  signal?: AbortSignal | undefined;
}

interface Chunk {
  choices: { delta?: { content?: string | null }; finish_reason?: string | null }[];
  usage?: { prompt_tokens: number; completion_tokens: number } | null;
  engram?: Grounds;
}

/** Streams an answer; `onText` gets all of it so far. */
export async function chat(asking: ChatAsking): Promise<ChatAnswer> {
  const { model, messages, memories, onText, signal } = asking;
  const begun = performance.now();
  const isBrain = model.startsWith('brain:');
  const body = {
    ...{ model, messages, stream: true, stream_options: { include_usage: true } },
    // What a person asks here is a question to the brain: what nobody told is not made up.
    ...(isBrain ? { engram: memories === false ? { memories: false, passages: 0, unknown: 'answer' } : { unknown: 'say' } } : {}),
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
  model: string | undefined;
  memories: number;
}

/** A memory, and what only its ledger knows. */
export type BrainMemory = Memory & { supersededBy?: string; source?: { caller?: string } };

export const brains = async (signal?: AbortSignal): Promise<BrainInfo[]> =>
  (await requestJson<{ data: BrainInfo[] }>(own('/brains'), { signal })).data;

export const memories = async (brain: string, signal?: AbortSignal): Promise<BrainMemory[]> =>
  (await requestJson<{ data: BrainMemory[] }>(ofBrain(brain, '/memories?state=all'), { signal })).data;

export const history = async (brain: string, id: string | undefined, signal?: AbortSignal): Promise<LedgerEvent[]> => {
  const path = id === undefined ? '/history' : `/memories/${encodeURIComponent(id)}/history`;
  return (await requestJson<{ data: LedgerEvent[] }>(ofBrain(brain, path), { signal })).data;
};

/** Long work on the server: it goes on whoever listens. */
export interface Job<T = unknown> {
  id: string;
  kind: string;
  brain?: string;
  status: 'queued' | 'running' | 'paused' | 'done' | 'failed' | 'cancelled';
  /** In line, from 1. */
  place?: number;
  createdAt: string;
  /** What a person called it: the memory's text, a file's name. */
  title?: string;
  progress?: unknown;
  result?: T;
  error?: { code: string; message: string; hint?: string };
}

export const jobs = async (signal?: AbortSignal): Promise<Job[]> =>
  (await requestJson<{ data: Job[] }>(own('/jobs'), { signal })).data;

export const cancelJob = (id: string): Promise<Job> => requestJson(own(`/jobs/${encodeURIComponent(id)}/cancel`), { method: 'POST', body: {} });

/** Follows a job to its end: `onChange` gets it as it changes, from what it has done so far on. Throws what it failed with. */
export async function followJob<T>(id: string, onChange: (job: Job<T>) => void, signal?: AbortSignal): Promise<T> {
  for await (const { data } of requestEvents(own(`/jobs/${encodeURIComponent(id)}/events`), { signal })) {
    const job = JSON.parse(data) as Job<T>;
    onChange(job);
    if (job.status === 'done') return job.result as T;
    if (job.status === 'failed' || job.status === 'cancelled') {
      throw new ApiError(200, job.error?.message ?? job.status, job.error?.code ?? job.status, job.error?.hint);
    }
  }
  throw new ApiError(0, 'The server ended the stream of a job.', 'unreachable');
}

export type Teaching = { text: string } | { question: string; answer: string };

/** Begins to learn. `replaces`: ids, those that no longer hold, or none. */
export const teach = (brain: string, what: Teaching, replaces: 'auto' | 'none' | readonly string[]): Promise<Job<Receipt>> =>
  requestJson(ofBrain(brain, '/memories'), { method: 'POST', body: { ...what, replaces } });

export const forget = (brain: string, id: string): Promise<Job<BrainMemory & { proof?: ForgottenProof }>> =>
  requestJson(ofBrain(brain, `/memories/${encodeURIComponent(id)}?probe=true`), { method: 'DELETE' });

/** Takes the last change back: of one memory, or of the brain. */
export const undo = (brain: string, id?: string): Promise<Job> =>
  requestJson(ofBrain(brain, '/undo'), { method: 'POST', body: id === undefined ? {} : { id } });

export const rebuild = (brain: string): Promise<Job> => requestJson(ofBrain(brain, '/rebuild'), { method: 'POST', body: {} });

export const explain = (brain: string, question: string, answer: string, signal?: AbortSignal): Promise<Explanation> =>
  requestJson(ofBrain(brain, '/explain'), { method: 'POST', body: { question, answer }, signal });

export interface DocumentInfo {
  id: number;
  /** As it was uploaded, or the name of the file. */
  name: string;
  title?: string;
  bytes: number;
  passages: number;
  skipped?: { code: SkipCode; reason: string };
}

export interface Passage {
  id: number;
  text: string;
  title?: string;
  headings: string[];
  place: string;
  page?: number;
  score: number;
  relevance?: number;
}

export const documents = async (brain: string, signal?: AbortSignal): Promise<DocumentInfo[]> =>
  (await requestJson<{ data: DocumentInfo[] }>(ofBrain(brain, '/documents'), { signal })).data;

export const uploadDocument = (brain: string, file: File, signal?: AbortSignal): Promise<Job> => {
  const form = new FormData();
  form.append('file', file, file.name);
  return requestJson(ofBrain(brain, '/documents'), { method: 'POST', body: form, signal });
};

export const removeDocument = (brain: string, id: number): Promise<unknown> =>
  requestJson(ofBrain(brain, `/documents/${id}`), { method: 'DELETE' });

export const search = async (brain: string, query: string, signal?: AbortSignal): Promise<Passage[]> =>
  (await requestJson<{ data: Passage[] }>(ofBrain(brain, '/search'), { method: 'POST', body: { query, k: 10 }, signal })).data;

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
  engram?: { paused?: boolean; classes?: { label: string; precision: number; recall: number; f1: number; support: number }[] };
}

export interface TuningEvent {
  id: string;
  created_at: number;
  level: 'info' | 'warn' | 'error';
  message: string;
  type?: 'message' | 'metrics';
  data?: { step: number; total_steps?: number; train_loss?: number | null; valid_loss?: number | null; full_valid_loss?: number | null };
}

const TUNING = '/v1/fine_tuning/jobs';
const tuning = (id: string, path = ''): string => `${TUNING}/${encodeURIComponent(id)}${path}`;

export const tuningJobs = async (signal?: AbortSignal): Promise<TuningJob[]> =>
  (await requestJson<{ data: TuningJob[] }>(`${TUNING}?limit=100`, { signal })).data;

export const changeTuning = (id: string, how: 'cancel' | 'pause' | 'resume'): Promise<TuningJob> =>
  requestJson(tuning(id, `/${how}`), { method: 'POST', body: {} });

/** All events so far, oldest first. */
export async function tuningEvents(id: string, signal?: AbortSignal): Promise<TuningEvent[]> {
  const found: TuningEvent[] = [];
  for (let after: string | undefined; ; after = found.at(-1)?.id) {
    const query = `?limit=100${after === undefined ? '' : `&after=${encodeURIComponent(after)}`}`;
    const page = await requestJson<{ data: TuningEvent[]; has_more: boolean }>(tuning(id, `/events${query}`), { signal });
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

export async function startTuning(file: File, model: string, options: { suffix?: string; epochs?: number }): Promise<TuningJob> {
  const form = new FormData();
  form.append('purpose', 'fine-tune');
  form.append('file', file, file.name);
  const { id } = await requestJson<{ id: string }>('/v1/files', { method: 'POST', body: form });
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
  fits?: boolean;
  /** Why it does not, or how tight it is. */
  fitReason?: string;
}

export const catalog = async (signal?: AbortSignal): Promise<CatalogModel[]> =>
  (await requestJson<{ data: CatalogModel[] }>(own('/models'), { signal })).data;

export const pull = (name: string): Promise<Job> => requestJson(own('/models/pull'), { method: 'POST', body: { name } });

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

export const revokeKey = (id: string): Promise<unknown> => requestJson(own(`/keys/${encodeURIComponent(id)}`), { method: 'DELETE' });

export const doctor = (signal?: AbortSignal): Promise<DoctorReport> => requestJson(own('/doctor'), { signal });

/** What changes on the server, as it changes. */
export async function* events(signal: AbortSignal): AsyncGenerator<Readonly<Record<string, unknown>>> {
  for await (const { data } of requestEvents(own('/events'), { signal })) yield JSON.parse(data) as Record<string, unknown>;
}
