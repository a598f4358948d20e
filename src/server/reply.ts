// Answers that are not streams: JSON, text, errors in their dialect. A long one shows that it lives: from its first token on it
// has begun, and a space goes out from time to time, which JSON may begin with. Not here: streams (stream.ts).
import { envelope, toHttpError } from './errors.js';
import type { Exchange } from './exchange.js';
import { LIMITS } from './limits.js';

const JSON_TYPE = 'application/json; charset=utf-8';

export function sendJson({ response, request }: Exchange, value: unknown, status = 200): void {
  const text = JSON.stringify(value);
  if (response.headersSent) {
    response.end(text);
    return;
  }
  response.writeHead(status, { 'content-type': JSON_TYPE, 'content-length': Buffer.byteLength(text) });
  response.end(request.method === 'HEAD' ? undefined : text);
}

export function sendText({ response, request }: Exchange, text: string, type = 'text/plain; charset=utf-8'): void {
  response.writeHead(200, { 'content-type': type, 'content-length': Buffer.byteLength(text) });
  response.end(request.method === 'HEAD' ? undefined : text);
}

/** Sends what went wrong, unless there is nobody or nothing to send it to any more. */
export function sendError(exchange: Exchange, error: unknown): number {
  const { response, request, dialect, id } = exchange;
  const fault = toHttpError(error);
  const { status, body } = envelope(fault, dialect, id);
  if (fault.status === 499 || response.destroyed || response.writableEnded) {
    response.destroy();
    return 499;
  }
  if (response.headersSent) {
    response.end(JSON.stringify(body));
    return status;
  }
  const { retryAfter, headers = {} } = fault.extras;
  const text = JSON.stringify(body);
  // What is left of a body that nobody reads would be taken for the next request.
  const isUnread = !request.complete;
  response.writeHead(status, {
    'content-type': JSON_TYPE,
    'content-length': Buffer.byteLength(text),
    'x-should-retry': retryAfter === undefined ? 'false' : 'true',
    ...(retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) }),
    ...(isUnread ? { connection: 'close' } : {}),
    ...headers,
  });
  response.end(request.method === 'HEAD' ? undefined : text);
  if (isUnread) {
    request.resume();
    const timer = setTimeout(() => request.socket.destroy(), 1000);
    request.once('close', () => {
      clearTimeout(timer);
    });
  }
  return status;
}

/** Keeps the connection of an answer alive until it is sent. `begun` is to be called at its first token. */
export function keepAlive(
  { response, id }: Exchange,
  everyMs: number = LIMITS.heartbeatMs,
): { begun: () => void; stop: () => void } {
  let timer: NodeJS.Timeout | undefined;
  return {
    begun: () => {
      timer ??= setInterval(() => {
        if (!response.headersSent) response.writeHead(200, { 'content-type': JSON_TYPE, 'x-request-id': id });
        response.write(' ');
      }, everyMs);
    },
    stop: () => {
      clearInterval(timer);
    },
  };
}
