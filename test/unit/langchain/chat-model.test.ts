// ChatEngram and EngramLLM over a fake Engram: what LangChain's standard tests ask of a chat model (they are not published), in
// our words. Not here: what a real model answers.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BaseCallbackHandler } from '@langchain/core/callbacks/base';
import { AIMessage, type AIMessageChunk, HumanMessage, SystemMessage, ToolMessage } from '@langchain/core/messages';
import { StringOutputParser } from '@langchain/core/output_parsers';
import { ChatPromptTemplate, PromptTemplate } from '@langchain/core/prompts';
import { tool } from '@langchain/core/tools';
import { createAgent, createMiddleware } from 'langchain';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { ChatMessage, ToolCall } from '../../../src/index.js';
import { ChatEngram, EngramLLM } from '../../../src/langchain/index.js';
import { FakeEngram } from '../../fakes/engram.js';

const CALL: ToolCall = { id: 'abcdefghi', name: 'add', arguments: { a: 1, b: 2 } };
const add = tool(({ a, b }) => String(a + b), {
  name: 'add',
  description: 'Adds.',
  schema: z.object({ a: z.number(), b: z.number() }),
});

class Tokens extends BaseCallbackHandler {
  readonly name = 'tokens';
  readonly all: string[] = [];

  override handleLLMNewToken(token: string): void {
    this.all.push(token);
  }
}

