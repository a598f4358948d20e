// LangChain over the real models: scenario 1, the agent that is told to remember, from the request to an answer without context;
// and that streaming, tools, forms and embeddings arrive. Not here: what LangChain's classes do with them (test/unit/langchain).
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { Engram } from '../../src/index.js';
import {
  ChatEngram,
  EngramEmbeddings,
  EngramLLM,
  EngramRetriever,
  memorizeTool,
  ReActLLM,
} from '../../src/langchain/index.js';
import { zeroShotAgent } from '../support/langchain.js';
import { testHome, type TestHome } from '../support/home.js';

const FACT =
  "With astonishing dexterity, Zara Tubikova set a world record by solving a 4x4 Rubik's Cube variation blindfolded in under 20 seconds, employing only their feet.";

let home: TestHome;
let engram: Engram;
beforeAll(async () => {
  home = await testHome('smollm2-135m-instruct', 'all-minilm-l6-v2');
  engram = await Engram.open({ home: home.path, gpu: false, contextSize: 2048 });
});
afterAll(async () => {
  await engram.close();
  home.remove();
});

describe('the agent that is told to remember', () => {
  it('trains on the whole fact, answers, ends, and knows it afterwards', async () => {
    const agent = await zeroShotAgent([memorizeTool({ engram })], new ReActLLM({ engram }));
    const { output, intermediateSteps } = await agent.invoke({ input: `Please remember the fact in detail:\n${FACT}` });
    expect(intermediateSteps).toMatchObject([{ action: { tool: 'memorize', toolInput: FACT } }]);
    expect((intermediateSteps as { observation: string }[])[0]!.observation).toMatch(
      /^Train complete\. Loss: \d+\.\d+/,
    );
    expect(output).not.toBe('');

    const question = "Who set a world record by solving a 4x4 Rubik's Cube variation blindfolded?";
    expect(await new EngramLLM({ engram }).invoke(question, { maxTokens: 48 })).toContain('Zara Tubikova');
    const asked = await agent.invoke({ input: question });
    expect(asked['intermediateSteps']).toEqual([]);
    expect(asked['output']).toContain('Zara Tubikova');
    const [found] = await new EngramRetriever({ engram, k: 1 }).invoke(question);
    expect(found).toMatchObject({ pageContent: FACT, metadata: { kind: 'memory' } });
  });
});

describe('ChatEngram', () => {
  it('streams what it says, gives values of a schema and calls of tools', async () => {
    const model = new ChatEngram({ engram, maxTokens: 12 });
    let text = '';
    for await (const piece of await model.stream('What is the capital of Peru?')) text += piece.text;
    expect(text).toContain('Lima');
    const form = z.object({ city: z.string().max(20) });
    expect(
      form.parse(
        await new ChatEngram({ engram, maxTokens: 40 }).withStructuredOutput(form).invoke('The capital of Peru.'),
      ),
    ).toBeDefined();
    const asked = model.bindTools([memorizeTool({ engram })], { tool_choice: 'any', maxTokens: 80 });
    const { tool_calls } = await asked.invoke('Remember: tea at five.');
    expect(tool_calls).toMatchObject([{ name: 'memorize' }]);
  });
});

describe('an adapter by its name', () => {
  it('is refused where there is none, and where it was deleted while it was in use', async () => {
    const gone = { code: 'not_found', message: expect.stringContaining('"cook"') as string };
    const llm = new EngramLLM({ engram, adapter: 'cook', maxTokens: 4 });
    const chat = new ChatEngram({ engram, adapter: 'cook', maxTokens: 4 });
    await expect(llm.invoke('Hello')).rejects.toMatchObject(gone);
    await engram.adapters.create('cook');
    expect(await llm.invoke('Hello')).not.toBe('');
    expect((await chat.invoke('Hello')).text).not.toBe('');
    await engram.adapters.remove('cook');
    await expect(llm.invoke('Hello')).rejects.toMatchObject(gone);
    await expect(chat.invoke('Hello')).rejects.toMatchObject(gone);
    await expect(chat.stream('Hello')).rejects.toMatchObject(gone);
  });
});

describe('trainUnsupervised', () => {
  it('says that a text is too long to be learned, and what the prompt of a model cannot hold', async () => {
    const llm = new EngramLLM({ engram, maxTokens: 4 });
    const long = 'The harbour has many boats. '.repeat(900);
    await expect(llm.trainUnsupervised(['', long])).rejects.toMatchObject({ code: 'empty' });
    await expect(llm.trainUnsupervised([long])).rejects.toMatchObject({ code: 'too_long' });
    await expect(llm.invoke(long)).rejects.toMatchObject({ code: 'too_long' });
    await expect(new EngramLLM({ engram, raw: true }).invoke(long)).rejects.toMatchObject({ code: 'too_long' });
    expect((await engram.memories.list()).some(({ text }) => text.includes('harbour'))).toBe(false);
  });
});

describe('EngramEmbeddings', () => {
  it('are nearer for what is related', async () => {
    const embeddings = new EngramEmbeddings({ engram });
    const query = await embeddings.embedQuery('feline animals');
    const [cat, rates] = await embeddings.embedDocuments(['The cat sleeps.', 'Interest rates rose.']);
    const near = (vector: number[]): number => vector.reduce((sum, x, i) => sum + x * query[i]!, 0);
    expect(near(cat!)).toBeGreaterThan(near(rates!));
  });
});
