// Against a real HTTP server that is strict (chat-server.ts).
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Elsewhere } from '../../../src/inference/elsewhere.js';
import { eventsOf } from '../../../src/inference/server-events.js';
import { ChatServer } from '../../support/chat-server.js';

let server: ChatServer;
let address: string;
beforeEach(async () => {
  server = new ChatServer();
  address = await server.start();
});
afterEach(() => server.stop());

const question = [{ role: 'user' as const, content: 'Who runs the kiln?' }];
const fails = (code: string, message: RegExp): unknown =>
  expect.objectContaining({ name: 'EngramError', code, message: expect.stringMatching(message) as unknown }) as unknown;
const ask = (options: Parameters<Elsewhere['chat']>[1] = {}) => new Elsewhere({ address }).chat(question, options);

it('answers as it comes, with what it counted', async () => {
  server.reply = () => ({ deltas: [{ content: 'Mara ' }, { content: 'Voß 🧠' }, { content: '.' }], finish: 'stop' });
  const pieces: string[] = [];
  const answer = await ask({ onText: (piece) => pieces.push(piece) });
  expect(answer).toMatchObject({
    text: 'Mara Voß 🧠.',
    finishReason: 'stop',
    promptTokens: 21,
    reusedTokens: 8,
    tokens: 3,
  });
  expect(pieces).toEqual(['Mara ', 'Voß 🧠', '.']);
  expect(server.requests[0]).toEqual({
    ...{ model: 'big', messages: question, stream: true, stream_options: { include_usage: true } },
    ...{ max_tokens: 512, temperature: 0 },
  });
});

it('puts an adapter in the place of the model, and passes on what was asked for', async () => {
  const jsonSchema = { type: 'object' };
  await ask({ adapter: 'tone', maxTokens: 9, temperature: 0.5, topP: 0.9, seed: 7, stop: ['\n'], jsonSchema });
  expect(server.requests[0]).toMatchObject({
    ...{ model: 'tone', max_tokens: 9, temperature: 0.5, top_p: 0.9, seed: 7, stop: ['\n'] },
    response_format: { type: 'json_schema', json_schema: { name: 'answer', schema: jsonSchema, strict: true } },
  });
});

it('calls tools, and gives back what they gave', async () => {
  const named = (id: string, name: string) => ({
    index: Number(id),
    id: `call${id}`,
    type: 'function',
    function: { name, arguments: '' },
  });
  const more = (index: number, text: string) => ({ index, function: { arguments: text } });
  server.reply = () => ({
    deltas: [
      { tool_calls: [named('0', 'look')] },
      { tool_calls: [more(0, '{"at":')] },
      { tool_calls: [more(0, '"Ulm"}'), named('1', 'count')] },
      { tool_calls: [more(1, '{"to"')] },
    ],
    finish: 'length',
  });
  const tools = [{ name: 'look', parameters: { type: 'object' } }, { name: 'count' }];
  const answer = await ask({ tools, toolChoice: 'required' });
  expect(answer.toolCalls).toEqual([{ id: 'call0', name: 'look', arguments: { at: 'Ulm' } }]);
  expect(answer.cutToolCall).toEqual({ name: 'count', arguments: '{"to"' });
  await new Elsewhere({ address }).chat([
    ...question,
    { role: 'assistant', content: '', toolCalls: answer.toolCalls! },
    { role: 'tool', content: 'Sunny.', toolCallId: 'call0' },
  ]);
  expect(server.requests[1]!.messages.slice(1)).toEqual([
    {
      ...{ role: 'assistant', content: '' },
      tool_calls: [{ id: 'call0', type: 'function', function: { name: 'look', arguments: '{"at":"Ulm"}' } }],
    },
    { role: 'tool', content: 'Sunny.', tool_call_id: 'call0' },
  ]);
});

