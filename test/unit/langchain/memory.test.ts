// Conversation memories in LangChain's own chains, with its fake models.
import { ConversationChain, LLMChain } from '@langchain/classic/chains';
import { ChatPromptTemplate, MessagesPlaceholder, PromptTemplate } from '@langchain/core/prompts';
import { FakeEmbeddings, FakeListChatModel, FakeLLM } from '@langchain/core/utils/testing';
import { describe, expect, it } from 'vitest';
import {
  BufferMemory,
  SummaryMemory,
  VectorMemory,
  WindowMemory,
  type ChatMemory,
  type MemoryVariables,
  type MemoryValues,
} from '../../../src/index.js';
import { EngramMemory, memoryEmbedder, memoryModel } from '../../../src/langchain/memory.js';

/** Repeats its prompt, which is how a test sees it. */
class Echo extends FakeLLM {
  override _call(prompt: string): Promise<string> {
    return Promise.resolve(prompt);
  }
}

class Counting implements ChatMemory {
  readonly calls: string[] = [];
  constructor(private readonly memory: ChatMemory) {}
  get memoryKeys(): readonly string[] {
    return this.memory.memoryKeys;
  }
  load(inputs: MemoryValues): Promise<MemoryVariables> {
    this.calls.push('load');
    return this.memory.load(inputs);
  }
  save(inputs: MemoryValues, outputs: MemoryValues): Promise<void> {
    this.calls.push('save');
    return this.memory.save(inputs, outputs);
  }
  clear(): Promise<void> {
    return this.memory.clear();
  }
}

describe('a conversation memory in LangChain', () => {
  it('gives a ConversationChain its history, and takes in what was said', async () => {
    const memory = new EngramMemory(new BufferMemory());
    const chain = new ConversationChain({ llm: new FakeLLM({ response: 'Not much, Perry.' }), memory });
    await chain.invoke({ input: "Hi, my name is Perry, what's up?" });
    expect(await memory.loadMemoryVariables({})).toEqual({
      history: "Human: Hi, my name is Perry, what's up?\nAI: Not much, Perry.",
    });
    await memory.clear();
    expect(await memory.loadMemoryVariables({})).toEqual({ history: '' });
  });

  it('is read once and written once in a step of an LLMChain', async () => {
    const counting = new Counting(new WindowMemory({ k: 2, memoryKey: 'chat_memory', inputKey: 'question' }));
    const chain = new LLMChain({
      llm: new Echo({}),
      prompt: PromptTemplate.fromTemplate('You are a cook.\n{chat_memory}\nQ: {question}'),
      memory: new EngramMemory(counting),
    });
    await chain.invoke({ question: '我最喜欢的食物是清蒸鲈鱼 {x}' });
    expect(counting.calls).toEqual(['load', 'save']);
    const { text } = (await chain.invoke({ question: 'What do I like?' })) as { text: string };
    expect(counting.calls).toEqual(['load', 'save', 'load', 'save']);
    expect(text).toContain('Human: 我最喜欢的食物是清蒸鲈鱼 {x}\nAI: ');
  });

  it('gives messages to a chat prompt', async () => {
    const memory = new EngramMemory(new BufferMemory({ returnMessages: true }));
    const chain = new ConversationChain({
      llm: new FakeListChatModel({ responses: ['Hello!', 'Perry.'] }),
      prompt: ChatPromptTemplate.fromMessages([new MessagesPlaceholder('history'), ['human', '{input}']]),
      memory,
    });
    await chain.invoke({ input: 'I am Perry.' });
    await chain.invoke({ input: 'Who am I?' });
    const { history } = (await memory.loadMemoryVariables({})) as {
      history: { getType: () => string; text: string }[];
    };
    expect(history.map((message) => [message.getType(), message.text])).toEqual([
      ['human', 'I am Perry.'],
      ['ai', 'Hello!'],
      ['human', 'Who am I?'],
      ['ai', 'Perry.'],
    ]);
  });

  it("writes a summary with LangChain's model and finds by LangChain's embeddings", async () => {
    const llm = memoryModel(new FakeListChatModel({ responses: ['The user is Perry.'] }), { contextSize: 4096 });
    const summary = new EngramMemory(new SummaryMemory({ llm, keepLost: false }));
    await summary.saveContext({ input: 'My name is Perry.' }, { output: 'Hello.' });
    expect(await summary.loadMemoryVariables({ input: 'Who?' })).toEqual({ history: 'The user is Perry.' });

    const vector = new EngramMemory(new VectorMemory({ embedder: memoryEmbedder(new FakeEmbeddings()), k: 1 }));
    await vector.saveContext({ input: 'My name is Perry.' }, { output: 'Hello.' });
    const { history } = (await vector.loadMemoryVariables({ input: 'Who?' })) as { history: string };
    expect(history).toBe('Human: My name is Perry.\nAI: Hello.');
  });
});
