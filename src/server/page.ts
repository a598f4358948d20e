// The page as the server gives it: the built files, read once into memory, each a route of its own, so that no path of a request
// ever becomes the name of a file. Public: they hold nothing of anybody. Not here: the page (page/), who may ask for more (guard.ts).
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isSystemError } from '../errors.js';
import type { Exchange, Route } from './exchange.js';
import { sendText } from './reply.js';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** Nothing from elsewhere, no frames, no forms, no inline code. */
const POLICY = [
  "default-src 'none'",
  ...["script-src 'self'", "style-src 'self'", "img-src 'self' data:", "connect-src 'self'"],
  ...["frame-ancestors 'none'", "base-uri 'none'", "form-action 'none'"],
].join('; ');

const HEADERS = {
  'content-security-policy': POLICY,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
};

/** From src/server as from dist/server. */
const BUILT = fileURLToPath(new URL('../../dist/page', import.meta.url));

/** None where the page was not built. */
export function pageRoutes(folder: string = BUILT): Route[] {
  return filesBelow(folder).flatMap((name) => {
    const type = TYPES[extname(name)];
    if (type === undefined) return [];
    const bytes = readFileSync(join(folder, name));
    const path = name === 'index.html' ? '/' : `/${name}`;
    return [routeOf(path, type, bytes)];
  });
}

function routeOf(path: string, type: string, bytes: Buffer): Route {
  const etag = `"${createHash('sha256').update(bytes).digest('base64url')}"`;
  const headers = {
    ...HEADERS,
    'content-type': type,
    etag,
    // The names of all but the first carry a hash of what is in them.
    'cache-control': path === '/' ? 'no-cache' : 'public, max-age=31536000, immutable',
  };
  return {
    ...{ method: 'GET', path, scope: 'public' },
    handle: (exchange: Exchange) => {
      const { request, response } = exchange;
      // Clients of Ollama look for this text; browsers ask for HTML.
      if (path === '/' && !/\btext\/html\b/.test(request.headers.accept ?? '')) {
        sendText(exchange, 'Ollama is running');
        return;
      }
      if (request.headers['if-none-match'] === etag) {
        response.writeHead(304, headers);
        response.end();
        return;
      }
      response.writeHead(200, { ...headers, 'content-length': bytes.length });
      response.end(request.method === 'HEAD' ? undefined : bytes);
    },
  };
}

/** With forward slashes, as in addresses. */
function filesBelow(folder: string, prefix = ''): string[] {
  try {
    return readdirSync(join(folder, prefix), { withFileTypes: true }).flatMap((entry) => {
      const name = `${prefix}${entry.name}`;
      if (entry.isDirectory()) return filesBelow(folder, `${name}/`);
      return entry.isFile() ? [name] : []; // no links
    });
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return [];
    throw error;
  }
}
