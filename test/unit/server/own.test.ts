import { setTimeout as sleep } from 'node:timers/promises';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EngramClient, type JobView } from '../../../src/client/index.js';
import { KeyStore } from '../../../src/server/index.js';
import type { Scope } from '../../../src/server/keys.js';
import { newPassage } from '../../fakes/results.js';
import { eventsOf, startServer, type TestServer } from '../../support/server.js';

let server: TestServer;
let client: EngramClient;
beforeEach(async () => {
  server = await startServer({ heartbeatMs: 50 });
  client = new EngramClient({ url: server.running.url, key: server.running.key });
});
afterEach(() => server.close());

const clientWith = async (name: string, scope: Scope): Promise<EngramClient> =>
  new EngramClient({ url: server.running.url, key: (await new KeyStore(server.home).create(name, scope)).key });
const BRAIN = '/engram/v1/brains/work';
const FACT = 'The harbour is closed on Mondays.';

describe('memories', () => {
  it('are taught with progress, listed, asked for, and forgotten by id', async () => {
    const seen: JobView[] = [];
    const job = await client.remember('work', FACT, { onProgress: (view) => seen.push(view) });
    expect(job).toMatchObject({
      kind: 'remember',
      brain: 'work',
      status: 'done',
      result: { id: 'm-000000', committed: true, loss: { before: 3.2 } },
    });
    expect(seen.map(({ status, progress }) => `${status} ${String(progress?.['phase'])}`)).toEqual(
      expect.arrayContaining(['queued undefined', 'running lessons', 'running train', 'done train']),
    );
    const { data } = await client.memories('work');
    expect(data).toMatchObject([{ id: 'm-000000', text: FACT, state: 'remembered', source: { key: 'this user' } }]);
    expect(data[0]).not.toHaveProperty('receipt');
    expect((await client.memories('work', { query: 'HARBOUR monday' })).data).toHaveLength(1);
    expect((await client.memories('work', { query: 'river' })).data).toEqual([]);
    expect(await client.ask('work', 'The harbour is closed when?')).toMatchObject({ answer: FACT, source: 'weights' });
    expect(await client.recall('work', 'harbour', { k: 3 })).toEqual([
      { kind: 'memory', id: 'm-000000', text: FACT, relevance: 0.9 },
    ]);
    expect(await client.forget('work', 'm-000000')).toMatchObject({ id: 'm-000000', state: 'forgotten' });
    await expect(client.forget('work', 'm-ffffff')).rejects.toMatchObject({ status: 404 });
    // A text that fits is no id: nothing is forgotten by accident.
    await expect(client.forget('work', 'harbour')).rejects.toMatchObject({ status: 404 });
    expect(await client.history('work')).toMatchObject([{ id: 1, kind: 'forgotten' }]);
  });

  it('are jobs that go on by themselves, and can be followed and cancelled', async () => {
    server.api.opened.promptMs = 200;
    const job = await client.remember('work', { question: 'Where?', answer: 'Here.', source: 'notes' });
    expect(['queued', 'running']).toContain(job.status);
    expect((await client.untilOver(job.id)).status).toBe('done');
    server.api.opened.promptMs = 60_000;
    const slow = await client.remember('work', FACT);
    const waiting = await client.remember('work', 'Another one.');
    expect((await client.cancelJob(waiting.id)).status).toBe('cancelled');
    const at = performance.now();
    expect((await client.cancelJob(slow.id)).status).toBe('cancelled');
    expect(performance.now() - at).toBeLessThan(1000);
    expect((await client.jobs()).map(({ status }) => status)).toEqual(['done', 'cancelled', 'cancelled']);
  });

  it('that are taught over a connection end with it', async () => {
    server.api.opened.promptMs = 60_000;
    const hangUp = new AbortController();
    const asked = client
      .remember('work', FACT, { signal: hangUp.signal, onProgress: () => undefined })
      .catch(() => 'gone');
    for (let i = 0; i < 500 && (await client.jobs())[0]?.status !== 'running'; i++) await sleep(5);
    hangUp.abort();
    expect(await asked).toBe('gone');
    for (let i = 0; i < 200 && (await client.jobs())[0]!.status === 'running'; i++) await sleep(5);
    expect((await client.jobs())[0]!.status).toBe('cancelled');
    expect(server.api.opened.held).toEqual([]);
  });

  it('of one teacher are taken back together', async () => {
    const agent = await clientWith('agent', 'remember');
    await client.remember('work', 'Mine.', { onProgress: () => undefined });
    await agent.remember('work', 'One.', { onProgress: () => undefined });
    await agent.remember('work', { text: 'Two.', source: 'web page' }, { onProgress: () => undefined });
    const undone = await client.undo('work', { source: 'agent' }, { onProgress: () => undefined });
    expect(undone.status).toBe('done');
    expect((await client.memories('work', { state: 'remembered' })).data.map(({ text }) => text)).toEqual(['Mine.']);
    expect(await client.undo('work', { source: 'agent' }, { onProgress: () => undefined })).toMatchObject({
      status: 'failed',
      error: { code: 'not_found' },
    });
    expect((await client.undo('work', {}, { onProgress: () => undefined })).status).toBe('done');
  });

  it.each([
    {},
    { text: '' },
    { question: 'x' },
    { text: 'x', question: 'y', answer: 'z' },
    { text: 'x', all: true },
    { text: 3 },
  ])('refuses %j', async (body) => {
    const response = await server.post(`${BRAIN}/memories`, body);
    expect(response.status).toBe(400);
    expect(server.api.opened.calls).toEqual([]);
  });

  it('need keys that may', async () => {
    const chat = await clientWith('phone', 'chat');
    await expect(chat.memories('work')).rejects.toMatchObject({ status: 403, code: 'insufficient_scope' });
    await expect(chat.remember('work', 'x')).rejects.toMatchObject({ status: 403 });
    expect((await chat.ask('work', 'a b c')).answer).toBe('I know 3 words.');
    const teacher = await clientWith('teacher', 'remember');
    await client.remember('work', 'x');
    expect(await teacher.jobs()).toEqual([]); // somebody else's
    expect((await server.post('/engram/v1/models/nothing/pull', {})).status).toBe(404);
  });

  it('of brains that cannot be are refused', async () => {
    for (const brain of ['..', 'a/b', 'con', '%2e%2e%2f', '-x']) {
      await expect(client.memories(brain), brain).rejects.toMatchObject({
        status: expect.toSatisfy((status: number) => status === 404 || status === 400) as unknown,
      });
    }
  });
});

