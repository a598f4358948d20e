import { setTimeout as sleep } from 'node:timers/promises';
import { readFileSync, statSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { KeyStore } from '../../../src/server/index.js';
import { serverFile } from '../../../src/server-note.js';
import { rawRequest, startServer, type TestServer } from '../../support/server.js';

let server: TestServer;
const ORIGIN = 'app://obsidian.md';

beforeAll(async () => {
  server = await startServer({ allowOrigins: [ORIGIN], allowHosts: ['host.docker.internal'] });
});
afterAll(() => server.close());
beforeEach(() => {
  server.api.opened.calls.length = 0;
  server.logs.length = 0;
});

const body = { model: 'tiny', messages: [{ role: 'user', content: 'hello' }] };
const raw = (head: string[], path = '/v1/models'): Promise<string> =>
  rawRequest(server, `GET ${path} HTTP/1.1\r\n${head.map((line) => `${line}\r\n`).join('')}connection: close\r\n\r\n`);
const key = (): string => `authorization: Bearer ${server.running.key}`;
const host = (): string => `host: localhost:${server.running.port}`;

describe('the host', () => {
  it.each(['localhost', '127.0.0.1', '[::1]', 'host.docker.internal', 'LOCALHOST'])('%s is ours', async (name) => {
    expect(await raw([`host: ${name}:${server.running.port}`, key()])).toMatch(/^HTTP\/1.1 200/);
  });

  it.each([
    'evil.com',
    'localhost.evil.com',
    'localhost:1',
    '127.0.0.1.nip.io',
    'foo.local',
    '192.168.0.1',
    'x/?',
    'localhost',
  ])('%s is not', async (name) => {
    const named = name === 'localhost:1' || name === 'localhost' ? name : `${name}:${server.running.port}`;
    expect(await raw([`host: ${named}`, key()])).toMatch(/^HTTP\/1.1 403/);
    expect(await raw([`host: ${named}`], '/health')).toMatch(/^HTTP\/1.1 403/);
  });

  it('is refused where it is empty, missing or there twice', async () => {
    expect(await raw(['host:', key()])).toMatch(/^HTTP\/1.1 400/);
    expect(await raw([key()])).toMatch(/^HTTP\/1.1 400/);
    expect(await raw([host(), 'host: evil.com', key()])).toMatch(/^HTTP\/1.1 400/);
  });
});

describe('origins', () => {
  it('get no CORS header unless they are on the list, and then their own alone', async () => {
    const of = async (origin: string): Promise<Headers> => (await server.get('/v1/models', { origin })).headers;
    expect((await of('https://evil.com')).get('access-control-allow-origin')).toBeNull();
    expect((await of('null')).get('access-control-allow-origin')).toBeNull();
    const listed = await of(ORIGIN);
    expect(listed.get('access-control-allow-origin')).toBe(ORIGIN);
    expect(listed.get('vary')).toBe('Origin');
    expect(listed.get('access-control-allow-credentials')).toBeNull();
  });

  it.each(['https://evil.com', 'null', 'http://localhost.evil.com', 'app://obsidian.md.evil'])(
    '%s may change nothing',
    async (origin) => {
      const response = await server.post('/v1/chat/completions', body, { origin });
      expect(response.status).toBe(403);
      expect(await response.json()).toMatchObject({
        error: { code: 'origin_not_allowed', hint: expect.stringContaining('--allow-origin') as unknown },
      });
      expect(server.api.opened.calls).toEqual([]);
    },
  );

  it('of the server itself and of the list may', async () => {
    for (const origin of [ORIGIN, server.running.url]) {
      expect((await server.post('/v1/chat/completions', body, { origin })).status).toBe(200);
    }
  });

  it('are told before they ask', async () => {
    const ask = (origin: string) =>
      fetch(`${server.running.url}/v1/models`, {
        method: 'OPTIONS',
        headers: { origin, 'access-control-request-headers': 'authorization' },
      });
    expect((await ask(ORIGIN)).status).toBe(204);
    expect((await ask(ORIGIN)).headers.get('access-control-allow-headers')).toBe('authorization');
    expect((await ask('https://evil.com')).status).toBe(403);
    await expect(startServer({ allowOrigins: ['null'] })).rejects.toThrow('Expected an origin');
    await expect(startServer({ allowOrigins: ['*'] })).rejects.toThrow('Expected an origin');
  });
});

describe('keys', () => {
  it('are asked for everywhere but at /health, and in the dialect of the path', async () => {
    const status = async (path: string): Promise<number> => (await fetch(`${server.running.url}${path}`)).status;
    expect(await status('/health')).toBe(200);
    for (const path of ['/v1/models', '/metrics', '/nothing', '/health/x', '/HEALTH', '/v1/models/../../health']) {
      expect(await status(path), path).toBe(path.endsWith('../health') ? 200 : 401);
    }
    const anthropic = await fetch(`${server.running.url}/v1/messages`, { method: 'POST' });
    expect(await anthropic.json()).toMatchObject({ type: 'error', error: { type: 'authentication_error' } });
    const ollama = await fetch(`${server.running.url}/api/tags`);
    expect(await ollama.json()).toEqual({ error: expect.stringContaining('A key is missing') as unknown });
  });

  it('are taken as Bearer or x-api-key, not from a query, and not two that differ', async () => {
    const status = async (...head: string[]): Promise<string> => (await raw([host(), ...head])).slice(9, 12);
    expect(await status(key())).toBe('200');
    expect(await status(`x-api-key: ${server.running.key}`)).toBe('200');
    expect(await status(key(), `x-api-key: ${server.running.key}`)).toBe('200');
    expect(await status(key(), 'x-api-key: other')).toBe('401');
    expect(await status(key(), key())).toBe('401');
    expect(await status('authorization: Bearer wrong')).toBe('401');
    expect(await status(`authorization: Basic ${server.running.key}`)).toBe('401');
    expect(
      (await raw([host()], `/v1/models?key=${server.running.key}&api_key=${server.running.key}`)).slice(9, 12),
    ).toBe('401');
  });

  it('are made, known at once, allowed what their scope says, and revoked at once', async () => {
    const store = new KeyStore(server.home);
    const { key: made, record } = await store.create('phone', 'chat');
    expect(made).toMatch(/^engram-[\w-]{43}$/);
    const as = (method: string, path: string) =>
      fetch(`${server.running.url}${path}`, { method, headers: { authorization: `Bearer ${made}` } });
    expect((await as('GET', '/v1/models')).status).toBe(200);
    expect((await as('DELETE', '/v1/models/adapter:x')).status).toBe(403);
    const file = join(server.home, 'keys.json');
    expect(readFileSync(file, 'utf8')).not.toContain(made);
    if (process.platform !== 'win32') expect(statSync(file).mode & 0o777).toBe(0o600);
    await expect(store.create('phone', 'chat')).rejects.toMatchObject({ code: 'exists' });
    await expect(store.create('../x', 'chat')).rejects.toMatchObject({ code: 'usage' });
    await store.revoke('phone');
    expect((await as('GET', '/v1/models')).status).toBe(401);
    await expect(store.revoke(record.id)).rejects.toMatchObject({ code: 'not_found' });
  });

  it('are needed to listen beyond this machine', async () => {
    await expect(startServer({ host: '0.0.0.0' })).rejects.toThrow('There is no key yet');
    await expect(startServer({ host: '0.0.0.0', auth: false })).rejects.toThrow('listens on this machine only');
    await expect(startServer({ host: 'evil.example' })).rejects.toThrow('Expected an address');
  });

  it('can be left out on loopback, and then hosts and origins are still looked at', async () => {
    const open = await startServer({ auth: false });
    try {
      expect((await fetch(`${open.running.url}/v1/models`)).status).toBe(200);
      const evil = { origin: 'https://evil.com', 'content-type': 'application/json' };
      const post = { method: 'POST', headers: evil, body: JSON.stringify(body) };
      expect((await fetch(`${open.running.url}/v1/chat/completions`, post)).status).toBe(403);
      expect(await rawRequest(open, 'GET /v1/models HTTP/1.1\r\nhost: evil.com\r\nconnection: close\r\n\r\n')).toMatch(
        /^HTTP\/1.1 403/,
      );
    } finally {
      await open.close();
    }
  });

  it('of a run stand in a file of its user alone, which goes with the server', async () => {
    const other = await startServer();
    const file = serverFile(other.home);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ url: other.running.url, key: other.running.key });
    if (process.platform !== 'win32') expect(statSync(file).mode & 0o777).toBe(0o600);
    await other.running.close(0);
    expect(() => statSync(file)).toThrow();
    await other.close();
  });
});

