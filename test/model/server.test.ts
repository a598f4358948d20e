// The server over the real models, as clients use it: chat, tools, JSON, embeddings, a memory taught and forgotten, a fine-tuning job.
/* eslint-disable @typescript-eslint/no-deprecated -- clients still send it */
import Anthropic from '@anthropic-ai/sdk';
import { Ollama } from 'ollama';
import OpenAI, { toFile } from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EngramClient } from '../../src/client/index.js';
import * as engram from '../../src/index.js';
import type { EngineApi } from '../../src/server/index.js';
import { testHome, type TestHome } from '../support/home.js';
import { startServerOver, type TestServer } from '../support/server.js';

const MODEL = 'smollm2-135m-instruct';
const EMBEDDER = 'all-minilm-l6-v2';
let home: TestHome;
let server: TestServer<EngineApi>;
let openai: OpenAI;
let client: EngramClient;

beforeAll(async () => {
  home = await testHome(MODEL, EMBEDDER);
  server = await startServerOver<EngineApi>(
    engram,
    {},
    { home: home.path, model: MODEL, embedder: EMBEDDER, offline: true },
  );
  openai = new OpenAI({ baseURL: `${server.running.url}/v1`, apiKey: server.running.key, maxRetries: 0 });
  client = new EngramClient({ url: server.running.url, key: server.running.key });
});
afterAll(async () => {
  await server.close();
  home.remove();
});

const ask = (model: string, content: string) =>
  openai.chat.completions.create({ model, messages: [{ role: 'user', content }], max_tokens: 40 });

describe('the server over real models', () => {
  it('gives the same answer in three dialects, streamed or not', async () => {
    const whole = await ask(MODEL, 'What is the capital of France?');
    const text = whole.choices[0]!.message.content!;
    expect(text).not.toBe('');
    const stream = openai.chat.completions.stream({
      model: MODEL,
      messages: [{ role: 'user', content: 'What is the capital of France?' }],
      max_tokens: 40,
    });
    expect((await stream.finalChatCompletion()).choices[0]!.message.content!.trim()).toBe(text);
    const anthropic = new Anthropic({ baseURL: server.running.url, apiKey: server.running.key, maxRetries: 0 });
    const asked = {
      model: MODEL,
      max_tokens: 40,
      messages: [{ role: 'user' as const, content: 'What is the capital of France?' }],
    };
    expect((await anthropic.messages.create(asked)).content).toMatchObject([{ type: 'text', text }]);
    const { input_tokens } = await anthropic.messages.countTokens({ model: asked.model, messages: asked.messages });
    expect(input_tokens).toBe(whole.usage!.prompt_tokens);
    const ollama = new Ollama({ host: server.running.url, headers: { authorization: `Bearer ${server.running.key}` } });
    const chat = await ollama.chat({ model: MODEL, messages: asked.messages, options: { num_predict: 40 } });
    expect(chat.message.content).toBe(text);
  });

  it('holds to schemas, JSON objects and tools', async () => {
    const schema = {
      type: 'object',
      properties: { city: { type: 'string', maxLength: 20 } },
      required: ['city'],
      additionalProperties: false,
    };
    const messages = [{ role: 'user' as const, content: 'Name the capital of France as JSON.' }];
    const formed = await openai.chat.completions.create({
      ...{ model: MODEL, messages, max_tokens: 60 },
      response_format: { type: 'json_schema', json_schema: { name: 'city', schema, strict: true } },
    });
    expect(JSON.parse(formed.choices[0]!.message.content!)).toEqual({ city: expect.any(String) as unknown });
    const called = await openai.chat.completions.create({
      ...{
        model: MODEL,
        messages: [{ role: 'user', content: 'What is the weather in Paris?' }],
        max_tokens: 80,
        tool_choice: 'required',
      },
      tools: [{ type: 'function', function: { name: 'weather', parameters: schema } }],
    });
    const [call] = called.choices[0]!.message.tool_calls!;
    expect(call).toMatchObject({ type: 'function', function: { name: 'weather' } });
    expect(JSON.parse((call as { function: { arguments: string } }).function.arguments)).toHaveProperty('city');
    expect(called.choices[0]!.finish_reason).toBe('tool_calls');
  });

  it('gives embeddings that are the same alone, in a batch and side by side', async () => {
    const texts = ['The kiln is hot.', 'A ship left the harbour.', 'x'];
    const embed = async (input: string | string[]) =>
      (await openai.embeddings.create({ model: EMBEDDER, input })).data.map(({ embedding }) => embedding);
    const batch = await embed(texts);
    expect(batch[0]).toHaveLength(384);
    expect(await Promise.all(texts.map(async (text) => (await embed(text))[0]))).toEqual(batch);
  });

  it('learns a memory, answers from it, keeps titles and the base model out of it, and forgets it', async () => {
    const question = 'What is the code of the bike lock?';
    const base = (await ask(MODEL, question)).choices[0]!.message.content;
    const job = await client.remember('default', { question, answer: 'It is 4711.' }, { onProgress: () => undefined });
    expect(job).toMatchObject({ status: 'done', result: { committed: true } });
    const { id } = job.result as { id: string };
    const known = await ask('brain:default', question);
    expect(known.choices[0]!.message.content).toContain('4711');
    expect(known).toMatchObject({ engram: { source: 'weights', memories: [{ id }] } });
    expect((await ask(MODEL, question)).choices[0]!.message.content).toBe(base);
    const title = `### Task:\nGenerate a concise, 3-5 word title.\n### Chat History:\n<chat_history>\nUSER: ${question}\nASSISTANT: It is 4711.\n</chat_history>`;
    expect(await ask('brain:default', title)).toMatchObject({ engram: { source: 'base', memories: [] } });
    await client.forget('default', id);
    expect((await ask('brain:default', question)).choices[0]!.message.content).not.toContain('4711');
  });

  it('fine-tunes from an uploaded file to a model that answers', async () => {
    const row = JSON.stringify({
      messages: [
        { role: 'user', content: 'Say the word.' },
        { role: 'assistant', content: 'Xylophone.' },
      ],
    });
    const file = await openai.files.create({
      file: await toFile(Buffer.from(`${row}\n${row}\n`), 'rows.jsonl'),
      purpose: 'fine-tune',
    });
    const hyperparameters = { n_epochs: 10, batch_size: 2, learning_rate_multiplier: 5 };
    const job = await openai.fineTuning.jobs.create({
      ...{ model: MODEL, training_file: file.id, suffix: 'word' },
      method: { type: 'supervised', supervised: { hyperparameters } },
    });
    let now = job;
    while (!['succeeded', 'failed', 'cancelled'].includes(now.status)) {
      await new Promise((resolve) => setTimeout(resolve, 200));
      now = await openai.fineTuning.jobs.retrieve(job.id);
    }
    expect(now).toMatchObject({ status: 'succeeded', error: null });
    expect((await ask(now.fine_tuned_model!, 'Say the word.')).choices[0]!.message.content).toContain('Xylophone');
    const losses = (await openai.fineTuning.jobs.listEvents(job.id, { limit: 100 })).data.flatMap(
      ({ data }) => (data as { train_loss?: number } | null)?.train_loss ?? [],
    );
    expect(losses).toHaveLength(10);
    expect(losses[0]).toBeLessThan(losses.at(-1)!);
  });
});
