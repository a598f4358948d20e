/* eslint-disable @typescript-eslint/no-deprecated -- clients still send it */
import OpenAI, { APIError } from 'openai';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { EngramError } from '../../../src/errors.js';
import { eventsOf, startServer, type TestServer } from '../../support/server.js';

let server: TestServer;
let openai: OpenAI;

beforeAll(async () => {
  server = await startServer({ aliases: { 'gpt-4o-mini': 'brain:work' } });
  openai = new OpenAI({ baseURL: `${server.running.url}/v1`, apiKey: server.running.key, maxRetries: 0 });
});
afterAll(() => server.close());
beforeEach(() => {
  server.api.opened.calls.length = 0;
  Object.assign(server.api.opened, { fault: undefined, faultAfter: undefined, next: {}, delayMs: 0, promptMs: 0 });
  server.api.opened.held.length = 0;
});

const question = [{ role: 'user' as const, content: 'How many words are these?' }];
const lastOptions = (): Record<string, unknown> => server.api.opened.calls.at(-1)![2] as Record<string, unknown>;

describe('models', () => {
  it('lists brains first, then base models and the embedder, with what engram knows of them', async () => {
    const { data } = await openai.models.list();
    expect(data.map(({ id }) => id)).toEqual(['brain:default', 'brain:work', 'tiny', 'vectors']);
    expect(data[0]).toMatchObject({ object: 'model', owned_by: 'engram', parent: 'tiny', max_model_len: 2048 });
    expect(data[0]).toMatchObject({ engram: { kind: 'brain', base: 'tiny', memories: 0 } });
  });

  it('retrieves one by its name, percent-encoded, and by an alias', async () => {
    expect((await openai.models.retrieve('brain:work')).id).toBe('brain:work');
    expect((await openai.models.retrieve('gpt-4o-mini')).id).toBe('gpt-4o-mini');
  });

  it('says 404 model_not_found with a near name, and never serves another model in its place', async () => {
    await expect(openai.chat.completions.create({ model: 'brain:wrok', messages: question })).rejects.toMatchObject({
      status: 404,
      code: 'model_not_found',
      message: expect.stringContaining('brain:work') as unknown,
    });
    expect(server.api.opened.calls).toEqual([]);
  });

  it('takes no path for a model', async () => {
    for (const model of ['/etc/passwd', '../x.gguf', 'brain:../x', 'adapter:/tmp/a.gguf', 'ft:../..', 'C:\\x.gguf']) {
      await expect(openai.chat.completions.create({ model, messages: question })).rejects.toMatchObject({
        status: 404,
      });
    }
  });
});