describe('bad input gets an error in the dialect, and the server lives', () => {
  const post = (
    text: string | Buffer,
    type = 'application/json',
    more: string[] = [],
    path = '/v1/chat/completions',
  ): Promise<string> => {
    const bytes = Buffer.from(text);
    const head = [
      `POST ${path} HTTP/1.1`,
      host(),
      key(),
      `content-type: ${type}`,
      `content-length: ${bytes.length}`,
      ...more,
    ];
    return rawRequest(server, Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\nconnection: close\r\n\r\n`), bytes]));
  };
  const refused = async (answer: Promise<string>, status: number, text: string | RegExp): Promise<void> => {
    const got = await answer;
    expect(got.slice(9, 12)).toBe(String(status));
    expect(got).toMatch(text);
    expect(() => JSON.parse(got.slice(got.indexOf('\r\n\r\n'))) as unknown).not.toThrow();
    expect(server.api.opened.calls).toEqual([]);
    expect((await fetch(`${server.running.url}/health`)).status).toBe(200);
  };
  const with_ = (more: object): string => JSON.stringify({ ...body, ...more });

  it('half a body', async () => {
    const half = rawRequest(
      server,
      `POST /v1/chat/completions HTTP/1.1\r\n${host()}\r\n${key()}\r\ncontent-type: application/json\r\ncontent-length: 500\r\n\r\n{"model":`,
      200,
    );
    expect(await half).toBe('');
    await refused(post('{"model": "tiny", "mess'), 400, 'not valid JSON');
  });

  it('a header of 10 MB', async () => {
    const got = await rawRequest(server, `GET /health HTTP/1.1\r\n${host()}\r\nx: ${'x'.repeat(10_000_000)}\r\n\r\n`);
    expect(got === '' || got.startsWith('HTTP/1.1 431')).toBe(true);
    expect((await fetch(`${server.running.url}/health`)).status).toBe(200);
  });

  it.each([
    [
      'gzip',
      () => post(gzipSync(JSON.stringify(body)), 'application/json', ['content-encoding: gzip']),
      415,
      'compressed',
    ],
    ['text', () => post(JSON.stringify(body), 'text/plain'), 415, 'application/json'],
    ['a form', () => post('a=b', 'application/x-www-form-urlencoded'), 415, 'application/json'],
    ['nothing', () => post(''), 400, 'empty'],
    ['no object', () => post('[1]'), 400, 'The body'],
    ['no UTF-8', () => post(Buffer.from([0x7b, 0xff, 0xfe, 0x7d])), 400, 'UTF-8'],
    ['deep JSON', () => post(`${'['.repeat(100_000)}${']'.repeat(100_000)}`), 400, '64 deep'],
    [
      'deep JSON in strings is none',
      () => post(with_({ messages: [{ role: 'user', content: 3 }], x: '['.repeat(200) })),
      400,
      'messages',
    ],
    ['__proto__', () => post('{"__proto__": {"model": "tiny"}, "messages": []}'), 400, 'model'],
    ['NaN', () => post(`{"model": "tiny", "messages": [], "temperature": NaN}`), 400, 'not valid JSON'],
    [
      'infinity',
      () => post(with_({}).replace('}', '},"temperature": 1e999').replace('"hello"}', '"hello"')),
      400,
      'error',
    ],
    ['n = 10^9', () => post(with_({ n: 1e9 })), 400, '"param":"n"'],
    ['n = -1', () => post(with_({ n: -1 })), 400, '"param":"n"'],
    ['a million stop strings', () => post(with_({ stop: Array<string>(1e6).fill('x') })), 400, '"param":"stop"'],
    ['a negative number of tokens', () => post(with_({ max_tokens: -5 })), 400, 'max_tokens'],
    ['a string for a number', () => post(with_({ temperature: '1' })), 400, 'temperature'],
    ['a role that is none', () => post(with_({ messages: [{ role: 'root', content: 'x' }] })), 400, 'messages'],
    [
      'an image',
      () =>
        post(
          with_({
            messages: [
              { role: 'user', content: [{ type: 'image_url', image_url: { url: 'http://169.254.169.254/' } }] },
            ],
          }),
        ),
      400,
      'image_url',
    ],
    [
      'too many tools',
      () =>
        post(
          with_({ tools: Array.from({ length: 129 }, (_, i) => ({ type: 'function', function: { name: `t${i}` } })) }),
        ),
      400,
      'tools',
    ],
    [
      'a schema of a megabyte',
      () =>
        post(
          with_({
            response_format: { type: 'json_schema', json_schema: { name: 'x', schema: { const: 'x'.repeat(1e6) } } },
          }),
        ),
      400,
      'schema',
    ],
    ['a bias for words', () => post(with_({ logit_bias: { hello: 1 } })), 400, 'logit_bias'],
    ['an unknown route', () => post('{}', 'application/json', [], '/v1/assistants'), 404, 'There is no route'],
    [
      'an unknown route of Ollama',
      () => post('{}', 'application/json', [], '/api/push'),
      404,
      '{"error":"There is no route',
    ],
    ['a model in a path', () => post('{}', 'application/json', [], '/v1/models/%2e%2e%2fx'), 405, 'not known here'],
  ] as [string, () => Promise<string>, number, string][])('%s', async (_, send, status, text) => {
    await refused(send(), status, text);
  });

  it('a body over 16 MiB is refused by its length, and as it comes where it hides that', async () => {
    const large = rawRequest(
      server,
      `POST /v1/chat/completions HTTP/1.1\r\n${host()}\r\n${key()}\r\ncontent-type: application/json\r\ncontent-length: 99999999999\r\n\r\n{`,
    );
    expect(await large).toMatch(/^HTTP\/1.1 413[^]*16 MiB/);
    const piece = `${(2 ** 20).toString(16)}\r\n${' '.repeat(2 ** 20)}\r\n`;
    const chunked = rawRequest(
      server,
      `POST /v1/chat/completions HTTP/1.1\r\n${host()}\r\n${key()}\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n${piece.repeat(18)}`,
      5000,
    );
    expect(await chunked).toMatch(/^(HTTP\/1.1 413|$)/);
    expect((await fetch(`${server.running.url}/health`)).status).toBe(200);
  });

  it('names that lead out of a folder are names of nothing', async () => {
    for (const id of ['..%2f..%2fetc%2fpasswd', '%2e%2e', '..', 'a%00b', '%ff', 'a%5c..%5cb']) {
      const got = await raw([host(), key()], `/v1/models/${id}`);
      expect(got.slice(9, 12), id).toBe('404');
    }
  });

  it('0 bytes of prompts and keys in the log', async () => {
    await server.post('/v1/chat/completions', { ...body, messages: [{ role: 'user', content: 'my secret word' }] });
    await server.post('/v1/chat/completions', '{"messages": "my secret word"');
    await sleep(20);
    expect(server.logs.map(({ route, status }) => `${String(route)} ${String(status)}`)).toEqual([
      '/v1/chat/completions 200',
      '/v1/chat/completions 400',
    ]);
    const text = JSON.stringify(server.logs);
    expect(text).not.toContain('secret');
    expect(text).not.toContain(server.running.key);
  });
});
