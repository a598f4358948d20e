// Conversation memories with SmolLM2 and MiniLM: the summary that the model itself writes keeps the food, and a conversation
// told a name finds it later by meaning. Not here: answers, which are the model's: shown the name, SmolLM2-135M seldom says it.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Engram, FolderLog, SummaryMemory, VectorMemory, type ChatMemory } from '../../src/index.js';
import { testHome, type TestHome } from '../support/home.js';

let home: TestHome;
let engram: Engram;
beforeAll(async () => {
  home = await testHome('smollm2-135m-instruct', 'all-minilm-l6-v2');
  engram = await Engram.open({ home: home.path, contextSize: 1024 });
});
afterAll(async () => {
  await engram.close();
  home.remove();
});

const text = async (memory: ChatMemory, question: string): Promise<string> =>
  (await memory.load({ question }))['history'] as string;

describe('conversation memories', () => {
  it('a summary written by SmolLM2 keeps the food through four turns in Chinese', async () => {
    const memory = new SummaryMemory({
      llm: engram,
      summaryTokens: 48,
      log: FolderLog.ofChat(home.path, 'default', 'zh'),
    });
    await memory.save({ question: '我最喜欢的食物是清蒸鲈鱼' }, { answer: '清蒸鲈鱼很鲜美。' });
    await memory.save({ question: '今天天气真好' }, { answer: '是的。' });
    expect(await text(memory, '我最开始跟你说了什么？')).toContain('清蒸鲈鱼');
    expect(await engram.countTokens(await text(memory, '?'))).toBeLessThanOrEqual(48);
    expect(await engram.chats.list()).toMatchObject([{ name: 'zh', messages: 4 }]);
  });

  it('a vector memory finds what a question is about by meaning', async () => {
    const memory = new VectorMemory({ embedder: engram, llm: engram, k: 1, inputKey: 'question' });
    const said: [string, string][] = [
      ["Hi, my name is Perry, what's up?", 'Not much, Perry. How are you?'],
      ['My favorite food is pizza.', 'Pizza is delicious.'],
      ["I don't like the Celtics.", 'They had a hard season.'],
      ['What a lovely day it is.', 'A good day for a walk.'],
    ];
    for (const [question, answer] of said) await memory.save({ question }, { answer });
    expect(await text(memory, 'Which sport team do I dislike?')).toContain('Celtics');
    expect(await text(memory, 'What is my name?')).toContain('Perry');
  });
});
