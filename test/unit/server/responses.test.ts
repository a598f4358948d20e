import OpenAI, { toFile } from 'openai';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { EngramError } from '../../../src/errors.js';
import { KeyStore } from '../../../src/server/index.js';
import { passes } from '../../../src/server/openai/vector-stores.js';
import { newPassage } from '../../fakes/results.js';
import { eventsOf, startServer, type TestServer } from '../../support/server.js';

let server: TestServer;
let openai: OpenAI;

beforeAll(async () => {
  server = await startServer();
  openai = new OpenAI({ baseURL: `${server.running.url}/v1`, apiKey: server.running.key, maxRetries: 0 });
});
afterAll(() => server.close());
beforeEach(() => {
  server.api.opened.calls.length = 0;
  Object.assign(server.api.opened, { fault: undefined, faultAfter: undefined, next: {}, passages: [] });
});
const last = (): unknown[] => server.api.opened.calls.at(-1)!;
const tools = [
  { type: 'function' as const, name: 'weather', parameters: { type: 'object', properties: {} }, strict: false },
];

describe('responses', () => {
  it('answer a text', async () => {
    const response = await openai.responses.create({
      model: 'tiny',
      input: 'How many words are these?',
      instructions: 'Be brief.',
    });
    expect(response.output_text).toBe('I know 5 words.');
    expect(response).toMatchObject({
      ...{
        object: 'response',
        status: 'completed',
        error: null,
        store: true,
        instructions: 'Be brief.',
        previous_response_id: null,
      },
      usage: { input_tokens: 9, output_tokens: 4, total_tokens: 13, output_tokens_details: { reasoning_tokens: 0 } },
    });
    expect(last()[1]).toEqual([
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'How many words are these?' },
    ]);
  });

  it('go on from one before, without its instructions', async () => {
    const first = await openai.responses.create({ model: 'tiny', input: 'a b', instructions: 'Be brief.' });
    await openai.responses.create({ model: 'tiny', input: 'c', previous_response_id: first.id });
    expect(last()[1]).toEqual([
      { role: 'user', content: 'a b' },
      { role: 'assistant', content: 'I know 2 words.' },
      { role: 'user', content: 'c' },
    ]);
    expect((await openai.responses.retrieve(first.id)).id).toBe(first.id);
    expect((await openai.responses.inputItems.list(first.id)).data).toMatchObject([{ role: 'user' }]);
    await openai.responses.delete(first.id);
    await expect(openai.responses.retrieve(first.id)).rejects.toMatchObject({ status: 404 });
    await expect(
      openai.responses.create({ model: 'tiny', input: 'c', previous_response_id: first.id }),
    ).rejects.toMatchObject({ status: 404 });
    const unkept = await openai.responses.create({ model: 'tiny', input: 'a', store: false });
    await expect(openai.responses.retrieve(unkept.id)).rejects.toMatchObject({ status: 404 });
  });

  it("are nobody else's", async () => {
    const { id } = await openai.responses.create({ model: 'tiny', input: 'my secret' });
    const { key } = await new KeyStore(server.home).create('other', 'chat');
    const other = new OpenAI({ baseURL: `${server.running.url}/v1`, apiKey: key, maxRetries: 0 });
    await expect(other.responses.retrieve(id)).rejects.toMatchObject({ status: 404 });
    await expect(other.responses.create({ model: 'tiny', input: 'x', previous_response_id: id })).rejects.toMatchObject(
      { status: 404 },
    );
  });

  it('stream in their order, numbered, and end once', async () => {
    const events = await eventsOf(
      await server.post('/v1/responses', { model: 'tiny', input: 'one two', stream: true }),
    );
    expect(events.map(({ event }) => event)).toEqual([
      ...['response.created', 'response.in_progress', 'response.output_item.added', 'response.content_part.added'],
      ...Array<string>(4).fill('response.output_text.delta'),
      ...['response.output_text.done', 'response.content_part.done', 'response.output_item.done', 'response.completed'],
    ]);
    const data = events.map((event) => event.data as { type: string; sequence_number: number; item_id?: string });
    expect(data.map(({ sequence_number }) => sequence_number)).toEqual([...events.keys()]);
    expect(data.map(({ type }) => type)).toEqual(events.map(({ event }) => event));
    expect(new Set(data.flatMap(({ item_id }) => item_id ?? [])).size).toBe(1);
    const stream = openai.responses.stream({ model: 'tiny', input: 'one two' });
    expect((await stream.finalResponse()).output).toMatchObject([
      { content: [{ type: 'output_text', text: 'I know 2 words.' }] },
    ]);
  });

  it('call functions, streamed, and take what they gave; other tools are left out and named', async () => {
    const all = [...tools, { type: 'web_search' as const }];
    const events = await eventsOf(
      await server.post('/v1/responses', { model: 'tiny', input: 'x', stream: true, tools: all }),
    );
    expect(events.map(({ event }) => event)).toEqual([
      ...[
        'response.created',
        'response.in_progress',
        'response.output_item.added',
        'response.function_call_arguments.delta',
      ],
      ...['response.function_call_arguments.done', 'response.output_item.done', 'response.completed'],
    ]);
    const done = events.at(-1)!.data as {
      response: { engram: { warnings: string[] }; output: OpenAI.Responses.ResponseFunctionToolCall[] };
    };
    expect(done.response.engram.warnings[0]).toContain('web_search');
    const [call] = done.response.output;
    expect(call).toMatchObject({
      type: 'function_call',
      call_id: 'call_abcdef123',
      name: 'weather',
      arguments: '{"city":"Ulm"}',
    });
    const output = { type: 'function_call_output' as const, call_id: call!.call_id, output: '7' };
    await openai.responses.create({ model: 'tiny', input: [{ role: 'user', content: 'x' }, call!, output] });
    expect(last()[1]).toEqual([
      { role: 'user', content: 'x' },
      { role: 'assistant', content: '', toolCalls: [{ id: 'abcdef123', name: 'weather', arguments: { city: 'Ulm' } }] },
      { role: 'tool', content: '7', toolCallId: 'abcdef123' },
    ]);
  });

  it('that are cut off are incomplete; those that fail say so once', async () => {
    const cut = await openai.responses.create({ model: 'tiny', input: 'x', max_output_tokens: 2 });
    expect(cut).toMatchObject({ status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } });
    Object.assign(server.api.opened, { fault: new EngramError('disk', 'The disk is full.'), faultAfter: 1 });
    const events = await eventsOf(await server.post('/v1/responses', { model: 'tiny', input: 'x', stream: true }));
    expect(events.at(-1)).toMatchObject({
      event: 'response.failed',
      data: { response: { status: 'failed', error: { message: 'The disk is full.' } } },
    });
  });

  it('are shortened only by truncation auto, and take forms', async () => {
    const input = 'word '.repeat(3000);
    await expect(openai.responses.create({ model: 'tiny', input })).rejects.toMatchObject({
      code: 'context_length_exceeded',
    });
    await openai.responses.create({ model: 'tiny', input, truncation: 'auto' });
    expect(last()[2]).toMatchObject({ overflow: 'shift' });
    const schema = { type: 'object', properties: {} };
    await openai.responses.create({
      model: 'tiny',
      input: 'x',
      text: { format: { type: 'json_schema', name: 'a', schema } },
    });
    expect(last()[2]).toMatchObject({ jsonSchema: schema });
  });

  it.each([
    [{ input: [] }, 'input'],
    [{ input: [{ type: 'computer_call' }] }, 'input[0]'],
    [{ input: [{ role: 'root', content: 'x' }] }, 'input[0]'],
    [{ input: [{ role: 'user', content: [{ type: 'input_image', image_url: 'http://x' }] }] }, 'input[0].content[0]'],
    [{ input: [{ type: 'function_call', call_id: 'a', name: 'b', arguments: '{' }] }, 'input[0].arguments'],
    [{ input: 'x', background: true }, 'background'],
  ])('refuse %j', async (body, param) => {
    const response = await server.post('/v1/responses', { model: 'tiny', ...body });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { param } });
  });
});

