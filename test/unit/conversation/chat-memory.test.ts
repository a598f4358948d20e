// What each conversation memory puts into the prompt: four turns in Chinese, and Perry. What all of them keep to is in
// test/contract/chat-memory.test.ts.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  BufferMemory,
  ChatStore,
  CombinedMemory,
  Conversation,
  EntityMemory,
  FolderLog,
  ProcessLog,
  SummaryBufferMemory,
  SummaryMemory,
  TokenBufferMemory,
  VectorMemory,
  WindowMemory,
  type ChatMemory,
} from '../../../src/conversation/index.js';
import type { ChatMessage } from '../../../src/inference/index.js';
import { FakeEmbedder } from '../../fakes/embedder.js';
import { FakeGenerator } from '../../fakes/generator.js';
import { memoryModel } from '../../support/memory-model.js';

const TURNS: [string, string][] = [
  ['我最喜欢的食物是清蒸鲈鱼', '清蒸鲈鱼很鲜美。'],
  ['你是谁？', '我是你的小助手。'],
  ['今天天气真好', '是的，适合出去走走。'],
];
const LAST = '我最开始跟你说了什么？';
const FOOD = '清蒸鲈鱼';

const tell = async (memory: ChatMemory, turns = TURNS): Promise<void> => {
  for (const [question, answer] of turns) await memory.save({ question }, { answer });
};
const shown = async (memory: ChatMemory, question = LAST): Promise<string> =>
  Object.values((await memory.load({ question })) as Record<string, string>).join('\n');

/** Writes what a small model does: the greeting, and something that nobody said. */
const forgetful = (text = '用户说今天天气真好。 The user plays the trumpet in Vienna.') =>
  memoryModel(new FakeGenerator(4096, () => text));
const llm = forgetful();

describe('after four turns', () => {
  it('a buffer shows everything, as it was said', async () => {
    const memory = new BufferMemory({ memoryKey: 'chat_memory', humanPrefix: '用户', aiPrefix: '助手' });
    await tell(memory);
    expect(await memory.load({ question: LAST })).toEqual({
      chat_memory: TURNS.map(([human, ai]) => `用户: ${human}\n助手: ${ai}`).join('\n'),
    });
  });

  it('a window of two exchanges has lost the first, one of three has not', async () => {
    const [two, three, none] = [2, 3, 0].map((k) => new WindowMemory({ k }));
    for (const memory of [two!, three!, none!]) await tell(memory);
    expect(await shown(two!)).toBe(
      'Human: 你是谁？\nAI: 我是你的小助手。\nHuman: 今天天气真好\nAI: 是的，适合出去走走。',
    );
    expect(await shown(three!)).toContain(FOOD);
    expect(await shown(none!)).toBe('');
  });

  it('a token buffer shows as many of the newest as some tokens hold', async () => {
    const memory = new TokenBufferMemory({ llm, maxTokens: 100 });
    await tell(memory);
    const text = await shown(memory);
    expect(text).not.toContain(FOOD);
    expect(text).toContain('今天天气真好');
    expect(text.length).toBeLessThanOrEqual(100);
  });

  it('a summary keeps what its model lost, and not what its model made up', async () => {
    const memory = new SummaryMemory({ llm });
    await tell(memory);
    const text = await shown(memory);
    expect(text).toContain('用户说今天天气真好。');
    expect(text).toContain(`Human: ${TURNS[0]![0]}`);
    expect(text).not.toContain('trumpet');
  });

  it("a summary of the model's own words only is as good as its model", async () => {
    const memory = new SummaryMemory({ llm, keepLost: false });
    await tell(memory);
    const text = await shown(memory);
    expect(text).not.toContain(FOOD);
    expect(text).toContain('trumpet');
  });

  it('a summary buffer shows the newest as they were said and a summary of the rest', async () => {
    const memory = new SummaryBufferMemory({ llm, maxTokens: 180, summaryTokens: 80, returnMessages: true });
    await tell(memory);
    const messages = (await memory.load({ question: LAST }))['history'] as ChatMessage[];
    expect(messages[0]).toMatchObject({ role: 'system', content: expect.stringContaining(FOOD) as string });
    expect(messages.at(-1)).toEqual({ role: 'assistant', content: TURNS[2]![1] });
    expect(messages.filter(({ role }) => role === 'user').map(({ content }) => content)).not.toContain(TURNS[0]![0]);
  });

  it('a vector memory shows what is nearest to the question', async () => {
    const memory = new VectorMemory({ embedder: new FakeEmbedder(), k: 1 });
    await tell(memory, [
      ["Hi, my name is Perry, what's up?", 'Hello, Perry.'],
      ['Nice weather today', 'Indeed it is.'],
      ['Sardines taste best grilled', 'With lemon.'],
    ]);
    expect(await shown(memory, 'What is my name?')).toContain('Perry');
    expect(await shown(memory, 'How do sardines taste?')).toBe('Human: Sardines taste best grilled\nAI: With lemon.');
  });

  it('an entity memory shows what was said of whom the question means', async () => {
    const memory = new EntityMemory({ k: 1 });
    await tell(memory, [
      ["Hi, my name is Perry, what's up?", 'Hello, Perry.'],
      ['My sister Ann lives in Leeds.', 'Leeds is lovely.'],
      ['Nice weather today', 'Indeed it is.'],
    ]);
    const about = async (question: string): Promise<unknown> => (await memory.load({ question }))['entities'];
    expect(await about('Where does Ann live?')).toBe('Ann: My sister Ann lives in Leeds.');
    expect(await about('What is my name?')).toContain('my name is Perry');
    expect(await about('How far is Oslo?')).toBe('');
    expect((await memory.load({ question: 'What is my name?' }))['history']).toBe(
      'Human: Nice weather today\nAI: Indeed it is.',
    );
  });
});