it('tells thoughts and probabilities apart from the text', async () => {
  const logprobs = [
    { token: 'Hm', logprob: -1, top_logprobs: [] },
    { token: 'Yes', logprob: -0.5, top_logprobs: [] },
  ];
  server.reply = () => ({
    deltas: [{ reasoning_content: 'Let me see.' }, { content: 'Yes' }],
    finish: 'stop',
    logprobs,
  });
  const answer = await ask({ logprobs: 2 });
  expect(answer).toMatchObject({ text: 'Yes', thinking: 'Let me see.' });
  expect(answer.logprobs!.map(({ text, logprob }) => [text, logprob])).toEqual([
    ['Hm', -1],
    ['Yes', -0.5],
  ]);
});

it('says what the server refuses, in its words', async () => {
  const saying = async (status: number, body: string): Promise<unknown> => {
    server.reply = () => ({ status, body });
    return ask().catch((error: unknown) => error);
  };
  const long = JSON.stringify({ object: 'error', message: "This model's maximum context length is 2048 tokens." });
  expect(await saying(400, long)).toEqual(fails('too_long', /maximum context length is 2048/));
  expect(await saying(422, '{"detail":"bad field"}')).toEqual(fails('usage', /422.*bad field/));
  expect(await saying(503, '<html>Loading</html>')).toEqual(fails('network', /503.*Loading/));
  expect(await saying(500, '')).toEqual(fails('network', /did not say why/));
  await expect(ask({ adapter: 'none' })).rejects.toEqual(fails('not_found', /`none` does not exist/));
  await expect(ask({ topK: 5 })).rejects.toEqual(fails('usage', /Unrecognized.*top_k/));
  await expect(ask({ grammar: 'root ::= "a"' })).rejects.toEqual(fails('unsupported', /cannot be given grammar/));
});

it('takes a key, and never shows it', async () => {
  server.key = 'sesame';
  await expect(ask()).rejects.toEqual(fails('usage', /refused \(401\)/));
  const wrong = await new Elsewhere({ address, key: 'secret' }).chat(question).catch((error: unknown) => error);
  expect(JSON.stringify(wrong)).not.toContain('secret');
  expect((await new Elsewhere({ address, key: 'sesame' }).chat(question)).text).toBe('Hello.');
});

it('tells an answer that broke off from one that ended', async () => {
  server.reply = () => ({ deltas: [{ content: 'Ma' }], finish: 'break' });
  await expect(ask()).rejects.toEqual(fails('network', /broke off/));
  server.reply = () => ({ deltas: [{ content: 'Ma' }], finish: 'error' });
  await expect(ask()).rejects.toEqual(fails('network', /out of memory/));
  await expect(new Elsewhere({ address: 'http://127.0.0.1:1/v1' }).chat(question)).rejects.toEqual(
    fails('network', /reached/),
  );
});

it('ends when it is cancelled, with what came until then', async () => {
  server.reply = () => ({ deltas: Array.from({ length: 400 }, () => ({ content: 'la ' })), finish: 'stop' });
  const control = new AbortController();
  const answer = await ask({
    signal: control.signal,
    onText: () => {
      control.abort();
    },
  });
  expect(answer.finishReason).toBe('cancelled');
  expect(answer.text).toMatch(/^la /);
  await expect(ask({ signal: AbortSignal.abort() })).rejects.toMatchObject({ name: 'AbortError', code: 'cancelled' });
});

it('says of what is no such server that it is none', async () => {
  const other = createServer((_request, response) => response.end('<html>Welcome!</html>'));
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  const port = (other.address() as AddressInfo).port;
  await expect(new Elsewhere({ address: `http://127.0.0.1:${port}` }).chat(question)).rejects.toEqual(
    fails('corrupt', /does not speak the OpenAI API/),
  );
  other.close();
});

it('reads events however they are cut and whatever ends their lines', async () => {
  const text = 'data: ü1\r\n\r\n: no\rdata: 2\rdata:3\r\revent: x\ndata: 4 \n\ndata: 5';
  const bytes = Buffer.from(text);
  for (const size of [1, 2, 3, bytes.length]) {
    const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
      bytes.subarray(i * size, (i + 1) * size),
    );
    const found: string[] = [];
    for await (const event of eventsOf(pieces as unknown as AsyncIterable<Uint8Array>)) found.push(event);
    expect(found).toEqual(['ü1', '2\n3', '4 ', '5']);
  }
});