describe('chat completions', () => {
  it('answers, with usage and what the answer rests on', async () => {
    const answer = await openai.chat.completions.create({ model: 'tiny', messages: question });
    expect(answer.id).toMatch(/^chatcmpl-/);
    expect(answer.choices).toEqual([
      {
        ...{ index: 0, logprobs: null, finish_reason: 'stop' },
        message: { role: 'assistant', content: 'I know 5 words.', refusal: null },
      },
    ]);
    expect(answer.usage).toEqual({
      ...{ prompt_tokens: 9, completion_tokens: 4, total_tokens: 13 },
      prompt_tokens_details: { cached_tokens: 0 },
    });
    expect(answer).toMatchObject({ engram: { source: 'base', memories: [], passages: [] } });
    expect(answer._request_id).toMatch(/^req_[0-9a-f]{24}$/);
  });

  it('streams: a role, pieces, a reason, usage where it is asked for, and the end', async () => {
    const body = { model: 'tiny', messages: question, stream: true };
    const with_ = await eventsOf(
      await server.post('/v1/chat/completions', { ...body, stream_options: { include_usage: true } }),
    );
    const chunks = with_.slice(0, -1).map(({ data }) => data as OpenAI.ChatCompletionChunk);
    expect(with_.at(-1)!.data).toBe('[DONE]');
    expect(chunks.map(({ choices }) => choices[0]?.delta)).toEqual([
      { role: 'assistant', content: '', refusal: null },
      { content: 'I ' },
      { content: 'know ' },
      { content: '5 ' },
      { content: 'words.' },
      {},
      undefined,
    ]);
    expect(chunks.map(({ usage }) => usage)).toEqual([
      ...Array<null>(6).fill(null),
      expect.objectContaining({ total_tokens: 13 }),
    ]);
    expect(new Set(chunks.map(({ id }) => id)).size).toBe(1);
    expect(chunks[5]).toMatchObject({ choices: [{ finish_reason: 'stop' }], engram: { source: 'base' } });
    const without = await eventsOf(await server.post('/v1/chat/completions', body));
    for (const { data } of without.slice(0, -1)) expect(data).not.toHaveProperty('usage');
  });

  it("is read by the SDK's own stream, tools and all", async () => {
    const tools = [
      {
        type: 'function' as const,
        function: { name: 'weather', parameters: { type: 'object', properties: { city: { type: 'string' } } } },
      },
    ];
    const stream = openai.chat.completions.stream({ model: 'tiny', messages: question, tools });
    const names: string[] = [];
    for await (const chunk of stream) {
      const [call] = chunk.choices[0]?.delta.tool_calls ?? [];
      if (call !== undefined)
        names.push(`${call.index} ${call.function?.name ?? ''} ${call.function?.arguments ?? ''}`);
    }
    // The name comes with empty arguments, then the arguments: some clients take no other order.
    expect(names).toEqual(['0 weather ', '0  {"city":"Ulm"}']);
    const { choices } = await stream.finalChatCompletion();
    expect(choices[0]!.finish_reason).toBe('tool_calls');
    const [call] = choices[0]!.message.tool_calls!;
    expect(call).toMatchObject({ id: 'call_abcdef123', type: 'function', function: { name: 'weather' } });
    expect(typeof (call as { function: { arguments: unknown } }).function.arguments).toBe('string');
  });

  it('takes the history of a call back, ids and arguments as the engine has them', async () => {
    await openai.chat.completions.create({
      model: 'tiny',
      messages: [
        ...question,
        {
          role: 'assistant',
          content: null,
          tool_calls: [{ id: 'call_abcdef123', type: 'function', function: { name: 'w', arguments: '{"a":1}' } }],
        },
        { role: 'tool', tool_call_id: 'call_abcdef123', content: '7 degrees' },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'And ' },
            { type: 'text', text: 'now?' },
          ],
        },
      ],
    });
    expect(server.api.opened.calls.at(-1)![1]).toEqual([
      question[0],
      { role: 'assistant', content: '', toolCalls: [{ id: 'abcdef123', name: 'w', arguments: { a: 1 } }] },
      { role: 'tool', content: '7 degrees', toolCallId: 'abcdef123' },
      { role: 'user', content: 'And now?' },
    ]);
  });

  it('refuses history whose arguments are not JSON, naming the message', async () => {
    const bad = {
      role: 'assistant' as const,
      tool_calls: [{ id: 'x', type: 'function' as const, function: { name: 'w', arguments: '{a' } }],
    };
    await expect(openai.chat.completions.create({ model: 'tiny', messages: [...question, bad] })).rejects.toMatchObject(
      { status: 400, param: 'messages[1].tool_calls[0].function.arguments' },
    );
  });

  it('gives n answers, each with a seed of its own', async () => {
    const { choices, usage } = await openai.chat.completions.create({
      model: 'tiny',
      messages: question,
      n: 3,
      seed: 7,
      temperature: 1,
    });
    expect(choices.map(({ index }) => index)).toEqual([0, 1, 2]);
    expect(server.api.opened.calls.map((call) => (call[2] as { seed: number }).seed)).toEqual([7, 8, 9]);
    expect(usage!.completion_tokens).toBe(12);
  });

  it('passes on what the engine can do, by its names', async () => {
    await openai.chat.completions.create({
      ...{
        model: 'tiny',
        messages: question,
        temperature: 0.5,
        top_p: 0.9,
        seed: -1,
        stop: 'x',
        max_tokens: 9,
        max_completion_tokens: 3,
      },
      ...{
        frequency_penalty: 0.1,
        presence_penalty: 0.2,
        logit_bias: { 5: -100, 6: 2 },
        user: 'me',
        metadata: { a: 'b' },
        store: true,
      },
    });
    expect(lastOptions()).toMatchObject({
      ...{
        temperature: 0.5,
        topP: 0.9,
        seed: 2 ** 32 - 1,
        stop: ['x'],
        maxTokens: 3,
        frequencyPenalty: 0.1,
        presencePenalty: 0.2,
      },
      logitBias: new Map([
        [5, -Infinity],
        [6, 2],
      ]),
    });
  });

  it('gives JSON of a schema, and any JSON object', async () => {
    const schema = { type: 'object', properties: { city: { type: 'string' } } };
    const { choices } = await openai.chat.completions.create({
      ...{ model: 'tiny', messages: question },
      response_format: { type: 'json_schema', json_schema: { name: 'place', schema } },
    });
    expect(JSON.parse(choices[0]!.message.content!)).toEqual({ city: 'Ulm' });
    expect(lastOptions()['jsonSchema']).toEqual(schema);
    await openai.chat.completions.create({
      model: 'tiny',
      messages: question,
      response_format: { type: 'json_object' },
    });
    expect(lastOptions()['jsonSchema']).toEqual({ type: 'object' });
  });

  it('gives log-probabilities with the bytes of each token, whole and streamed', async () => {
    const { choices } = await openai.chat.completions.create({
      model: 'tiny',
      messages: question,
      logprobs: true,
      top_logprobs: 1,
    });
    expect(choices[0]!.logprobs!.content![0]).toEqual({
      ...{ token: 'I ', logprob: -0.5, bytes: [73, 32] },
      top_logprobs: [{ token: 'I ', logprob: -0.5, bytes: [73, 32] }],
    });
    const stream = openai.chat.completions.stream({ model: 'tiny', messages: question, logprobs: true, stream: true });
    expect((await stream.finalChatCompletion()).choices[0]!.logprobs!.content).toHaveLength(4);
  });

  it('refuses what is too long with its figures, and shortens only where that is asked for', async () => {
    const messages = [{ role: 'user' as const, content: 'word '.repeat(3000) }];
    await expect(openai.chat.completions.create({ model: 'tiny', messages })).rejects.toMatchObject({
      ...{ status: 400, code: 'context_length_exceeded' },
      message: expect.stringMatching(/2048 tokens.*3004/) as unknown,
    });
    expect(server.api.opened.calls).toEqual([]);
    const engram = { overflow: 'shift' };
    await openai.chat.completions.create({ model: 'tiny', messages, ...({ engram } as object) });
    expect(lastOptions()).toMatchObject({ overflow: 'shift' });
  });

  it('bounds an answer by what the context leaves, where no number is named', async () => {
    await openai.chat.completions.create({ model: 'tiny', messages: question });
    expect(lastOptions()['maxTokens']).toBe(2048 - 8);
  });

  it('tells a fault in mid-stream as an error that the SDK throws, without [DONE]', async () => {
    Object.assign(server.api.opened, { fault: new EngramError('disk', 'The disk is full.'), faultAfter: 2 });
    const stream = await openai.chat.completions.create({ model: 'tiny', messages: question, stream: true });
    let said = '';
    const read = async (): Promise<void> => {
      for await (const { choices } of stream) said += choices[0]?.delta.content ?? '';
    };
    await expect(read()).rejects.toThrow('The disk is full.');
    expect(said).toBe('I know ');
  });

  it.each([
    ['usage', 400, false],
    ['exists', 409, false],
    ['locked', 409, true],
    ['corrupt', 500, false],
    ['network', 502, true],
    ['offline', 503, false],
    ['memory', 507, false],
  ] as const)('says %s as %i, and whether asking again helps', async (code, status, again) => {
    server.api.opened.fault = new EngramError(code, 'It is so.');
    const response = await server.post('/v1/chat/completions', { model: 'tiny', messages: question });
    expect(response.status).toBe(status);
    expect(response.headers.get('x-should-retry')).toBe(String(again));
    expect(response.headers.has('retry-after')).toBe(again);
    expect(await response.json()).toMatchObject({ error: { message: 'It is so.', code, param: null } });
  });

  it('tells nothing of the inside where something unforeseen happens', async () => {
    server.api.opened.fault = new TypeError('secret at /home/x');
    const error = await openai.chat.completions.create({ model: 'tiny', messages: question }).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(APIError);
    expect((error as APIError).status).toBe(500);
    expect((error as APIError).message).not.toContain('secret');
  });
});