describe('a summary', () => {
  it('is not written again where nothing was told', async () => {
    const generator = new FakeGenerator(4096, () => 'The user is Perry.');
    const memory = new SummaryMemory({ llm: memoryModel(generator) });
    await tell(memory, [['My name is Perry.', 'Hello.']]);
    await tell(memory, [['Hello!', 'Hi.']]);
    expect(generator.asked).toHaveLength(1);
    expect(await shown(memory)).toContain('Perry');
  });

  it('shows what could not be summarized as it was said, and summarizes it with the next', async () => {
    let fails = true;
    const generator = new FakeGenerator(4096, () => 'The user is Perry and lives in Leeds.');
    const working = memoryModel(generator);
    const memory = new SummaryMemory({
      llm: {
        ...working,
        chat: (...args) => (fails ? Promise.reject(new Error('no power')) : working.chat(...args)),
      },
    });
    await expect(tell(memory, [['My name is Perry.', 'Hello.']])).rejects.toThrow('no power');
    expect(await shown(memory)).toBe('Human: My name is Perry.\nAI: Hello.');
    fails = false;
    await tell(memory, [['I live in Leeds.', 'I see.']]);
    expect(generator.asked[0]?.messages.at(-1)?.content).toContain('My name is Perry.');
    expect(await shown(memory)).toContain('The user is Perry and lives in Leeds.');
    expect(await shown(memory)).not.toContain('AI: Hello.');
  });
});

describe('memories combined', () => {
  it('write what they share once', async () => {
    const log = new ProcessLog();
    const memory = new CombinedMemory({
      memories: [new BufferMemory({ log }), new SummaryMemory({ log, llm, memoryKey: 'summary' })],
    });
    await tell(memory);
    expect(await log.messages()).toHaveLength(6);
    expect(Object.keys(await memory.load({ question: LAST }))).toEqual(['history', 'summary']);
    expect(await shown(memory)).toContain(FOOD);
  });

  it('need a name each', () => {
    expect(() => new CombinedMemory({ memories: [new BufferMemory(), new WindowMemory()] })).toThrow(/history/u);
  });
});

