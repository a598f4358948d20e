// What every conversation memory keeps to: the suite runs over all of them, with the fake models and with SmolLM2 and MiniLM.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadEmbedder, type Embedder } from '../../src/embedding/index.js';
import { loadGenerator, type Generator } from '../../src/inference/index.js';
import {
  BufferMemory,
  CombinedMemory,
  EntityMemory,
  FolderLog,
  SummaryBufferMemory,
  SummaryMemory,
  TokenBufferMemory,
  VectorMemory,
  WindowMemory,
  type ChatMemory,
  type HistoryOptions,
  type MemoryEmbedder,
  type MemoryModel,
  type MemoryVariables,
} from '../../src/conversation/index.js';
import { FakeEmbedder } from '../fakes/embedder.js';
import { FakeGenerator } from '../fakes/generator.js';
import { memoryModel } from '../support/memory-model.js';
import { chatModel, embeddingModel } from '../support/models.js';

const CONTEXT = 1024;
/** A summary of few tokens is written soon. */
const summaryTokens = 48;

type Options = HistoryOptions & { llm: MemoryModel; embedder: MemoryEmbedder };

const memories: Record<string, (options: Options) => ChatMemory> = {
  buffer: (options) => new BufferMemory(options),
  'summarizing buffer': (options) => new BufferMemory({ ...options, overflow: 'summarize', summaryTokens }),
  window: (options) => new WindowMemory({ ...options, k: 3 }),
  'token buffer': (options) => new TokenBufferMemory({ ...options, maxTokens: 400 }),
  summary: (options) => new SummaryMemory({ ...options, summaryTokens }),
  'summary buffer': (options) => new SummaryBufferMemory({ ...options, maxTokens: 200, summaryTokens }),
  vector: (options) => new VectorMemory({ ...options, k: 2 }),
  entity: (options) => new EntityMemory(options),
  combined: (options) =>
    new CombinedMemory({
      memories: [
        new WindowMemory({ ...options, memoryKey: 'window' }),
        new VectorMemory({ ...options, memoryKey: 'past' }),
      ],
    }),
};

interface Models {
  generator: Generator;
  embedder: Embedder;
}

const models: Record<string, () => Promise<Models>> = {
  fakes: () => Promise.resolve({ generator: new FakeGenerator(CONTEXT), embedder: new FakeEmbedder() }),
  'SmolLM2 and MiniLM': async () => ({
    generator: await loadGenerator(await chatModel(), { contextSize: CONTEXT }),
    embedder: await loadEmbedder({ folder: await embeddingModel() }),
  }),
};

/** All that a prompt would show. */
const shown = (variables: MemoryVariables): string =>
  Object.values(variables)
    .map((value) => (typeof value === 'string' ? value : value.map(({ content }) => content).join('\n')))
    .filter((text) => text !== '')
    .join('\n');

const FOOD = '我最喜欢的食物是清蒸鲈鱼。';
const ASKED = { question: '我最喜欢的食物是什么？' };

