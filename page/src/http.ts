// One request to the server: the key, JSON, streams, and faults as the server tells them. Not here: which requests there are (api.ts).
import { ApiError } from './api-error.js';
import { keep, kept } from './kept.js';
import { readEvents, type ServerSentEvent } from './sse.js';
import { createStore } from './store.js';

/** True when the server asks for a key and has none, or a wrong one. */
export const needsKey = createStore(false);

/** Takes the key out of the address, where a browser would keep it in its history: `#key=…`. Until the window is closed. */
export function takeKey(): void {
  const key = /^#key=([\w.-]+)/.exec(location.hash)?.[1];
  if (key === undefined) return;
  keep('key', key, 'session');
  history.replaceState(null, '', location.pathname);
}

export function hasKey(): boolean {
  return kept('key', 'session') !== undefined;
}

export function useKey(key: string): void {
  keep('key', key, 'session');
  needsKey.set(false);
}

export interface RequestOptions {
  method?: 'GET' | 'POST' | 'DELETE';
  /** Sent as JSON, or as it is if it is a form. */
  body?: unknown;
  signal?: AbortSignal | undefined;
  /** Of a stream: whether an event of ours says that it is open. */
  tellsOpen?: boolean;
}

/** The answer's JSON. Throws ApiError, and what aborting throws. */
export async function requestJson<T>(path: string, options: RequestOptions = {}): Promise<T> {
  const response = await send(path, options);
  return (response.status === 204 ? undefined : await response.json()) as T;
}

export async function requestText(path: string, options: RequestOptions = {}): Promise<string> {
  return (await send(path, options)).text();
}

/** The events of a stream. An event that carries a fault throws it; so does an answer that is no stream. */
export async function* requestEvents(path: string, options: RequestOptions = {}): AsyncGenerator<ServerSentEvent> {
  const { body } = await send(path, options);
  if (body === null) throw new ApiError(0, 'The server sent no stream.');
  if (options.tellsOpen === true) yield { event: 'open', data: '{"type":"open"}' };
  for await (const event of readEvents(body)) {
    // A job tells its own error beside its state: that is no fault of the stream.
    const fault = event.event !== 'job' && event.data.includes('"error"') ? faultIn(parse(event.data)) : undefined;
    if (fault !== undefined) throw new ApiError(200, fault.message, fault.code, fault.hint);
    yield event;
  }
}

async function send(path: string, { method = 'GET', body, signal }: RequestOptions): Promise<Response> {
  const isForm = body instanceof FormData;
  const key = kept('key', 'session');
  const response = await fetch(path, {
    method,
    credentials: 'same-origin',
    headers: {
      ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
      ...(body === undefined || isForm ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: isForm ? body : JSON.stringify(body) }),
    ...(signal === undefined ? {} : { signal }),
  }).catch((error: unknown) => {
    if (signal?.aborted === true) throw error;
    throw new ApiError(0, error instanceof Error ? error.message : String(error), 'unreachable');
  });
  if (response.ok) return response;
  const text = await response.text().catch(() => '');
  const fault = faultIn(parse(text));
  if (response.status === 401) needsKey.set(true);
  throw new ApiError(
    response.status,
    fault?.message ?? `${response.status} ${response.statusText}`,
    fault?.code,
    fault?.hint,
  );
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** `{error: {message, code, hint}}` in any of the server's dialects. */
function faultIn(value: unknown): { message: string; code?: string; hint?: string } | undefined {
  const error = (value as { error?: unknown } | undefined)?.error;
  if (typeof error === 'string') return { message: error };
  const { message, code, hint } = (error ?? {}) as Record<string, unknown>;
  if (typeof message !== 'string') return undefined;
  return { message, ...(typeof code === 'string' ? { code } : {}), ...(typeof hint === 'string' ? { hint } : {}) };
}