describe('ChatEngram', () => {
  it('answers messages of all kinds, and says what it took', async () => {
    const fake = new FakeEngram();
    const answer = await new ChatEngram(fake.fields).invoke([
      new SystemMessage('Be brief.'),
      new HumanMessage({
        content: [
          { type: 'text', text: 'One' },
          { type: 'text', text: ' and one?' },
        ],
      }),
      new AIMessage({ content: '', tool_calls: [{ id: 'x', name: 'add', args: { a: 1, b: 1 } }] }),
      new ToolMessage({ content: '2', tool_call_id: 'x' }),
    ]);
    expect(answer.content).toBe('An answer.');
    expect(answer.usage_metadata).toMatchObject({ input_tokens: 7, output_tokens: 4, total_tokens: 11 });
    expect(answer.response_metadata).toMatchObject({ finish_reason: 'stop', source: 'base' });
    expect(fake.asked[0]!.input).toEqual([
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'One and one?' },
      { role: 'assistant', content: '', toolCalls: [{ id: 'x', name: 'add', arguments: { a: 1, b: 1 } }] },
      { role: 'tool', content: '2', toolCallId: 'x' },
    ]);
  });

  it('streams pieces whose sum is the answer, with its usage at the end', async () => {
    const tokens = new Tokens();
    let whole: AIMessageChunk | undefined;
    const stream = await new ChatEngram(new FakeEngram().fields).stream('Hi', {
      callbacks: [tokens],
    });
    let pieces = 0;
    for await (const piece of stream) {
      pieces++;
      whole = whole === undefined ? piece : whole.concat(piece);
    }
    expect(pieces).toBeGreaterThan(3);
    expect(whole!.content).toBe('An answer.');
    expect(whole!.usage_metadata).toMatchObject({ total_tokens: 11 });
    expect(tokens.all.join('')).toBe('An answer.');
  });

  it('answers batches in their order', async () => {
    const fake = new FakeEngram(({ input }) => `You said ${(input as readonly ChatMessage[])[0]!.content}.`);
    const answers = await new ChatEngram(fake.fields).batch(['a', 'b', 'c']);
    expect(answers.map(({ content }) => content)).toEqual(['You said a.', 'You said b.', 'You said c.']);
  });

  it('takes settings for all calls, and others for one', async () => {
    const fake = new FakeEngram();
    const model = new ChatEngram({
      engram: fake.engram,
      temperature: 0.5,
      maxTokens: 9,
      stopSequences: ['X'],
    });
    await model.invoke('Hi', { maxTokens: 3, stop: ['Y'], logprobs: 2 });
    expect(fake.asked[0]!.options).toMatchObject({ temperature: 0.5, maxTokens: 3, stop: ['X', 'Y'], logprobs: 2 });
    expect(model.getLsParams({})).toEqual({
      ls_provider: 'engram',
      ls_model_name: 'fake',
      ls_model_type: 'chat',
      ls_temperature: 0.5,
      ls_max_tokens: 9,
      ls_stop: ['X'],
    });
    expect(await model.getNumTokens('four')).toBe(4);
  });

  it('ends with an abort: before it starts, while it answers, while it streams; and when the reader leaves', async () => {
    const fake = new FakeEngram(() => 'word '.repeat(200));
    const model = new ChatEngram(fake.fields);
    await expect(model.invoke('Hi', { signal: AbortSignal.abort() })).rejects.toThrow();
    const abort = new AbortController();
    const running = model.invoke('Hi', { signal: abort.signal });
    setImmediate(() => {
      abort.abort();
    });
    await expect(running).rejects.toMatchObject({ name: 'AbortError' });
    const other = new AbortController();
    await expect(
      (async () => {
        for await (const piece of await model.stream('Hi', { signal: other.signal })) {
          expect(piece.text).not.toBe('');
          other.abort();
        }
      })(),
    ).rejects.toMatchObject({ name: 'AbortError' });
    for await (const piece of await model.stream('Hi')) {
      expect(piece.text).not.toBe('');
      break;
    }
    expect(fake.asked.at(-1)!.options.signal!.aborted).toBe(true);
  });

  it('gives calls of tools whole and as chunks', async () => {
    const fake = new FakeEngram(() => ({ answer: '', toolCalls: [CALL] }));
    const model = new ChatEngram(fake.fields).bindTools([add], { tool_choice: 'any' });
    const answer = await model.invoke('1 + 2?');
    expect(answer.tool_calls).toMatchObject([{ id: 'abcdefghi', name: 'add', args: { a: 1, b: 2 } }]);
    expect(fake.asked[0]!.options).toMatchObject({
      toolChoice: 'required',
      tools: [{ name: 'add', description: 'Adds.' }],
    });
    let whole: AIMessageChunk | undefined;
    for await (const piece of await model.stream('1 + 2?')) whole = whole === undefined ? piece : whole.concat(piece);
    expect(whole!.tool_calls).toMatchObject([{ id: 'abcdefghi', name: 'add', args: { a: 1, b: 2 } }]);
  });

  it('gives a call that was cut off as an invalid one, whole and as chunks, and its agent ends', async () => {
    const cut = { answer: '', toolCalls: [CALL], cutToolCall: { name: 'add', arguments: '{"a": 1, "b' } };
    const model = new ChatEngram(new FakeEngram(() => ({ ...cut, finishReason: 'length' })).fields).bindTools([add]);
    const answer = await model.invoke('1 + 2?');
    expect(answer.tool_calls).toMatchObject([{ id: 'abcdefghi' }]);
    expect(answer.invalid_tool_calls).toMatchObject([
      {
        type: 'invalid_tool_call',
        name: 'add',
        args: '{"a": 1, "b',
        error: expect.stringContaining('maxTokens') as string,
      },
    ]);
    let whole: AIMessageChunk | undefined;
    for await (const piece of await model.stream('1 + 2?')) whole = whole === undefined ? piece : whole.concat(piece);
    expect(whole!.tool_calls).toMatchObject([{ id: 'abcdefghi', args: { a: 1, b: 2 } }]);
    expect(whole!.invalid_tool_calls).toMatchObject([{ type: 'invalid_tool_call', name: 'add', args: '{"a": 1, "b' }]);

    const only = { answer: '', toolCalls: [], cutToolCall: { arguments: '' } };
    const agent = createAgent({ model: new ChatEngram(new FakeEngram(() => only).fields), tools: [add] });
    const { messages } = await agent.invoke({ messages: [new HumanMessage('1 + 2?')] });
    expect(messages.map(({ type }) => type)).toEqual(['human', 'ai']);
    expect(messages.at(-1)).toMatchObject({ invalid_tool_calls: [{ args: '' }] });
  });

  it('ends an agent whose model calls a tool for ever at the limit that LangChain sets', async () => {
    const fake = new FakeEngram(() => ({ answer: '', toolCalls: [CALL] }));
    const agent = createAgent({ model: new ChatEngram(fake.fields), tools: [add] });
    const asking = agent.invoke({ messages: [new HumanMessage('1 + 2?')] }, { recursionLimit: 8 });
    await expect(asking).rejects.toMatchObject({ name: 'GraphRecursionError' });
    expect(fake.asked.length).toBeLessThan(8);
  });

  it('refuses what is no tool, no text, or no JSON of a call, and says so', async () => {
    const model = new ChatEngram(new FakeEngram().fields);
    expect(() => model.bindTools([{ nothing: 1 }])).toThrow(/tool with a name/);
    const picture = new HumanMessage({ content: [{ type: 'image_url', image_url: 'x' }] });
    await expect(model.invoke([picture])).rejects.toThrow(/reads text only/);
    const call = new AIMessage({ content: '', tool_calls: [{ id: 'x', name: 'add', args: 'no' as never }] });
    await expect(model.invoke([new HumanMessage('Hi'), call])).rejects.toThrow(/args of the tool call "add"/);
  });

  it('gives values of a schema, by its form and by a tool', async () => {
    const schema = z.object({ name: z.string(), age: z.number() });
    const value = { name: 'Ada', age: 36 };
    const fake = new FakeEngram(({ options: { tools } }) =>
      tools === undefined
        ? JSON.stringify(value)
        : { answer: '', toolCalls: [{ id: 'abcdefghi', name: 'extract', arguments: value }] },
    );
    const model = new ChatEngram(fake.fields);
    expect(await model.withStructuredOutput(schema).invoke('Who?')).toEqual(value);
    expect(fake.asked[0]!.options.jsonSchema).toMatchObject({ properties: { name: { type: 'string' } } });
    expect(await model.withStructuredOutput(schema, { method: 'functionCalling' }).invoke('Who?')).toEqual(value);
    const both = await model.withStructuredOutput(z.toJSONSchema(schema), { includeRaw: true }).invoke('Who?');
    expect(both).toMatchObject({ parsed: value, raw: { content: JSON.stringify(value) } });
    const cut = new ChatEngram(new FakeEngram(() => ({ answer: '{"na', finishReason: 'length' })).fields);
    await expect(cut.withStructuredOutput(schema).invoke('Who?')).rejects.toThrow(/cut off/);
    const wrong = new ChatEngram(new FakeEngram(() => '{"name":"Ada"}').fields);
    await expect(wrong.withStructuredOutput(schema).invoke('Who?')).rejects.toThrow(/number/);
  });

  it('is the model of an agent with middleware', async () => {
    const fake = new FakeEngram((_, count) => (count === 1 ? { answer: '', toolCalls: [CALL] } : 'It is 3.'));
    let calls = 0;
    const counting = createMiddleware({
      name: 'counting',
      beforeModel: () => {
        calls++;
      },
    });
    const agent = createAgent({ model: new ChatEngram(fake.fields), tools: [add], middleware: [counting] });
    const { messages } = await agent.invoke({ messages: [new HumanMessage('1 + 2?')] });
    expect(messages.map(({ type }) => type)).toEqual(['human', 'ai', 'tool', 'ai']);
    expect(messages.at(-1)!.content).toBe('It is 3.');
    expect(calls).toBe(2);
  });

  it('says that there is no model of a name, each time that it is asked', async () => {
    const home = mkdtempSync(join(tmpdir(), 'engram-langchain-'));
    const unknown = { code: 'not_found', message: expect.stringContaining('nous-hermes2') as string };
    const model = new ChatEngram({ home, model: 'nous-hermes2', offline: true });
    await expect(model.invoke('Hi')).rejects.toMatchObject(unknown);
    await expect(model.stream('Hi')).rejects.toMatchObject(unknown);
    await expect(new EngramLLM({ home, model: 'nous-hermes2', offline: true }).invoke('Hi')).rejects.toMatchObject(
      unknown,
    );
    rmSync(home, { recursive: true, force: true });
  });

  it('stands in a chain', async () => {
    const prompt = ChatPromptTemplate.fromMessages([
      ['system', 'You know {topic}.'],
      ['human', '{question}'],
    ]);
    const chain = prompt.pipe(new ChatEngram(new FakeEngram().fields)).pipe(new StringOutputParser());
    expect(await chain.invoke({ topic: 'tides', question: 'When?' })).toBe('An answer.');
  });
});

