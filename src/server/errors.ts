// What went wrong, as each dialect says it: HTTP status, kind, code, whether asking again helps. Not here: sending it (reply.ts).
import { ZodError } from 'zod';
import { EngramError, type ErrorCode } from '../errors.js';

export type Dialect = 'openai' | 'anthropic' | 'ollama' | 'own';

interface Extras {
  code?: string | null;
  param?: string | null;
  hint?: string | undefined;
  /** Seconds after which asking again may help. Left out: it does not. */
  retryAfter?: number;
  headers?: Readonly<Record<string, string>>;
  /** The error of the API, whole: own routes tell it too. */
  told?: ReturnType<EngramError['toJSON']>;
}

/** A fault with its HTTP status. `type` is a word of OpenAI's. */
export class HttpError extends Error {
  override readonly name = 'HttpError';
  readonly status: number;
  readonly type: string;
  readonly extras: Extras;

  constructor(status: number, type: string, message: string, extras: Extras = {}) {
    super(message);
    this.status = status;
    this.type = type;
    this.extras = extras;
  }
}

export const invalid = (message: string, param: string | null = null, code: string | null = null): HttpError =>
  new HttpError(400, 'invalid_request_error', message, { param, code });

export const notFound = (message: string, code: string | null = null, param: string | null = null): HttpError =>
  new HttpError(404, 'not_found_error', message, { code, param });

/** Seconds that a client is asked to wait when all places are taken. */
const RETRY_SECONDS = 5;

const OF_CODE: Readonly<Record<ErrorCode, { status: number; type: string; retry?: true }>> = {
  usage: { status: 400, type: 'invalid_request_error' },
  empty: { status: 400, type: 'invalid_request_error' },
  unsupported: { status: 400, type: 'invalid_request_error' },
  mismatch: { status: 400, type: 'invalid_request_error' },
  diverged: { status: 400, type: 'invalid_request_error' },
  too_long: { status: 400, type: 'invalid_request_error' },
  not_found: { status: 404, type: 'not_found_error' },
  exists: { status: 409, type: 'conflict_error' },
  locked: { status: 409, type: 'conflict_error', retry: true },
  cancelled: { status: 499, type: 'cancelled' },
  corrupt: { status: 500, type: 'server_error' },
  native: { status: 500, type: 'server_error' },
  internal: { status: 500, type: 'server_error' },
  network: { status: 502, type: 'server_error', retry: true },
  offline: { status: 503, type: 'server_error' },
  memory: { status: 507, type: 'server_error' },
  disk: { status: 507, type: 'server_error' },
};

/** Any fault as one with a status. What nobody foresaw tells nothing of the inside. */
export function toHttpError(error: unknown): HttpError {
  if (error instanceof HttpError) return error;
  if (error instanceof ZodError) return ofSchema(error);
  if (!(error instanceof EngramError)) {
    return new HttpError(500, 'server_error', 'Something went wrong inside engram; its log says more.', {
      code: 'internal',
    });
  }
  const { status, type, retry } = OF_CODE[error.code];
  const code = error.code === 'too_long' ? 'context_length_exceeded' : error.code;
  const { hint } = error;
  const message = hint === undefined || status >= 500 ? error.message : `${error.message} ${hint}`;
  const told = error.toJSON();
  return new HttpError(status, type, message, { code, hint, told, ...(retry ? { retryAfter: RETRY_SECONDS } : {}) });
}

/** The first thing that a schema has against a value, with its place. */
function ofSchema(error: ZodError): HttpError {
  const issue = error.issues[0]!;
  const param = issue.path
    .map((part, i) => (typeof part === 'number' ? `[${part}]` : `${i > 0 ? '.' : ''}${String(part)}`))
    .join('');
  return invalid(`${param === '' ? 'The body' : param}: ${issue.message}.`, param === '' ? null : param);
}

export function overloaded(): HttpError {
  return new HttpError(503, 'overloaded_error', 'All places in the queue are taken; ask again in a few seconds.', {
    code: 'queue_full',
    retryAfter: RETRY_SECONDS,
  });
}

const ANTHROPIC_TYPES: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  503: 'overloaded_error',
};

/** Status and body of a fault in a dialect. */
export function envelope(error: HttpError, dialect: Dialect, requestId: string): { status: number; body: object } {
  const { status, type, message, extras } = error;
  const { code = null, param = null, hint, told } = extras;
  switch (dialect) {
    case 'ollama':
      return { status, body: { error: message } };
    case 'anthropic': {
      const kind = ANTHROPIC_TYPES[status] ?? (status < 500 ? 'invalid_request_error' : 'api_error');
      // Overload has a status of its own there.
      const its = status === 503 && type === 'overloaded_error' ? 529 : status;
      return { status: its, body: { type: 'error', error: { type: kind, message }, request_id: requestId } };
    }
    case 'openai':
      return { status, body: { error: { message, type, param, code, ...(hint === undefined ? {} : { hint }) } } };
    case 'own': {
      const more = { ...(hint === undefined ? {} : { hint }), ...(told === undefined ? {} : { engram: told }) };
      return { status, body: { error: { message, type, param, code, ...more } } };
    }
  }
}
