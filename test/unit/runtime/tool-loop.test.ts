// Tools that are run: by scripted answers. Not here: that a model calls them (test/model/tools.test.ts).
import { describe, expect, it } from 'vitest';
import { AbortError } from '../../../src/errors.js';
import type { ChatMessage, ToolCall } from '../../../src/inference/index.js';
import type { Answered } from '../../../src/runtime/answering.js';
import type { AskOptions } from '../../../src/runtime/options.js';
import { answerWithTools } from '../../../src/runtime/tool-loop.js';
import { withoutExecute } from '../../../src/runtime/tools.js';
import { newAnswer } from '../../fakes/results.js';

const call = (name: string, args: Record<string, unknown> = {}): ToolCall => ({
  id: 'k3k3k3k3k',
  name,
  arguments: args,
});
const ASKED: ChatMessage[] = [{ role: 'user', content: 'How warm is it in Lindau?' }];

/** Each answer is the next of these; the last stays. */
function scripted(...answers: Answered[]) {
  const asked: { messages: readonly ChatMessage[]; options: AskOptions }[] = [];
  const answering = (messages: readonly ChatMessage[], options: AskOptions): Promise<Answered> => {
    asked.push({ messages, options });
    return Promise.resolve(answers[Math.min(asked.length, answers.length) - 1]!);
  };
  return { asked, answering };
}

const CALLS = newAnswer('', { toolCalls: [call('weather', { city: 'Lindau' })] });

describe('a tool with execute', () => {
  it('is run with its arguments, and the model goes on with what it gave', async () => {
    const { asked, answering } = scripted(CALLS, newAnswer('It has 21 degrees.'));
    const seen: unknown[] = [];
    const answer = await answerWithTools(answering, ASKED, {
      tools: [{ name: 'weather', execute: ({ city }) => ({ city, degrees: 21 }) }],
      toolChoice: 'required',
      onToolCall: (one) => seen.push(one.name),
      onToolResult: ({ result }) => seen.push(result),
    });
    expect(answer).toMatchObject({
      answer: 'It has 21 degrees.',
      toolResults: [{ failed: false, result: '{"city":"Lindau","degrees":21}' }],
    });
    expect(asked[1]!.messages.slice(1)).toEqual([
      { role: 'assistant', content: '', toolCalls: CALLS.toolCalls },
      { role: 'tool', content: '{"city":"Lindau","degrees":21}', toolCallId: 'k3k3k3k3k' },
    ]);
    expect(asked.map(({ options }) => options.toolChoice)).toEqual(['required', 'auto']);
    expect(seen).toEqual(['weather', '{"city":"Lindau","degrees":21}']);
  });

  it('that throws, or gives nothing, is told to the model', async () => {
    const { asked, answering } = scripted(CALLS, CALLS, newAnswer('I cannot say.'));
    const results = [() => Promise.reject(new Error('no network')), () => undefined];
    const answer = await answerWithTools(answering, ASKED, {
      tools: [{ name: 'weather', execute: () => results.shift()!() }],
    });
    expect(answer.toolResults).toMatchObject([{ failed: true, result: 'Error: no network' }, { result: 'Done.' }]);
    expect(asked).toHaveLength(3);
  });

  it.each([0, 1, 3])('is run in at most %i rounds; then the model has to answer', async (maxToolRounds) => {
    const { asked, answering } = scripted(CALLS);
    const rounds: number[] = [];
    // A model that may not call says something: the script does not know, so it is stopped here.
    const bounded = async (messages: readonly ChatMessage[], options: AskOptions): Promise<Answered> =>
      options.toolChoice === 'none' ? newAnswer('Enough.') : answering(messages, options);
    const execute = (): string => `${rounds.push(1)}`;
    const options = { maxToolRounds, tools: [{ name: 'weather', execute }] };
    expect((await answerWithTools(bounded, ASKED, options)).answer).toBe('Enough.');
    expect([asked.length, rounds.length]).toEqual([maxToolRounds, maxToolRounds]);
  });

  it('ends with an abort', async () => {
    const abort = new AbortController();
    const { answering } = scripted(CALLS);
    const execute = (): never => {
      abort.abort();
      throw new Error('stopped');
    };
    const running = answerWithTools(answering, ASKED, { signal: abort.signal, tools: [{ name: 'weather', execute }] });
    await expect(running).rejects.toBeInstanceOf(AbortError);
  });
});

it('a call of a tool without execute is the caller’s, also beside one that has it', async () => {
  const both = newAnswer('', { toolCalls: [call('weather'), call('book')] });
  const { asked, answering } = scripted(both);
  const execute = (): never => {
    throw new Error('It is not to be run.');
  };
  const answer = await answerWithTools(answering, ASKED, { tools: [{ name: 'weather', execute }, { name: 'book' }] });
  expect(answer).toEqual(both);
  expect(asked).toHaveLength(1);
});

it('the model is told of tools without what runs them', () => {
  expect(
    withoutExecute([
      { name: 'a', execute: () => 1 },
      { name: 'b', description: 'B' },
    ]),
  ).toEqual([{ name: 'a' }, { name: 'b', description: 'B' }]);
  expect(() => withoutExecute([{ name: 'a', execute: 'x' as never }])).toThrow('a function for execute');
});