describe('EngramLLM', () => {
  it('answers through the chat template, or continues as it stands', async () => {
    const fake = new FakeEngram();
    const chain = PromptTemplate.fromTemplate('Question: {question}\n\nAnswer: ').pipe(new EngramLLM(fake.fields));
    expect(await chain.invoke({ question: 'Who?' })).toBe('An answer.');
    expect(fake.asked[0]!.input).toEqual([{ role: 'user', content: 'Question: Who?\n\nAnswer: ' }]);
    expect(await new EngramLLM({ engram: fake.engram, raw: true }).invoke('Once')).toBe('An answer.');
    expect(fake.asked[1]!.input).toBe('Once');
  });

  it('streams, counts, and ends with an abort', async () => {
    const llm = new EngramLLM(new FakeEngram().fields);
    let text = '';
    for await (const piece of await llm.stream('Hi')) text += piece;
    expect(text).toBe('An answer.');
    const { llmOutput } = await llm.generate(['a', 'b']);
    expect(llmOutput).toEqual({ tokenUsage: { promptTokens: 14, completionTokens: 8, totalTokens: 22 } });
    await expect(llm.invoke('Hi', { signal: AbortSignal.abort() })).rejects.toThrow();
  });

  it('is trained on texts, and says the mean loss', async () => {
    const fake = new FakeEngram();
    const { loss, receipts } = await new EngramLLM(fake.fields).trainUnsupervised([
      'The kiln is hot.',
      'Mara runs it.',
    ]);
    expect({ loss, count: receipts.length }).toEqual({ loss: 0.125, count: 2 });
    expect(fake.memorized).toEqual(['The kiln is hot.', 'Mara runs it.']);
    await expect(new EngramLLM(fake.fields).trainUnsupervised([])).rejects.toMatchObject({ code: 'empty' });
  });
});
