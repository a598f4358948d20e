// One request and its answer: what handlers are given, and the table they stand in. Not here: who may come in (guard.ts), how a
// body is read (body.ts) and streams are written (stream.ts).
import type { IncomingMessage, ServerResponse } from 'node:http';
import { HttpError, notFound, type Dialect } from './errors.js';
import type { Caller, Scope } from './keys.js';

export interface Exchange {
  request: IncomingMessage;
  response: ServerResponse;
  /** Ours, never the client's. */
  id: string;
  method: string;
  /** As it was sent, without the query. */
  path: string;
  query: URLSearchParams;
  /** What the path has in place of `:name`, decoded. */
  params: Readonly<Record<string, string>>;
  dialect: Dialect;
  caller: Caller;
  /** Aborted when the client has hung up, or the server stops. */
  signal: AbortSignal;
  /** The path of its route in the table, for logs and counts: never what a client wrote. */
  route: string | undefined;
  log: (fields: Record<string, unknown>) => void;
}

export interface Route {
  method: 'GET' | 'POST' | 'DELETE';
  /** Parts that begin with `:` stand for one part of a path each. */
  path: string;
  /** What a caller needs; `public` needs no key. */
  scope: Scope | 'public';
  /** Milliseconds in which the request has to have come. */
  uploads?: true;
  handle: (exchange: Exchange) => Promise<void> | void;
}

/** Ids and names in a path: no slashes, no dots alone, nothing of a file system. */
const PART = /^[\p{L}\p{N}][\p{L}\p{M}\p{N}._:@-]{0,191}$/u;

export class Router {
  readonly #routes: readonly (Route & { parts: readonly string[] })[];

  constructor(routes: readonly Route[]) {
    this.#routes = routes.map((route) => ({ ...route, parts: route.path.split('/') }));
  }

  /** The route of a path. Throws 404, and 405 where another method is meant. */
  find(method: string, path: string): { route: Route; params: Record<string, string> } {
    const parts = path.split('/');
    const asked = method === 'HEAD' ? 'GET' : method;
    const fitting = this.#routes.filter((route) => fits(route.parts, parts));
    // What is written out goes before what stands for anything.
    const route = fitting
      .filter((candidate) => candidate.method === asked)
      .sort((a, b) => wildcards(a.parts) - wildcards(b.parts))[0];
    if (route === undefined) {
      const methods = [...new Set(fitting.map((other) => other.method))].join(', ');
      if (methods === '') throw notFound(`There is no route ${method} ${path.slice(0, 200)}.`, 'unknown_route');
      throw new HttpError(405, 'invalid_request_error', `${method} is not known here; there is ${methods}.`, {
        ...{ code: 'unknown_route', headers: { allow: methods } },
      });
    }
    return { route, params: paramsOf(route.parts, parts) };
  }
}

function fits(pattern: readonly string[], parts: readonly string[]): boolean {
  return pattern.length === parts.length && pattern.every((part, i) => part.startsWith(':') || part === parts[i]);
}

const wildcards = (parts: readonly string[]): number => parts.filter((part) => part.startsWith(':')).length;

function paramsOf(pattern: readonly string[], parts: readonly string[]): Record<string, string> {
  const found = pattern.flatMap((part, i) =>
    part.startsWith(':') ? [[part.slice(1), decode(parts[i]!)] as const] : [],
  );
  return Object.fromEntries(found);
}

function decode(part: string): string {
  let decoded: string;
  try {
    decoded = decodeURIComponent(part);
  } catch {
    throw notFound('The path is not properly encoded.');
  }
  if (!PART.test(decoded)) throw notFound(`There is nothing named ${JSON.stringify(decoded.slice(0, 100))}.`);
  return decoded;
}

/** Which dialect a path belongs to: decides how its errors look. */
export function dialectOf(path: string): Dialect {
  if (path === '/v1/messages' || path.startsWith('/v1/messages/')) return 'anthropic';
  if (path === '/api' || path.startsWith('/api/')) return 'ollama';
  return path.startsWith('/engram/') ? 'own' : 'openai';
}