describe('brains', () => {
  beforeEach(async () => {
    await server.api.opened.memories.add('The harbour is closed on Mondays.');
    server.api.opened.calls.length = 0;
  });

  it('answer from memory and say so; the base model and the adapter stay alone', async () => {
    const ask = (model: string) =>
      openai.chat.completions.create({ model, messages: [{ role: 'user', content: 'The harbour is closed when?' }] });
    server.api.opened.trained = [{ name: 'tone', base: 'tiny' }];
    expect(await ask('brain:work')).toMatchObject({
      engram: { source: 'weights', memories: [{ id: 'm-000000', score: 0.9 }] },
    });
    expect(lastOptions()).toMatchObject({ unknown: 'answer' });
    expect(await ask('tiny')).toMatchObject({ engram: { source: 'base' } });
    expect(lastOptions()).toMatchObject({ memories: false, passages: 0 });
    await ask('adapter:tone');
    expect(lastOptions()).toMatchObject({ adapter: 'tone', memories: false, passages: 0 });
    server.api.opened.trained = [];
  });

  it('are told options of an answer in the field engram', async () => {
    const engram = { memories: false, passages: 1, unknown: 'say', about: 'the harbour' };
    await openai.chat.completions.create({ model: 'brain:work', messages: question, ...({ engram } as object) });
    expect(lastOptions()).toMatchObject(engram);
  });

  // As Open WebUI 0.6 and LibreChat 0.8 write them.
  it.each([
    `### Task:\nGenerate a concise, 3-5 word title with an emoji summarizing the chat history.\n### Guidelines:\n- The title should clearly represent the main theme.\n### Output:\nJSON format: { "title": "your concise title here" }\n### Chat History:\n<chat_history>\nUSER: The harbour, when is it closed?\nASSISTANT: On Mondays.\n</chat_history>`,
    `### Task:\nGenerate 1-3 broad tags categorizing the main themes of the chat history.\n### Chat History:\n<chat_history>\nUSER: The harbour\nASSISTANT: Closed.\n</chat_history>`,
    `### Task:\nSuggest 3-5 relevant follow-up questions.\n### Chat History:\n<chat_history>\nUSER: The harbour\nASSISTANT: Closed.\n</chat_history>`,
    `Provide a concise, 5-word-or-less title for the conversation, using title case conventions. Only return the title itself.\n\nConversation:\nUser: The harbour, when is it closed?\nAI: On Mondays.`,
  ])('keep their memories out of titles and tags: %#', async (content) => {
    await openai.chat.completions.create({ model: 'brain:work', messages: [{ role: 'user', content }] });
    expect(lastOptions()).toMatchObject({ memories: false, passages: 0, unknown: 'answer' });
  });
});

