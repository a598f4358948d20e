// The page's files over real HTTP, from a folder of the test's own. Not here: the page itself (page/test).
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, get, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { sendError } from '../../../src/server/reply.js';
import { Router, type Exchange } from '../../../src/server/exchange.js';
import { pageRoutes } from '../../../src/server/page.js';

const folder = mkdtempSync(join(tmpdir(), 'engram-page-'));
const HTML = { accept: 'text/html,*/*' };
let server: Server;
let url: string;

beforeAll(async () => {
  mkdirSync(join(folder, 'assets'));
  writeFileSync(join(folder, 'index.html'), '<!doctype html><title>page</title>');
  writeFileSync(join(folder, 'assets', 'a-1.js'), 'export {};');
  writeFileSync(join(folder, 'assets', 'secret.txt'), 'not a file of the page');
  const router = new Router(pageRoutes(folder));
  server = createServer((request, response) => {
    const exchange = { request, response, dialect: 'own', id: 'x', signal: new AbortController().signal } as Exchange;
    try {
      void router.find(request.method!, request.url!.split('?')[0]!).route.handle(exchange);
    } catch (error) {
      sendError(exchange, error);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(() => {
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

it('gives the page with rules that let nothing in from elsewhere', async () => {
  const response = await fetch(`${url}/`, { headers: HTML });
  expect(response.status).toBe(200);
  expect(await response.text()).toContain('<title>page</title>');
  const policy = response.headers.get('content-security-policy')!;
  for (const rule of [
    "default-src 'none'",
    "script-src 'self'",
    "connect-src 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
    "form-action 'none'",
  ]) {
    expect(policy.split('; ')).toContain(rule);
  }
  expect(policy).not.toMatch(/unsafe|\*|https?:/);
  expect(Object.fromEntries(response.headers)).toMatchObject({
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cross-origin-resource-policy': 'same-origin',
    'cross-origin-opener-policy': 'same-origin',
    'cache-control': 'no-cache',
  });
});

it('sends nothing again to who has it', async () => {
  const first = await fetch(`${url}/assets/a-1.js`);
  expect(first.headers.get('cache-control')).toContain('immutable');
  const again = await fetch(`${url}/assets/a-1.js`, { headers: { 'if-none-match': first.headers.get('etag')! } });
  expect(again.status).toBe(304);
  expect(await again.text()).toBe('');
  expect((await fetch(`${url}/`, { headers: { ...HTML, 'if-none-match': '"other"' } })).status).toBe(200);
  const head = await fetch(`${url}/assets/a-1.js`, { method: 'HEAD' });
  expect([head.status, head.headers.get('content-length'), await head.text()]).toEqual([200, '10', '']);
});

it.each([
  '/assets',
  '/assets/',
  '/assets/secret.txt',
  '/assets/../index.html',
  '/assets/%2e%2e/index.html',
  '/assets/..%5cindex.html',
  '/index.html',
  '//etc/passwd',
  '/assets/a-1.js/',
  '/%00',
  '/.',
])('has nothing at %s', async (path) => {
  const status = await new Promise<number>((resolve, reject) => {
    // fetch would tidy the path up.
    get({ host: '127.0.0.1', port: new URL(url).port, path, headers: HTML }, (response) => {
      response.resume();
      resolve(response.statusCode!);
    }).on('error', reject);
  });
  expect(status).toBe(404);
});

it('tells programs that look for Ollama what they look for', async () => {
  const response = await fetch(`${url}/`, { headers: { accept: '*/*' } });
  expect(await response.text()).toBe('Ollama is running');
});

it('has no routes where the page was not built', () => {
  expect(pageRoutes(join(folder, 'nowhere'))).toEqual([]);
});

it('follows no links out of its folder', () => {
  symlinkSync('/etc/hostname', join(folder, 'assets', 'link.js'));
  expect(pageRoutes(folder).map(({ path }) => path)).not.toContain('/assets/link.js');
  rmSync(join(folder, 'assets', 'link.js'));
});