describe('vector stores', () => {
  it('hold files, and are searched by meaning and attributes', async () => {
    const file = await openai.files.create({
      file: await toFile(Buffer.from('The kiln is hot.'), 'kiln.md'),
      purpose: 'assistants',
    });
    const store = await openai.vectorStores.create({ name: 'notes', metadata: { a: 'b' } });
    expect(store).toMatchObject({
      object: 'vector_store',
      name: 'notes',
      status: 'completed',
      file_counts: { total: 0 },
    });
    const added = await openai.vectorStores.files.create(store.id, { file_id: file.id, attributes: { year: 2020 } });
    expect(added).toMatchObject({
      id: file.id,
      object: 'vector_store.file',
      vector_store_id: store.id,
      status: 'completed',
      last_error: null,
    });
    expect(await openai.vectorStores.retrieve(store.id)).toMatchObject({
      file_counts: { completed: 1, total: 1 },
      usage_bytes: 16,
    });
    const [, paths] = server.api.opened.calls.find(([name]) => name === 'ingest')! as [string, string[]];
    server.api.opened.passages = [
      newPassage('The kiln is hot.', { source: paths[0]!, relevance: 0.9 }),
      newPassage('elsewhere', { id: 2, source: '/x' }),
    ];
    const search = (more: object = {}) => openai.vectorStores.search(store.id, { query: 'kiln', ...more });
    expect((await search()).data).toEqual([
      {
        file_id: file.id,
        filename: 'kiln.md',
        score: 0.9,
        attributes: { year: 2020 },
        content: [{ type: 'text', text: 'The kiln is hot.' }],
      },
    ]);
    expect((await search({ filters: { type: 'gt', key: 'year', value: 2021 } })).data).toEqual([]);
    expect((await search({ ranking_options: { score_threshold: 0.95 } })).data).toEqual([]);
    await expect(search({ max_num_results: 1e9 })).rejects.toMatchObject({ status: 400 });
    await openai.vectorStores.files.delete(file.id, { vector_store_id: store.id });
    expect((await openai.vectorStores.files.list(store.id)).data).toEqual([]);
    await openai.vectorStores.delete(store.id);
    await expect(openai.vectorStores.retrieve(store.id)).rejects.toMatchObject({ status: 404 });
  });

  it('compare what is comparable', () => {
    const of = { year: 2020, topic: 'kiln' };
    expect(
      passes(of, {
        type: 'and',
        filters: [
          { type: 'gte', key: 'year', value: 2020 },
          { type: 'ne', key: 'topic', value: 'x' },
        ],
      }),
    ).toBe(true);
    expect(
      passes(of, {
        type: 'or',
        filters: [
          { type: 'lt', key: 'year', value: 2020 },
          { type: 'in', key: 'topic', value: ['kiln'] },
        ],
      }),
    ).toBe(true);
    expect(passes(of, { type: 'gt', key: 'topic', value: 3 })).toBe(false);
    expect(passes(of, { type: 'nin', key: 'other', value: ['x'] })).toBe(true);
    expect(passes(of, { type: 'eq', key: 'constructor', value: 'x' })).toBe(false);
  });
});
