// The sampling settings, on a tiny model, whose probabilities are as uneven as the real one's; probabilities, parallel answers
// and prompt lookup, on the real model. Not here: grammars and schemas (structured.test.ts).
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Llama } from 'node-llama-cpp';
import { getLlama } from 'node-llama-cpp';
import { loadGenerator, type ChatMessage, type GenerateOptions, type Generator } from '../../src/inference/index.js';
import { probabilities } from '../support/llama.js';
import { chatModel } from '../support/models.js';

const TINY = join(import.meta.dirname, '..', 'fixtures', 'golden', 'tiny-tied.gguf');

const user = (content: string): ChatMessage => ({ role: 'user', content });
const QUESTION = [user('Write the name of a flower, then the names of ten others.')];

let path: string;
let generator: Generator;
beforeAll(async () => {
  path = await chatModel();
  generator = await loadGenerator(path, { contextSize: 512, gpu: false, threads: 1 });
});
afterAll(() => generator.close());

describe('sampling settings', () => {
  let tiny: Generator;
  beforeAll(async () => {
    tiny = await loadGenerator(TINY, { gpu: false, threads: 1 });
  });
  afterAll(() => tiny.close());
  const complete = async (options: GenerateOptions): Promise<string> =>
    (await tiny.complete('Hello there', { maxTokens: 24, ...options })).text;

  const drawn: GenerateOptions = { temperature: 1.2, topK: 0, topP: 1, minP: 0, seed: 11 };
  const settings: Record<string, GenerateOptions> = {
    topK: { ...drawn, topK: 2 },
    topP: { ...drawn, topP: 0.3 },
    minP: { ...drawn, minP: 0.5 },
    typicalP: { ...drawn, typicalP: 0.2 },
    xtc: { ...drawn, xtcProbability: 1, xtcThreshold: 0.05 },
    mirostat: { ...drawn, mirostatTau: 1 },
    seed: { ...drawn, seed: 12 },
  };
  let plainly: Promise<string> | undefined;
  it.each(Object.entries(settings))(
    '%s changes what is drawn, and the same again for the same seed',
    async (_, options) => {
      const text = await complete(options);
      expect(text).not.toBe(await (plainly ??= complete(drawn)));
      expect(await complete(options)).toBe(text);
    },
  );

  const greedy: Record<string, GenerateOptions> = {
    repeatPenalty: { repeatPenalty: 1.8 },
    frequencyPenalty: { frequencyPenalty: 1.5 },
    presencePenalty: { presencePenalty: 2 },
    dry: { dryMultiplier: 3, dryAllowedLength: 1, penaltyTokens: -1 },
  };
  let repeating: Promise<string> | undefined;
  it.each(Object.entries(greedy))('%s changes a greedy answer that repeats itself', async (_, options) => {
    const text = await complete(options);
    expect(text).not.toBe(await (repeating ??= complete({})));
    expect(await complete(options)).toBe(text);
  });
});

describe('what is said', () => {
  it('logitBias forbids a token, and can force one', async () => {
    const first = (await generator.chat(QUESTION, { maxTokens: 1, logprobs: 0 })).logprobs![0]!.token;
    const without = await generator.chat(QUESTION, {
      maxTokens: 12,
      logprobs: 0,
      logitBias: new Map([[first, -Infinity]]),
    });
    expect(without.logprobs!.map(({ token }) => token)).not.toContain(first);
    const [forced] = generator.encode(' seven');
    const always = await generator.chat(QUESTION, { maxTokens: 4, logitBias: new Map([[forced!, 1000]]) });
    expect(always.text).toBe(generator.decode(Uint32Array.of(forced!, forced!, forced!, forced!)));
    await expect(generator.chat(QUESTION, { logitBias: new Map([[1e9, 1]]) })).rejects.toMatchObject({ code: 'usage' });
  });

  it('stop strings end the answer wherever the borders of tokens are', async () => {
    const most = { maxTokens: 16 };
    const whole = (await generator.chat(QUESTION, most)).text;
    const end = whole.length - 6;
    for (let at = 2; at < end; at += 13) {
      for (const length of [1, 6]) {
        const stop = whole.slice(at, at + length);
        const result = await generator.chat(QUESTION, { ...most, stop: [stop] });
        expect(result).toMatchObject({ text: whole.slice(0, whole.indexOf(stop)), finishReason: 'stop' });
      }
    }
  });
});