describe('the rest of the house', () => {
  it('is looked at: brains, documents, models, settings, runs, doctor', async () => {
    expect(await client.brains()).toMatchObject([{ name: 'default', model: 'tiny', memories: 0 }, { name: 'work' }]);
    const job = await client.ingest('work', new Blob(['The kiln is hot.']), 'kiln.md', { onProgress: () => undefined });
    expect(job).toMatchObject({
      status: 'done',
      result: { id: expect.stringMatching(/^doc-/) as unknown, documents: 1 },
    });
    server.api.opened.stored = [
      {
        id: 1,
        path: '/notes/kiln.md',
        kind: undefined,
        title: 'Kilns',
        bytes: 5,
        mtimeMs: 0,
        passages: 1,
        skipped: undefined,
        metadata: {},
        read: undefined,
      },
    ];
    server.api.opened.passages = [newPassage('It is hot.')];
    const [document] = await client.documents('work');
    expect(JSON.stringify(document)).not.toContain('/notes'); // where it lies is nobody's matter
    expect(await client.document('work', document!.id)).toMatchObject({ title: 'Kilns', text: 'It is hot.' });
    expect(await client.search('work', 'kiln')).toMatchObject([{ id: document!.id, text: 'It is hot.', score: 0.8 }]);
    expect(await client.removeDocument('work', document!.id)).toEqual({ id: document!.id, removed: true });
    for (const path of ['models', 'settings', 'runs', 'doctor'])
      expect((await server.get(`/engram/v1/${path}`)).status, path).toBe(200);
    expect(await (await server.get('/engram/v1/settings')).json()).toMatchObject({
      model: 'tiny',
      brain: 'default',
      parallel: 1,
    });
  });

  it('tells what changes', async () => {
    const stop = new AbortController();
    const types: string[] = [];
    const listening = (async () => {
      for await (const { type } of client.events({ signal: stop.signal })) types.push(type);
    })().catch(() => undefined);
    for (let i = 0; i < 50 && types.length === 0; i++) {
      await client.remember('work', FACT, { onProgress: () => undefined }); // it may not listen yet
      await sleep(50);
    }
    await client.forget('work', 'm-000000');
    for (let i = 0; i < 500 && types.at(-1) !== 'memory.forgotten'; i++) await sleep(5);
    stop.abort();
    await listening;
    expect([types[0], types.at(-1)]).toEqual(['remember.done', 'memory.forgotten']);
  });

  it('describes itself: every own route is in the OpenAPI document, with schemas', async () => {
    const document = (await (await server.get('/engram/v1/openapi.json')).json()) as {
      openapi: string;
      paths: Record<
        string,
        Record<string, { operationId: string; requestBody?: object; responses: Record<string, object> }>
      >;
    };
    expect(document.openapi).toBe('3.1.0');
    const operations = Object.values(document.paths).flatMap((path) => Object.values(path));
    expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(operations.length);
    expect(Object.keys(document.paths)).toContain('/engram/v1/brains/{brain}/memories/{id}');
    expect(document.paths['/engram/v1/brains/{brain}/ask']!['post']!.requestBody).toMatchObject({
      content: { 'application/json': { schema: { type: 'object', required: ['question'] } } },
    });
  });

  it('counts what it does', async () => {
    await client.ask('work', 'a b');
    const text = await (await server.get('/metrics')).text();
    expect(text).toMatch(/^engram_requests_total\{route="\/engram\/v1\/brains\/:brain\/ask",status="200"\} 1$/m);
    expect(text).toMatch(/^engram_generated_tokens_total 4$/m);
    expect(text).toMatch(/^# TYPE engram_request_seconds histogram$/m);
    expect(text).toMatch(/^engram_answers_running 0$/m);
  });

  it('sends the states of a job as events', async () => {
    const response = await server.post(`${BRAIN}/memories`, { text: FACT }, { accept: 'text/event-stream' });
    const events = await eventsOf(response);
    expect(new Set(events.map(({ event }) => event))).toEqual(new Set(['job']));
    expect(events.at(-1)!.data).toMatchObject({ status: 'done' });
  });
});

describe('MCP', () => {
  const connect = async (key: string): Promise<Client> => {
    const mcp = new Client({ name: 'test', version: '1' });
    const requestInit = { headers: { authorization: `Bearer ${key}` } };
    await mcp.connect(new StreamableHTTPClientTransport(new URL(`${server.running.url}/mcp`), { requestInit }));
    return mcp;
  };
  interface Result {
    isError?: boolean;
    structuredContent?: Record<string, unknown>;
    content: { text: string }[];
  }
  const call = async (mcp: Client, name: string, args: Record<string, unknown> = {}): Promise<Result> =>
    (await mcp.callTool({ name, arguments: { brain: 'work', ...args } })) as unknown as Result;

  it('lists its tools with hints, and does what they say', async () => {
    const mcp = await connect(server.running.key);
    const { tools } = await mcp.listTools();
    expect(tools.map(({ name }) => name)).toEqual([
      'remember',
      'recall',
      'ask',
      'list_memories',
      'forget',
      'undo',
      'search',
      'fetch',
    ]);
    for (const { annotations, outputSchema } of tools) {
      expect(annotations).toMatchObject({ openWorldHint: false });
      expect(outputSchema).toBeDefined();
    }
    expect(await call(mcp, 'remember', { text: FACT, source: 'chat' })).toMatchObject({
      structuredContent: { id: 'm-000000', committed: true, status: 'done' },
    });
    expect(await call(mcp, 'ask', { question: 'The harbour is closed when?' })).toMatchObject({
      structuredContent: { answer: FACT, source: 'weights', memories: ['m-000000'] },
    });
    expect(await call(mcp, 'recall', { query: 'harbour' })).toMatchObject({ content: [{ text: `m-000000: ${FACT}` }] });
    expect(await call(mcp, 'list_memories')).toMatchObject({
      structuredContent: { memories: [{ id: 'm-000000', text: FACT }] },
    });
    server.api.opened.stored = [
      {
        id: 1,
        path: '/notes/kiln.md',
        kind: undefined,
        title: 'Kilns',
        bytes: 5,
        mtimeMs: 0,
        passages: 1,
        skipped: undefined,
        metadata: {},
        read: undefined,
      },
    ];
    server.api.opened.passages = [newPassage('It is hot.')];
    const { results } = (await call(mcp, 'search', { query: 'kiln' })).structuredContent as {
      results: { id: string; url: string }[];
    };
    expect(await call(mcp, 'fetch', { id: results[0]!.id })).toMatchObject({
      structuredContent: { title: 'Kilns', text: 'It is hot.', url: results[0]!.url },
    });
    expect(await call(mcp, 'forget', { id: 'm-000000' })).toMatchObject({ structuredContent: { state: 'forgotten' } });
    expect(await call(mcp, 'forget', { id: 'm-ffffff' })).toMatchObject({ isError: true });
    expect(await call(mcp, 'undo')).toMatchObject({
      structuredContent: { changed: [{ id: 'm-000000', state: 'remembered' }] },
    });
    await mcp.close();
  });

  it('does no more with a key than its routes do, and nothing without one', async () => {
    const { key } = await new KeyStore(server.home).create('asker', 'chat');
    const mcp = await connect(key);
    expect((await call(mcp, 'ask', { question: 'a b' })).isError).toBeFalsy();
    expect(await call(mcp, 'remember', { text: 'x' })).toMatchObject({ isError: true });
    expect(await call(mcp, 'recall', { query: 'x' })).toMatchObject({ isError: true });
    expect(server.api.opened.held).toEqual([]);
    await mcp.close();
    await expect(connect('wrong')).rejects.toThrow();
    const evil = await server.post(
      '/mcp',
      { jsonrpc: '2.0', id: 1, method: 'tools/list' },
      { origin: 'https://evil.com' },
    );
    expect(evil.status).toBe(403);
    expect((await server.post('/mcp', '{}', { 'content-type': 'text/plain' })).status).toBe(415);
  });
});
