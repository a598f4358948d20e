// Tools on the real model, whose template knows none: calls are forced, chosen and always well formed. Embeddings too. Not here:
// the templates of other families (test/unit/inference/tool-use.test.ts).
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadGenerator, type ChatMessage, type Generator, type Tool } from '../../src/inference/index.js';
import { chatModel } from '../support/models.js';

let generator: Generator;
beforeAll(async () => {
  generator = await loadGenerator(await chatModel(), { contextSize: 1024, gpu: false, threads: 1 });
});
afterAll(() => generator.close());

const WEATHER: Tool = {
  name: 'get_weather',
  description: 'The weather of a city.',
  parameters: {
    type: 'object',
    properties: { city: { type: 'string', minLength: 1, maxLength: 30 }, unit: { enum: ['celsius', 'fahrenheit'] } },
    required: ['city'],
  },
};
const CLOCK: Tool = { name: 'get_time', description: 'The time of day.' };
const QUESTION: ChatMessage[] = [{ role: 'user', content: 'What is the weather in Lindau?' }];

describe('tools', () => {
  it('that are required are called, with arguments that conform, at any temperature', async () => {
    for (const sampling of [{}, { temperature: 2, topK: 0, topP: 1, minP: 0, seed: 4 }]) {
      const options = { tools: [WEATHER, CLOCK], toolChoice: { name: 'get_weather' }, maxTokens: 80, ...sampling };
      const pieces: string[] = [];
      const { text, toolCalls, finishReason } = await generator.chat(QUESTION, {
        ...options,
        onText: (piece) => pieces.push(piece),
      });
      expect({ text, pieces, finishReason }).toEqual({ text: '', pieces: [], finishReason: 'stop' });
      expect(toolCalls).toHaveLength(1);
      const [{ id, name, arguments: given }] = toolCalls as [(typeof toolCalls & object)[number]];
      expect(id).toMatch(/^\w{9}$/);
      expect(name).toBe('get_weather');
      expect(given['city']).toMatch(/^[^]{1,30}$/u);
      if ('unit' in given)
        expect(WEATHER.parameters).toMatchObject({
          properties: { unit: { enum: expect.arrayContaining([given['unit']]) as unknown } },
        });
    }
  });

  it('are the choice of the model, and what they gave is answered', async () => {
    const first = await generator.chat(QUESTION, { tools: [WEATHER], maxTokens: 60 });
    expect(first.toolCalls).toBeDefined();
    const { toolCalls = [] } = await generator.chat(QUESTION, {
      tools: [WEATHER],
      toolChoice: 'required',
      maxTokens: 80,
    });
    const messages: ChatMessage[] = [
      ...QUESTION,
      { role: 'assistant', content: '', toolCalls },
      { role: 'tool', content: '12 degrees and rain', toolCallId: toolCalls[0]!.id },
    ];
    const answer = await generator.chat(messages, { tools: [WEATHER], toolChoice: 'none', maxTokens: 40 });
    expect(answer.text).not.toBe('');
    expect(answer).not.toHaveProperty('toolCalls');
  });

  it('that are cut off give no call, and say how far it came', async () => {
    const cut = await generator.chat(QUESTION, { tools: [WEATHER], toolChoice: 'required', maxTokens: 6 });
    expect(cut).toMatchObject({ text: '', toolCalls: [], cutToolCall: { arguments: '' }, finishReason: 'length' });
    const later = await generator.chat(QUESTION, { tools: [WEATHER], toolChoice: 'required', maxTokens: 24 });
    expect(later).toMatchObject({ text: '', toolCalls: [], cutToolCall: { name: 'get_weather' } });
    expect(later.cutToolCall!.arguments).toMatch(/^\{\s*"/);
    expect(() => JSON.parse(later.cutToolCall!.arguments) as unknown).toThrow();
  });
});

describe('embeddings of the chat model', () => {
  const near = (a: Float32Array, b: Float32Array): number => a.reduce((sum, x, i) => sum + x * b[i]!, 0);

  it('are nearer for what is related, and the same alone and among others', async () => {
    const texts = [
      'The cat sleeps on the sofa.',
      'A kitten is napping on the couch.',
      'Interest rates rose by two percent.',
    ];
    const [cat, kitten, rates] = await generator.embed(texts);
    expect(near(cat!, kitten!)).toBeGreaterThan(near(cat!, rates!));
    expect(near(cat!, kitten!)).toBeGreaterThan(near(kitten!, rates!));
    const [alone] = await generator.embed([texts[1]!]);
    expect(near(alone!, kitten!)).toBeCloseTo(1, 5);
    const [long] = await generator.embed([texts.join(' ').repeat(12)]); // several blocks
    expect(Math.hypot(...long!)).toBeCloseTo(1, 5);
  });

  it('can be cancelled, and refuse what is longer than the context', async () => {
    const abort = new AbortController();
    const many = generator.embed(
      Array.from({ length: 200 }, () => 'Once more unto the breach.'),
      {
        signal: abort.signal,
        onProgress: () => {
          abort.abort();
        },
      },
    );
    await expect(many).rejects.toMatchObject({ code: 'cancelled' });
    await expect(generator.embed(['word '.repeat(3000)])).rejects.toMatchObject({ code: 'too_long' });
    expect((await generator.chat(QUESTION, { maxTokens: 2 })).tokens).toBe(2);
  });
});

describe('a model that is freed when it is idle', () => {
  it('says the same again after it was loaded again, and tokenises meanwhile', async () => {
    const idle = await loadGenerator(await chatModel(), { contextSize: 256, gpu: false, threads: 1, idleUnload: 0.2 });
    try {
      const first = await idle.chat(QUESTION, { maxTokens: 6 });
      await new Promise((resolve) => setTimeout(resolve, 600));
      expect(idle.encodeChat(QUESTION)).toEqual(generator.encodeChat(QUESTION));
      expect((await idle.chat(QUESTION, { maxTokens: 6 })).text).toBe(first.text);
    } finally {
      await idle.close();
    }
  });
});
