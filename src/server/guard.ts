// Who may speak to the server at all: Host, Origin, CORS by list, keys. It stands before every route. Not here: what keys are
// (keys.ts), which scope a route needs (its table).
import type { IncomingMessage } from 'node:http';
import { timingSafeEqual } from 'node:crypto';
import { HttpError } from './errors.js';
import { hashOfKey, type Caller, type KeyStore } from './keys.js';

export interface GuardOptions {
  /** Names beside localhost and the address that it listens at, each with or without a port. */
  allowHosts: readonly string[];
  /** Origins of pages that may read answers, exactly as browsers send them. */
  allowOrigins: readonly string[];
  /** Undefined: no key is asked for. */
  keys: KeyStore | undefined;
  /** A key that this process alone knows and writes where its user alone can read it. */
  ownKey: string;
}

const NOBODY: Caller = { id: 'anyone', name: 'anyone', scope: 'admin' };

export class Guard {
  readonly #options: GuardOptions;
  readonly #hosts: ReadonlySet<string>;
  readonly #origins: ReadonlySet<string>;

  /** `host` and `port`: where it listens. */
  constructor(options: GuardOptions, host: string, port: number) {
    this.#options = options;
    const own = ['localhost', '127.0.0.1', '[::1]', host.includes(':') ? `[${host}]` : host];
    // Clients leave port 80 out, and those of a proxy its own.
    const named = options.allowHosts.flatMap((name) => (hasPort(name) ? [name] : [name, `${name}:${port}`]));
    const here = own.flatMap((name) => [`${name}:${port}`, ...(port === 80 ? [name] : [])]);
    this.#hosts = new Set([...here, ...named].map((name) => name.toLowerCase()));
    this.#origins = new Set([...own.map((name) => `http://${name}:${port}`), ...options.allowOrigins]);
  }

  /** Throws 400 or 403 for a Host that is not ours: a name that somebody pointed here. */
  checkHost({ rawHeaders }: IncomingMessage): void {
    const given = rawHeaders.filter((_, i) => i % 2 === 1 && rawHeaders[i - 1]!.toLowerCase() === 'host');
    if (given.length !== 1 || given[0] === '') {
      throw new HttpError(400, 'invalid_request_error', 'Expected one Host header.');
    }
    if (this.#hosts.has(given[0]!.toLowerCase())) return;
    throw new HttpError(
      403,
      'permission_error',
      `The host ${JSON.stringify(given[0]!.slice(0, 100))} is not served here.`,
      {
        code: 'host_not_allowed',
        hint: 'If it is yours, start the server with --allow-host and its name.',
      },
    );
  }

  /** The CORS headers of an answer, for an origin of the list. Throws 403 for another one that wants to change something. */
  corsHeaders({ method, headers }: IncomingMessage): Record<string, string> {
    const { origin } = headers;
    if (origin === undefined) return {};
    if (this.#options.allowOrigins.includes(origin)) {
      return { 'access-control-allow-origin': origin, vary: 'Origin', 'access-control-expose-headers': 'x-request-id' };
    }
    if (this.#origins.has(origin) || method === 'GET' || method === 'HEAD') return { vary: 'Origin' };
    throw new HttpError(403, 'permission_error', `The origin ${JSON.stringify(origin.slice(0, 100))} is not allowed.`, {
      code: 'origin_not_allowed',
      hint: `If it is yours, start the server with --allow-origin ${/^[\w:/.-]{1,100}$/.test(origin) ? origin : 'ORIGIN'}.`,
    });
  }

  /** What a browser asks before it asks. Undefined for an origin that is not on the list. */
  preflight({ headers }: IncomingMessage): Record<string, string> | undefined {
    const { origin } = headers;
    if (origin === undefined || !this.#options.allowOrigins.includes(origin)) return undefined;
    return {
      'access-control-allow-origin': origin,
      'access-control-allow-methods': 'GET, POST, DELETE',
      'access-control-allow-headers': headers['access-control-request-headers'] ?? 'content-type, authorization',
      'access-control-max-age': '600',
      vary: 'Origin',
    };
  }

  /** Who asks. Throws 401. */
  async callerOf({ headers, rawHeaders }: IncomingMessage): Promise<Caller> {
    const { keys, ownKey } = this.#options;
    if (keys === undefined) return NOBODY;
    const isKey = (name: string): boolean => name === 'authorization' || name === 'x-api-key';
    const sent = rawHeaders.filter((name, i) => i % 2 === 0 && isKey(name.toLowerCase()));
    const given = /^Bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1] ?? headers['x-api-key'];
    if (sent.length > 2 || new Set(sent.map((name) => name.toLowerCase())).size !== sent.length) {
      throw unauthorized('There are two keys in the request.');
    }
    if (sent.length === 2 && /^Bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1] !== headers['x-api-key']) {
      throw unauthorized('There are two keys in the request, and they differ.');
    }
    if (typeof given !== 'string' || given === '') throw unauthorized('A key is missing.');
    const isOwn = timingSafeEqual(Buffer.from(hashOfKey(given)), Buffer.from(hashOfKey(ownKey)));
    const caller = isOwn ? { id: 'own', name: 'this user', scope: 'admin' as const } : await keys.whose(given);
    if (caller === undefined) throw unauthorized('The key is not known.');
    return caller;
  }
}

function unauthorized(message: string): HttpError {
  return new HttpError(401, 'authentication_error', `${message} Make one with: engram keys create NAME`, {
    code: 'invalid_api_key',
    headers: { 'www-authenticate': 'Bearer' },
  });
}

function hasPort(name: string): boolean {
  return /:\d+$/.test(name) && !/^[0-9a-f:]+$/i.test(name.replace(/:\d+$/, ''));
}