describe.each(Object.keys(models))('with %s', (name) => {
  let model: Models;
  let folder: string;
  let options: Options;
  let number = 0;

  beforeAll(async () => {
    model = await models[name]!();
    options = { llm: memoryModel(model.generator), embedder: model.embedder };
    folder = mkdtempSync(join(tmpdir(), 'engram-chat-memory-'));
  });
  afterAll(async () => {
    await model.generator.close();
    await model.embedder.close();
    rmSync(folder, { recursive: true });
  });
  const place = (): string => join(folder, `${number++}`);

  // Summaries by the real model take their time: test/model/chat-memory.test.ts.
  const kinds = Object.keys(memories).filter((kind) => name === 'fakes' || !kind.startsWith('summar'));

  describe.each(kinds)('a conversation memory: %s', (kind) => {
    const make = (more: Omit<HistoryOptions, 'llm'> = {}): ChatMemory => memories[kind]!({ ...options, ...more });

    it('shows nothing of a conversation in which nothing was said', async () => {
      const memory = make();
      const variables = await memory.load(ASKED);
      expect(Object.keys(variables)).toEqual(memory.memoryKeys);
      expect(shown(variables).trim()).toBe('');
      expect(shown(await memory.load()).trim()).toBe('');
    });

    it('shows what was told a moment ago, to the letter, and after a restart too', async () => {
      const at = place();
      const memory = make({ log: new FolderLog(at) });
      await memory.save({ question: FOOD }, { answer: '好的 {ok} 🐟。' });
      const before = await memory.load(ASKED);
      expect(shown(before)).toContain('清蒸鲈鱼');
      expect(await make({ log: new FolderLog(at) }).load(ASKED)).toEqual(before);
    });

    it('gives messages where they are asked for', async () => {
      const memory = make({ returnMessages: true });
      await memory.save({ question: FOOD }, { answer: '好的。' });
      for (const value of Object.values(await memory.load(ASKED))) {
        expect(value).toBeInstanceOf(Array);
        for (const message of value as object[]) {
          expect(message).toEqual({
            role: expect.stringMatching(/^(?:system|user|assistant)$/u) as string,
            content: expect.any(String) as string,
          });
        }
      }
    });

    it('forgets what was cleared, on disk too', async () => {
      const at = place();
      const memory = make({ log: new FolderLog(at) });
      await memory.save({ question: FOOD }, { answer: '好的。' });
      await memory.clear();
      expect(shown(await memory.load(ASKED)).trim()).toBe('');
      expect(shown(await make({ log: new FolderLog(at) }).load(ASKED)).trim()).toBe('');
      await memory.clear();
    });

    it('says which of several values it needs', async () => {
      const memory = make();
      const both = { question: FOOD, persona: 'a cook' };
      await expect(memory.save(both, { answer: 'ok' })).rejects.toMatchObject({ code: 'usage' });
      await expect(memory.save({ question: FOOD }, {})).rejects.toMatchObject({ code: 'usage' });
      await expect(memory.save({ question: 5 }, { answer: 'ok' })).rejects.toMatchObject({ code: 'usage' });
      expect(shown(await memory.load(ASKED)).trim()).toBe('');
      const told = make({ inputKey: 'question', outputKey: 'answer' });
      await told.save(both, { answer: 'ok', sources: [] });
      expect(shown(await told.load({ ...ASKED, persona: 'a cook' }))).toContain('清蒸鲈鱼');
    });

    it('is cancelled before it begins', async () => {
      await expect(make().load(ASKED, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'cancelled' });
    });

    it('makes what it made of a conversation again where that is damaged or gone', async () => {
      const at = place();
      const memory = make({ log: new FolderLog(at) });
      await memory.save({ question: FOOD }, { answer: '好的。' });
      const notes = readdirSync(at).filter((file) => file.startsWith('memory-'));
      for (const file of notes) writeFileSync(join(at, file), '{"upTo": 1, "of": "no", "value": [null]');
      const again = make({ log: new FolderLog(at) });
      await again.save({ question: 'Nice weather today.' }, { answer: 'Yes.' });
      expect(shown(await again.load(ASKED))).toContain('清蒸鲈鱼');
      for (const file of notes) expect(() => JSON.parse(readFileSync(join(at, file), 'utf8')) as unknown).not.toThrow();
    });
  });
});

describe.each(Object.keys(memories))('a conversation memory: %s', (kind) => {
  const generator = new FakeGenerator(CONTEXT);
  const options = { llm: memoryModel(generator), embedder: new FakeEmbedder() };

  it('stays within the context, however much was said and however long the question is', async () => {
    const memory = memories[kind]!(options);
    for (let i = 0; i < 30; i++) {
      await memory.save({ question: `Fact ${i}: ${'long '.repeat(20)}` }, { answer: `Noted as number ${i}.` });
    }
    for (const question of ['Which fact was the last?', 'x'.repeat(CONTEXT / 2), 'x'.repeat(2 * CONTEXT)]) {
      const tokens = shown(await memory.load({ question })).length;
      expect(tokens).toBeLessThanOrEqual(Math.max(0, (CONTEXT * 5) / 8 - question.length));
    }
    await memory.save({ question: 'y'.repeat(3 * CONTEXT) }, { answer: 'z'.repeat(3 * CONTEXT) });
    const tokens = shown(await memory.load(ASKED)).length;
    expect(tokens).toBeLessThanOrEqual((CONTEXT * 5) / 8);
  });

  it('keeps every exchange of saves that overlap, each in one piece', async () => {
    const log = new FolderLog(mkdtempSync(join(tmpdir(), 'engram-chat-memory-')));
    const memory = memories[kind]!({ ...options, log });
    const numbers = Array.from({ length: 5 }, (_, i) => i);
    await Promise.all(numbers.map((i) => memory.save({ question: `q${i}` }, { answer: `a${i}` })));
    const messages = await log.messages();
    expect(messages.map(({ content }) => content)).toEqual(numbers.flatMap((i) => [`q${i}`, `a${i}`]));
    rmSync(log.folder, { recursive: true });
  });
});