describe('completions', () => {
  it('continues one text, several, and token ids', async () => {
    const one = await openai.completions.create({ model: 'tiny', prompt: 'Once' });
    expect(one).toMatchObject({
      object: 'text_completion',
      choices: [{ text: ' and so on.', index: 0, logprobs: null, finish_reason: 'stop' }],
    });
    const two = await openai.completions.create({ model: 'tiny', prompt: ['Once', 'Twice'], echo: true, n: 2 });
    expect(two.choices.map(({ text }) => text)).toEqual([
      'Once and so on.',
      'Once and so on.',
      'Twice and so on.',
      'Twice and so on.',
    ]);
    const ids = await openai.completions.create({ model: 'tiny', prompt: [1, 2], echo: true, logprobs: 1 });
    expect(ids.choices[0]).toMatchObject({
      text: 'w1 w2 and so on.',
      logprobs: { tokens: [' and so on.'], token_logprobs: [-0.25], text_offset: [5] },
    });
  });

  it('streams', async () => {
    const stream = await openai.completions.create({ model: 'tiny', prompt: 'Once', stream: true });
    const pieces: string[] = [];
    for await (const { object, choices } of stream)
      pieces.push(`${object} ${choices[0]!.text} ${choices[0]!.finish_reason}`);
    expect(pieces).toEqual(['text_completion  and so on. null', 'text_completion  stop']);
  });

  it('refuses a suffix and ranking', async () => {
    await expect(openai.completions.create({ model: 'tiny', prompt: 'a', suffix: 'b' })).rejects.toMatchObject({
      status: 400,
      param: 'suffix',
    });
    await expect(openai.completions.create({ model: 'tiny', prompt: 'a', best_of: 2 })).rejects.toMatchObject({
      status: 400,
      param: 'best_of',
    });
  });
});

describe('embeddings', () => {
  it('gives the same vectors as base64 (which the SDK asks for) and as numbers, in the order of the input', async () => {
    const { data } = await openai.embeddings.create({ model: 'vectors', input: ['a', 'b b'] });
    const floats = await openai.embeddings.create({ model: 'vectors', input: ['a', 'b b'], encoding_format: 'float' });
    expect(data.map(({ embedding }) => embedding)).toEqual(floats.data.map(({ embedding }) => embedding));
    expect(data.map(({ index }) => index)).toEqual([0, 1]);
    expect(data[0]!.embedding).toHaveLength(4);
    const alone = await openai.embeddings.create({ model: 'vectors', input: 'b b', encoding_format: 'float' });
    expect(alone.data[0]!.embedding).toEqual(floats.data[1]!.embedding);
  });

  it("reads OpenAI's token ids, as LangChain sends them", async () => {
    const ids = await openai.embeddings.create({ model: 'vectors', input: [[15339, 1917]], encoding_format: 'float' });
    const text = await openai.embeddings.create({ model: 'vectors', input: 'hello world', encoding_format: 'float' });
    expect(ids.data[0]!.embedding).toEqual(text.data[0]!.embedding);
    await expect(openai.embeddings.create({ model: 'vectors', input: [[2 ** 40]] })).rejects.toMatchObject({
      ...{ status: 400, message: expect.stringContaining('check_embedding_ctx_length=False') as unknown },
    });
  });

  it('refuses empty texts, other dimensions and models that chat', async () => {
    await expect(openai.embeddings.create({ model: 'vectors', input: ['a', ' '] })).rejects.toMatchObject({
      status: 400,
    });
    await expect(openai.embeddings.create({ model: 'vectors', input: 'a', dimensions: 3 })).rejects.toMatchObject({
      param: 'dimensions',
    });
    await expect(openai.embeddings.create({ model: 'tiny', input: 'a' })).rejects.toMatchObject({ status: 400 });
  });
});
