import Anthropic from '@anthropic-ai/sdk';
import { Ollama } from 'ollama';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { EngramError } from '../../../src/errors.js';
import { startServer, type TestServer } from '../../support/server.js';

let server: TestServer;
let anthropic: Anthropic;
let ollama: Ollama;

beforeAll(async () => {
  server = await startServer();
  anthropic = new Anthropic({ baseURL: server.running.url, apiKey: server.running.key, maxRetries: 0 });
  ollama = new Ollama({ host: server.running.url, headers: { authorization: `Bearer ${server.running.key}` } });
});
afterAll(() => server.close());
beforeEach(() => {
  server.api.opened.calls.length = 0;
  Object.assign(server.api.opened, { fault: undefined, faultAfter: undefined, next: {} });
});
const question = [{ role: 'user' as const, content: 'How many words are these?' }];
const last = (): unknown[] => server.api.opened.calls.at(-1)!;

describe("Anthropic's messages", () => {
  const ask = { model: 'tiny', max_tokens: 100, messages: question };
  const tools = [
    { name: 'weather', input_schema: { type: 'object' as const, properties: { city: { type: 'string' } } } },
  ];

  it('answer, with usage and grounds', async () => {
    const message = await anthropic.messages.create(ask);
    expect(message).toMatchObject({
      ...{ type: 'message', role: 'assistant', model: 'tiny', content: [{ type: 'text', text: 'I know 5 words.' }] },
      ...{ stop_reason: 'end_turn', usage: { input_tokens: 9, output_tokens: 4 }, engram: { source: 'base' } },
    });
  });

  it("stream in the order that its SDK's own stream reads", async () => {
    const types: string[] = [];
    const stream = anthropic.messages.stream({ ...ask, tools: [] });
    stream.on('streamEvent', ({ type }) => types.push(type));
    expect((await stream.finalMessage()).content).toMatchObject([{ type: 'text', text: 'I know 5 words.' }]);
    expect(types).toEqual([
      ...[
        'message_start',
        'content_block_start',
        ...Array<string>(4).fill('content_block_delta'),
        'content_block_stop',
      ],
      ...['message_delta', 'message_stop'],
    ]);
  });

  it('call tools, and take what they gave', async () => {
    const message = await anthropic.messages.stream({ ...ask, tools }).finalMessage();
    expect(message).toMatchObject({
      stop_reason: 'tool_use',
      content: [{ type: 'tool_use', id: 'toolu_abcdef123', name: 'weather', input: { city: 'Ulm' } }],
    });
    await anthropic.messages.create({
      ...ask,
      system: [{ type: 'text', text: 'x-anthropic-billing-header: cch=1a2b3;\nBe brief.' }],
      messages: [
        ...question,
        { role: 'assistant', content: message.content },
        {
          role: 'user',
          content: [
            { type: 'tool_result', tool_use_id: 'toolu_abcdef123', content: [{ type: 'text', text: '7' }] },
            { type: 'text', text: 'So?' },
          ],
        },
      ],
    });
    expect(last()[1]).toEqual([
      { role: 'system', content: 'Be brief.' },
      question[0],
      { role: 'assistant', content: '', toolCalls: [{ id: 'abcdef123', name: 'weather', arguments: { city: 'Ulm' } }] },
      { role: 'tool', content: '7', toolCallId: 'abcdef123' },
      { role: 'user', content: 'So?' },
    ]);
  });

  it('go on from what the assistant began', async () => {
    await anthropic.messages.create({ ...ask, messages: [...question, { role: 'assistant', content: 'There are' }] });
    expect(last()[2]).toMatchObject({ opening: 'There are' });
    expect(last()[1]).toEqual(question);
  });

  it('count tokens without answering, also under the path that a client asks for', async () => {
    expect(await anthropic.messages.countTokens({ model: 'tiny', messages: question })).toEqual({ input_tokens: 8 });
    const beta = await server.post('/v1/messages/count_tokens?beta=true', { model: 'tiny', messages: question });
    expect(await beta.json()).toEqual({ input_tokens: 8 });
    expect(server.api.opened.calls).toEqual([]);
  });

  it('say faults in their own way', async () => {
    const none = await anthropic.messages.create({ ...ask, model: 'claude' }).catch((error: unknown) => error);
    expect(none).toBeInstanceOf(Anthropic.NotFoundError);
    expect((none as { error: unknown }).error).toMatchObject({
      type: 'error',
      error: { type: 'not_found_error' },
      request_id: expect.stringMatching(/^req_/) as unknown,
    });
    await expect(
      anthropic.messages.create({ ...ask, max_tokens: undefined as unknown as number }),
    ).rejects.toMatchObject({ status: 400 });
    Object.assign(server.api.opened, { fault: new EngramError('disk', 'The disk is full.'), faultAfter: 1 });
    await expect(anthropic.messages.stream(ask).finalMessage()).rejects.toThrow('The disk is full.');
  });
});