describe('logprobs', () => {
  it("are llama.cpp's own probabilities", async () => {
    const prompt = 'Alice was beginning to get very tired of sitting by her sister on the';
    const { logprobs, tokens } = await generator.complete(prompt, { maxTokens: 8, logprobs: 5 });
    expect(logprobs).toHaveLength(tokens);
    const chosen = logprobs!.map(({ token }) => token);
    const ids = [...generator.encode(prompt), ...chosen];
    const llama: Llama = await getLlama({ gpu: false, build: 'never', skipDownload: true });
    const model = await llama.loadModel({ modelPath: path });
    const rows = await probabilities(model, ids, undefined, false);
    await model.dispose();
    for (const [i, { token, logprob, text, likeliest }] of logprobs!.entries()) {
      const row = rows[ids.length - chosen.length - 1 + i]!;
      expect(text).toBe(generator.decode(Uint32Array.of(token)));
      expect(likeliest).toHaveLength(5);
      expect(likeliest[0]).toMatchObject({ token, logprob }); // it is greedy
      for (const one of likeliest) expect(Math.abs(Math.exp(one.logprob) - row[one.token]!)).toBeLessThan(1e-3);
      const order = likeliest.map((one) => one.logprob);
      expect([...order].sort((a, b) => b - a)).toEqual(order);
    }
  });

  it('are absent unless asked for, and those of a stop string end with it', async () => {
    expect(await generator.chat(QUESTION, { maxTokens: 2 })).not.toHaveProperty('logprobs');
    const { logprobs, tokens } = await generator.chat(QUESTION, { maxTokens: 20, logprobs: 0, stop: ['e'] });
    expect(logprobs).toHaveLength(tokens);
    await expect(generator.chat(QUESTION, { logprobs: -1 })).rejects.toMatchObject({ code: 'usage' });
  });
});

describe('lookup', () => {
  it('says the same and guesses many tokens where the answer repeats the prompt', async () => {
    const text = 'The harbour of Lindau was rebuilt between 1853 and 1856, and its lighthouse is 33 metres high. ';
    const prompt = `${text.repeat(3)}The harbour of Lindau was`;
    const plain = await generator.complete(prompt, { maxTokens: 40 });
    const guessed = await generator.complete(prompt, { maxTokens: 40, lookup: true });
    expect(guessed.text).toBe(plain.text);
    expect(plain.guessedTokens).toBe(0);
    expect(guessed.guessedTokens).toBeGreaterThan(15);
    expect(guessed.tokens).toBe(plain.tokens);
  });

  it('goes together with a grammar and a stop string', async () => {
    const prompt = 'one two three four five six seven eight one two three four';
    const grammar = 'root ::= ([ a-z]){1,200} "."';
    const { text } = await generator.complete(prompt, { maxTokens: 30, lookup: true, grammar, stop: ['eight'] });
    expect(text).toMatch(/^[ a-z]*\.?$/);
    expect(text).not.toContain('eight');
  });
});

describe('a generator for several answers at a time', () => {
  let several: Generator;
  beforeAll(async () => {
    several = await loadGenerator(path, { contextSize: 256, gpu: false, threads: 1, parallel: 4 });
  });
  afterAll(() => several.close());
  const questions = ['What is a horse?', 'Name a colour.', 'What is 2 + 2?', 'Where is Paris?'].map((text) => [
    user(text),
  ]);

  it('answers four conversations at the same time, each as it would alone', async () => {
    let [begun, most] = [new Set<number>(), 0];
    const results = await Promise.all(
      questions.map(async (messages, i) => {
        const result = await several.chat(messages, {
          maxTokens: 24,
          onText: () => (most = Math.max(most, begun.add(i).size)),
        });
        begun = new Set([...begun].filter((one) => one !== i));
        return result;
      }),
    );
    expect(most).toBe(4); // all had begun before one had ended
    for (const [i, messages] of questions.entries()) {
      const alone = await several.chat(messages, { maxTokens: 24 });
      // The last bits of probabilities depend on what else is in the batch: the beginning is the same.
      expect(results[i]!.text.slice(0, 12)).toBe(alone.text.slice(0, 12));
      expect(results[i]!.tokens).toBeGreaterThan(0);
    }
  });

  it('goes on with the others when one is cancelled or fails', async () => {
    const abort = new AbortController();
    const [cancelled, failed, ...rest] = await Promise.allSettled([
      several.chat(questions[0]!, {
        maxTokens: 100,
        signal: abort.signal,
        onText: () => {
          abort.abort();
        },
      }),
      several.chat(questions[1]!, { grammar: 'root ::= [^\\x00-\\U0010FFFF]' }),
      several.chat(questions[2]!, { maxTokens: 30 }),
      several.chat(questions[3]!, { maxTokens: 30 }),
      several.chat(questions[0]!, { maxTokens: 5 }), // had to wait for a lane
    ]);
    expect(cancelled).toMatchObject({ value: { finishReason: 'cancelled' } });
    expect(failed).toMatchObject({ reason: { code: 'usage' } });
    for (const result of rest) expect(result).toMatchObject({ status: 'fulfilled' });
  });
});
