// What users of other servers complain of, as far as no other file here tests it: one rule for all routes, one queue for all models,
// streams that end once, connections that stay open.
import OpenAI from 'openai';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventsOf, startServer, type TestServer } from '../../support/server.js';

const BRAIN = '/engram/v1/brains/work';

let server: TestServer;
let openai: OpenAI;
const start = async (...given: Parameters<typeof startServer>): Promise<void> => {
  server = await startServer(...given);
  openai = new OpenAI({ baseURL: `${server.running.url}/v1`, apiKey: server.running.key, maxRetries: 0 });
};
beforeEach(() => start({ heartbeatMs: 40 }));
afterEach(() => server.close());

const LONG = 'word '.repeat(3000);
const words = (content: string) => ({ messages: [{ role: 'user' as const, content }] });

describe('too long a prompt', () => {
  it.each([
    ['/v1/chat/completions', { model: 'tiny', ...words(LONG) }],
    ['/v1/chat/completions', { model: 'tiny', stream: true, ...words(LONG) }],
    ['/v1/responses', { model: 'brain:work', input: LONG }],
    ['/v1/messages', { model: 'tiny', max_tokens: 5, ...words(LONG) }],
    ['/api/chat', { model: 'brain:work', ...words(LONG) }],
    ['/api/generate', { model: 'tiny', prompt: LONG }],
    [`${BRAIN}/ask`, { question: LONG }],
  ])('is refused with its figures at %s, whatever the model, and never cut in silence', async (path, body) => {
    const response = await server.post(path, body);
    expect(response.status).toBe(400);
    expect(await response.text()).toMatch(/2048 tokens/);
    expect(server.api.opened.calls).toEqual([]);
  });
});

describe('many at once', () => {
  it('stand in one queue, whatever the model', async () => {
    let open = (): void => undefined;
    server.api.opening = new Promise((resolve) => (open = resolve));
    const models = ['tiny', 'brain:work', 'brain:default'];
    let refused = 0;
    const all = Array.from({ length: 36 }, async (_, i) => {
      const { status } = await server.post('/v1/chat/completions', { model: models[i % 3], ...words('x') });
      if (status === 503) refused++;
      return status;
    });
    await expect.poll(() => refused, { timeout: 20_000 }).toBe(3);
    open();
    expect((await Promise.all(all)).sort()).toEqual([...Array<number>(33).fill(200), 503, 503, 503]);
  });

  it('that teach are told to come back where the line is full, and make no job that fails', async () => {
    server.api.opened.promptMs = 60_000;
    const teach = () => server.post(`${BRAIN}/memories`, { text: 'The kiln is blue.' });
    for (let i = 0; i < 33; i++) expect((await teach()).status).toBe(202);
    const refused = await teach();
    expect(refused.status).toBe(503);
    expect(refused.headers.get('retry-after')).toBe('5');
    const { data } = (await (await server.get('/engram/v1/jobs')).json()) as { data: { status: string }[] };
    expect(data.filter(({ status }) => status === 'failed')).toEqual([]);
    expect(data).toHaveLength(33);
  });

  it('of another method are told which there are', async () => {
    const response = await server.delete('/v1/chat/completions');
    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toBe('POST');
  });

  it('are told their place while they wait', async () => {
    server.api.opened.promptMs = 300;
    const ask = () => server.post('/v1/chat/completions', { model: 'tiny', stream: true, ...words('x') });
    const first = ask();
    await server.api.begun();
    expect(await (await ask()).text()).toMatch(/^: place 1$/m);
    await (await first).text();
  });

  it('get the vectors that one gets alone, or are told to come back: never a 500', async () => {
    const embed = (input: string | string[]) => openai.embeddings.create({ model: 'vectors', input });
    const texts = ['The kiln is hot.', 'A ship left.', 'x'];
    const alone = await Promise.all(texts.map(async (text) => (await embed(text)).data[0]!.embedding));
    expect((await embed(texts)).data.map(({ embedding }) => embedding)).toEqual(alone);
    const all = await Promise.allSettled(Array.from({ length: 60 }, (_, i) => embed(texts[i % 3]!)));
    let given = 0;
    for (const [i, one] of all.entries()) {
      if (one.status === 'fulfilled') {
        given++;
        expect(one.value.data[0]!.embedding).toEqual(alone[i % 3]);
      } else expect(one.reason).toMatchObject({ status: 503 });
    }
    expect(given).toBeGreaterThan(0);
  });

  it('with long chats both get their answers', async () => {
    await server.close();
    await start({}, { parallel: 2 });
    server.api.opened.promptMs = 200;
    const ask = () => openai.chat.completions.create({ model: 'tiny', ...words('word '.repeat(1900)) });
    const both = await Promise.all([ask(), ask()]);
    expect(server.api.opened.mostRunning).toBe(2);
    for (const { choices } of both) expect(choices[0]!.message.content).toContain('words');
  });
});

describe('streams', () => {
  it('number the calls of tools', async () => {
    const call = (id: string, city: string) => ({ id, name: 'weather', arguments: { city } });
    server.api.opened.next = { toolCalls: [call('aaaaaaaaa', 'Ulm'), call('bbbbbbbbb', 'Bonn')] };
    const tools = [{ type: 'function' as const, function: { name: 'weather', parameters: { type: 'object' } } }];
    const stream = openai.chat.completions.stream({ model: 'tiny', ...words('x'), tools });
    const seen: number[] = [];
    for await (const chunk of stream)
      for (const { index } of chunk.choices[0]?.delta.tool_calls ?? []) seen.push(index);
    expect([...new Set(seen)]).toEqual([0, 1]);
    const calls = (await stream.finalChatCompletion()).choices[0]!.message.tool_calls!;
    expect(calls.map((one) => (one as { function: { arguments: string } }).function.arguments)).toEqual([
      '{"city":"Ulm"}',
      '{"city":"Bonn"}',
    ]);
  });

  it('of responses end with one last event, also when the server breaks them off', async () => {
    server.api.opened.delayMs = 300;
    const asked = server.post('/v1/responses', { model: 'tiny', input: 'x', stream: true });
    await server.api.begun();
    const response = await asked;
    const events = eventsOf(response);
    await server.running.close(10);
    const names = (await events).map(({ event }) => event);
    const ends = names.filter((name) => /^response\.(completed|incomplete|failed)$|^error$/.test(name ?? ''));
    expect(ends).toEqual([names.at(-1)]);
  });
});

describe('connections', () => {
  it('take bodies of megabytes', async () => {
    server.api.opened.contextSize = 1_000_000;
    const { status } = await server.post('/v1/chat/completions', { model: 'tiny', ...words('x'.repeat(5_000_000)) });
    expect(status).toBe(200);
  });

  it('that are idle stay open for longer than a minute', async () => {
    const response = await server.get('/health', { connection: 'keep-alive' });
    expect(response.headers.get('keep-alive')).toBe('timeout=75');
  });

  it('say how much context a model has', async () => {
    const { data } = (await (await server.get('/v1/models')).json()) as { data: { id: string }[] };
    expect(data.find(({ id }) => id === 'tiny')).toMatchObject({
      engram: { context_length: expect.any(Number) as unknown },
    });
  });
});
