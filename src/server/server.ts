// The HTTP server: listens, lets the guard look first, finds the route, tells faults in the dialect, and ends in good order. Not
// here: routes, the engine, what an answer is.
import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { EngramError } from '../errors.js';
import type { Context } from './context.js';
import { HttpError } from './errors.js';
import { dialectOf, Router, type Exchange, type Route } from './exchange.js';
import { Guard, type GuardOptions } from './guard.js';
import { allows, type Caller } from './keys.js';
import { LIMITS } from './limits.js';
import { sendError } from './reply.js';

export interface ListenOptions extends GuardOptions {
  host: string;
  port: number;
}

const NOBODY: Caller = { id: 'nobody', name: 'nobody', scope: 'chat' };

export class HttpServer {
  readonly #context: Context;
  readonly #router: Router;
  readonly #server: Server;
  readonly #running = new Set<Promise<void>>();
  readonly #open = new Set<AbortController>();
  readonly #stop: AbortController;
  #guard: Guard | undefined;
  #isStopping = false;

  /** `stop` is aborted when answers that are under way are to end. */
  constructor(context: Context, routes: readonly Route[], stop: AbortController) {
    this.#context = context;
    this.#router = new Router(routes);
    this.#stop = stop;
    this.#server = createServer(
      {
        maxHeaderSize: LIMITS.headerBytes,
        headersTimeout: LIMITS.headersMs,
        requestTimeout: LIMITS.uploadMs,
        keepAliveTimeout: LIMITS.keepAliveMs,
        connectionsCheckingInterval: 5_000,
        noDelay: true,
        requireHostHeader: false, // the guard says it in the dialect
      },
      (request, response) => {
        const handled = this.#handle(request, response);
        this.#running.add(handled);
        void handled.finally(() => this.#running.delete(handled));
      },
    );
    this.#server.maxConnections = LIMITS.connections;
    this.#server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
      if (error.code === 'ECONNRESET' || !socket.writable) return;
      const [status, text] =
        error.code === 'HPE_HEADER_OVERFLOW' ? [431, 'Request Header Fields Too Large'] : [400, 'Bad Request'];
      const body = JSON.stringify({
        error: { message: `${text}.`, type: 'invalid_request_error', param: null, code: null },
      });
      socket.end(
        `HTTP/1.1 ${status} ${text}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`,
      );
    });
  }

  /** Throws `usage` where the address cannot be had. */
  async listen({ host, port, ...guard }: ListenOptions): Promise<{ host: string; port: number }> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', (error: NodeJS.ErrnoException) => {
        const taken = error.code === 'EADDRINUSE';
        reject(
          new EngramError(
            'usage',
            taken ? `The port ${port} of ${host} is taken.` : `Cannot listen at ${host}:${port}: ${error.message}.`,
            {
              hint: taken ? 'Is engram serving already? Otherwise choose another --port.' : undefined,
              cause: error,
            },
          ),
        );
      });
      this.#server.listen({ host, port }, resolve);
    });
    const address = this.#server.address() as AddressInfo;
    this.#guard = new Guard(guard, host, address.port);
    return { host, port: address.port };
  }

  /** Takes nothing new, lets answers come to their end for a while, and then breaks them off. */
  async close(graceMs: number = LIMITS.graceMs): Promise<void> {
    if (this.#isStopping) return;
    this.#isStopping = true;
    const closed = new Promise<void>((resolve) =>
      this.#server.close(() => {
        resolve();
      }),
    );
    this.#server.closeIdleConnections();
    const breakOff = (): void => {
      this.#stop.abort();
      for (const open of this.#open) open.abort();
    };
    const timer = setTimeout(breakOff, graceMs);
    await Promise.allSettled(this.#running);
    clearTimeout(timer);
    breakOff();
    this.#server.closeAllConnections();
    await closed;
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const begun = performance.now();
    const gone = new AbortController();
    const fields: Record<string, unknown> = {};
    const url = request.url ?? '/';
    const [path = '/', ...rest] = url.split('?');
    const exchange: Exchange = {
      ...{ request, response, id: `req_${randomBytes(12).toString('hex')}`, method: request.method ?? 'GET', path },
      ...{
        query: new URLSearchParams(rest.join('?')),
        params: {},
        dialect: dialectOf(path),
        caller: NOBODY,
        route: undefined,
      },
      signal: gone.signal,
      log: (more) => void Object.assign(fields, more),
    };
    response.setHeader('x-request-id', exchange.id);
    response.setHeader('x-content-type-options', 'nosniff');
    this.#open.add(gone);
    response.once('close', () => {
      this.#open.delete(gone);
      if (!response.writableFinished) gone.abort();
    });
    try {
      await this.#route(exchange);
    } catch (error) {
      const status = sendError(exchange, error);
      fields['error'] =
        error instanceof HttpError ? (error.extras.code ?? error.type) : (error as { code?: unknown }).code;
      if (status >= 500) fields['stack'] = error instanceof Error ? error.stack : String(error);
    }
    const seconds = (performance.now() - begun) / 1000;
    const status = gone.signal.aborted ? 499 : response.statusCode;
    const { metrics, log } = this.#context;
    metrics.count('engram_requests_total', 'Requests by route and status.', {
      route: exchange.route ?? 'none',
      status: String(status),
    });
    metrics.observe('engram_request_seconds', 'Time from a request to the end of its answer.', seconds);
    log({
      ...{ request: exchange.id, caller: exchange.caller.name, method: exchange.method, route: exchange.route, status },
      ...{ seconds: Math.round(seconds * 1000) / 1000 },
      ...fields,
    });
  }

  async #route(exchange: Exchange): Promise<void> {
    const { request, response } = exchange;
    const guard = this.#guard!;
    guard.checkHost(request);
    if (this.#isStopping) throw new HttpError(503, 'overloaded_error', 'The server is stopping.', { retryAfter: 5 });
    if (exchange.method === 'OPTIONS') {
      const headers = guard.preflight(request);
      response.writeHead(headers === undefined ? 403 : 204, headers ?? {});
      response.end();
      return;
    }
    for (const [name, value] of Object.entries(guard.corsHeaders(request))) response.setHeader(name, value);
    if (
      exchange.method !== 'GET' &&
      exchange.method !== 'HEAD' &&
      exchange.method !== 'POST' &&
      exchange.method !== 'DELETE'
    ) {
      const headers = { allow: 'GET, HEAD, POST, DELETE, OPTIONS' };
      throw new HttpError(405, 'invalid_request_error', `${exchange.method} is not known here.`, { headers });
    }
    const found = this.#find(exchange);
    // Who has no key does not learn which routes there are.
    if (found instanceof HttpError || found.route.scope !== 'public') exchange.caller = await guard.callerOf(request);
    if (found instanceof HttpError) throw found;
    const { route, params } = found;
    if (route.scope !== 'public' && !allows(exchange.caller, route.scope)) {
      throw new HttpError(403, 'permission_error', `This key may not do that: it needs the scope ${route.scope}.`, {
        code: 'insufficient_scope',
      });
    }
    exchange.params = params;
    exchange.route = route.path;
    if (route.uploads !== true) this.#limitTime(request);
    await route.handle(exchange);
  }

  #find({ method, path }: Exchange): ReturnType<Router['find']> | HttpError {
    try {
      return this.#router.find(method, path);
    } catch (error) {
      if (error instanceof HttpError) return error;
      throw error;
    }
  }

  /** A body that comes drop by drop holds a connection no longer than this. */
  #limitTime(request: IncomingMessage): void {
    const timer = setTimeout(() => {
      if (!request.complete) request.destroy();
    }, LIMITS.requestMs);
    request.once('end', () => {
      clearTimeout(timer);
    });
    request.once('close', () => {
      clearTimeout(timer);
    });
  }
}