describe("Ollama's dialect", () => {
  it('chats, streamed and whole', async () => {
    const whole = await ollama.chat({ model: 'tiny:latest', messages: question });
    expect(whole).toMatchObject({
      message: { role: 'assistant', content: 'I know 5 words.' },
      done: true,
      done_reason: 'stop',
      prompt_eval_count: 9,
      eval_count: 4,
    });
    const pieces: string[] = [];
    let done = 0;
    for await (const part of await ollama.chat({ model: 'tiny', messages: question, stream: true })) {
      pieces.push(part.message.content);
      if (part.done) done++;
    }
    expect(pieces).toEqual(['I ', 'know ', '5 ', 'words.', '']);
    expect(done).toBe(1);
  });

  it('calls tools with arguments as an object, and takes their results', async () => {
    const tools = [
      {
        type: 'function',
        function: {
          name: 'weather',
          description: '',
          parameters: { type: 'object', properties: { city: { type: 'string', description: '' } } },
        },
      },
    ];
    const { message } = await ollama.chat({ model: 'tiny', messages: question, tools });
    expect(message.tool_calls).toMatchObject([{ function: { name: 'weather', arguments: { city: 'Ulm' } } }]);
    await ollama.chat({
      model: 'tiny',
      messages: [...question, message, { role: 'tool', content: '7', tool_name: 'weather' }],
    });
    expect(last()[1]).toMatchObject([
      question[0],
      { toolCalls: [{ id: 'abcdef123', name: 'weather' }] },
      { role: 'tool', content: '7', toolCallId: 'abcdef123' },
    ]);
  });

  it('generates with a system text, raw, and in a form', async () => {
    expect((await ollama.generate({ model: 'tiny', prompt: 'a b', system: 'Be brief.' })).response).toBe(
      'I know 2 words.',
    );
    expect(last()[1]).toEqual([
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'a b' },
    ]);
    expect((await ollama.generate({ model: 'tiny', prompt: 'a b', raw: true })).response).toBe(' and so on.');
    await ollama.generate({
      model: 'tiny',
      prompt: 'x',
      format: 'json',
      options: { num_predict: 3, temperature: 0.5, seed: 1, stop: ['y'], num_ctx: 2048 },
    });
    expect(last()[2]).toMatchObject({
      jsonSchema: { type: 'object' },
      maxTokens: 3,
      temperature: 0.5,
      seed: 1,
      stop: ['y'],
    });
  });

  it('refuses a context that the server has not, and never loads again for one', async () => {
    await expect(ollama.chat({ model: 'tiny', messages: question, options: { num_ctx: 100_000 } })).rejects.toThrow(
      /num_ctx is 100000/,
    );
    expect(server.api.openings).toHaveLength(1);
  });

  it('lists, shows, embeds, loads, tells its version and greets', async () => {
    const { models } = await ollama.list();
    expect(models.map(({ name }) => name)).toEqual(['brain:default', 'brain:work', 'tiny', 'vectors']);
    expect(models[2]).toMatchObject({
      size: 5,
      digest: 'b'.repeat(64),
      details: { family: 'llama', parameter_size: '100M' },
    });
    const shown = await ollama.show({ model: 'brain:work' });
    expect(shown).toMatchObject({
      capabilities: ['completion', 'tools'],
      parameters: 'num_ctx 2048',
      details: { parent_model: 'tiny' },
    });
    expect(await (await server.post('/api/show', { name: 'tiny' })).json()).toMatchObject({
      model_info: { 'general.architecture': 'llama', 'llama.context_length': 2048 },
    });
    expect((await ollama.embed({ model: 'vectors', input: ['a', 'b'] })).embeddings).toHaveLength(2);
    expect(await (await server.post('/api/generate', { model: 'tiny' })).json()).toMatchObject({
      done: true,
      done_reason: 'load',
    });
    expect((await ollama.ps()).models.map(({ name }) => name)).toContain('tiny');
    expect(await (await server.post('/api/chat', { model: 'tiny', keep_alive: 0 })).json()).toMatchObject({
      done_reason: 'unload',
    });
    expect(server.api.opened.isClosed).toBe(true);
    expect((await ollama.version()).version).toMatch(/^\d/);
    expect(await (await fetch(server.running.url)).text()).toBe('Ollama is running');
  });

  it('pulls names of the catalog alone', async () => {
    const steps: string[] = [];
    for await (const { status } of await ollama.pull({ model: 'tiny', stream: true })) steps.push(status);
    expect(steps).toEqual(['pulling a.gguf', 'success']);
    for (const model of ['../../x', 'https://evil.com/x', 'hf.co/a/b', '/etc/passwd']) {
      await expect(ollama.pull({ model })).rejects.toThrow(/catalog has no model/);
    }
  });

  it('says faults in its own way, also in a stream', async () => {
    await expect(ollama.chat({ model: 'llama3', messages: question })).rejects.toThrow(/There is no model "llama3"/);
    Object.assign(server.api.opened, { fault: new EngramError('disk', 'The disk is full.'), faultAfter: 1 });
    const read = async (): Promise<unknown[]> => {
      const parts = [];
      for await (const part of await ollama.chat({ model: 'tiny', messages: question, stream: true })) parts.push(part);
      return parts;
    };
    await expect(read()).rejects.toThrow('The disk is full.');
  });
});