describe('a conversation', () => {
  class Counting extends BufferMemory {
    readonly calls: string[] = [];
    override load(...args: Parameters<BufferMemory['load']>): ReturnType<BufferMemory['load']> {
      this.calls.push('load');
      return super.load(...args);
    }
    override save(...args: Parameters<BufferMemory['save']>): ReturnType<BufferMemory['save']> {
      this.calls.push('save');
      return super.save(...args);
    }
  }

  const asked: (readonly ChatMessage[])[] = [];
  const model = {
    chat: (messages: readonly ChatMessage[], options: { signal?: AbortSignal } = {}) => {
      asked.push(messages);
      return Promise.resolve({ answer: options.signal?.aborted === true ? 'cut o' : '{question} 好的' });
    },
  };
  beforeEach(() => {
    asked.length = 0;
  });

  it('reads its memory once before and writes it once after', async () => {
    const memory = new Counting({ memoryKey: 'chat_memory' });
    const prompt = '你是{{厨师}}。\n{chat_memory}\n问：{question}';
    const conversation = new Conversation({ llm: model, memory, prompt });
    await conversation.say('我最喜欢 {x}');
    expect(memory.calls).toEqual(['load', 'save']);
    await conversation.say('?');
    expect(memory.calls).toEqual(['load', 'save', 'load', 'save']);
    // What was said is put in as it is, braces and all.
    expect(asked[1]).toEqual([
      { role: 'user', content: '你是{厨师}。\nHuman: 我最喜欢 {x}\nAI: {question} 好的\n问：?' },
    ]);
  });

  it('puts texts into the system message, and messages before the question', async () => {
    const text = new Conversation({ llm: model, memory: new BufferMemory(), system: 'Be kind.' });
    await text.say('Hello');
    await text.say('Again');
    expect(asked[0]).toEqual([
      { role: 'system', content: 'Be kind.' },
      { role: 'user', content: 'Hello' },
    ]);
    expect(asked[1]![0]).toEqual({ role: 'system', content: 'Be kind.\n\nHuman: Hello\nAI: {question} 好的' });
    const messages = new Conversation({ llm: model, memory: new BufferMemory({ returnMessages: true }) });
    await messages.say('Hello');
    await messages.say('Again');
    expect(asked.at(-1)!.map(({ role }) => role)).toEqual(['user', 'assistant', 'user']);
  });

  it('does not remember an answer that was cancelled', async () => {
    const stop = new AbortController();
    const memory = new BufferMemory();
    const cancelling = {
      chat: (...args: Parameters<typeof model.chat>) => {
        stop.abort();
        return model.chat(...args);
      },
    };
    await new Conversation({ llm: cancelling, memory }).say('Hello', { signal: stop.signal });
    expect(await memory.load()).toEqual({ history: '' });
  });

  it('refuses a prompt that names what there is not, and no question', async () => {
    const memory = new BufferMemory();
    expect(() => new Conversation({ llm: model, memory, prompt: '{chat_memory}' })).toThrow(/chat_memory/u);
    await expect(new Conversation({ llm: model, memory }).say(' ')).rejects.toMatchObject({ code: 'empty' });
  });
});

describe('a conversation that is a chat of the brain', () => {
  let home: string;
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'engram-home-'));
  });
  afterEach(() => {
    rmSync(home, { recursive: true });
  });

  it('is listed, resumed and deleted like any other', async () => {
    const memory = new WindowMemory({ log: FolderLog.ofChat(home, 'default', 'cook') });
    await tell(memory);
    const chats = new ChatStore(home);
    expect(await chats.list()).toMatchObject([{ name: 'cook', messages: 6, title: TURNS[0]![0] }]);
    await chats.resume('cook', (chat) => chat.add([{ role: 'user', content: 'And one more' }]));
    expect(await shown(memory)).toContain('And one more');
    await chats.remove('cook');
    expect(await shown(memory)).toBe('');
    expect(() => FolderLog.ofChat(home, 'default', '../up')).toThrow();
  });
});
