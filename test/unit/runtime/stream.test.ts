// An answer part by part, of scripted answers.
import { setImmediate } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { AbortError } from '../../../src/errors.js';
import { streamAnswer, type AnswerPart, type Listening } from '../../../src/runtime/stream.js';
import { newAnswer } from '../../fakes/results.js';

const ANSWER = newAnswer('It is blue.', { source: 'weights', confidence: 0.9 });
const CALL = { id: 'k3k3k3k3k', name: 'look', arguments: {} };

async function say({ onText, onThinking, onToolCall, onToolResult, signal }: Listening) {
  onThinking?.('Let me look.');
  onToolCall?.(CALL);
  onToolResult?.({ call: CALL, result: 'blue', failed: false });
  for (const piece of ['It is', ' blue.']) {
    await setImmediate();
    if (signal?.aborted === true) throw new AbortError('It is');
    onText?.(piece);
  }
  return ANSWER;
}

it('gives thoughts, calls, results and text in order, then what the answer rests on, and the end', async () => {
  const parts: AnswerPart[] = [];
  for await (const part of streamAnswer(say, undefined)) parts.push(part);
  expect(parts).toEqual([
    { type: 'thinking', text: 'Let me look.' },
    { type: 'tool_call', call: CALL },
    { type: 'tool_result', call: CALL, result: 'blue', failed: false },
    { type: 'text', text: 'It is' },
    { type: 'text', text: ' blue.' },
    { type: 'attribution', source: 'weights', memories: [], passages: [], confidence: 0.9 },
    { type: 'finish', finishReason: 'stop', answer: ANSWER },
  ]);
});

it('ends the answer where the reader leaves', async () => {
  let signal: AbortSignal | undefined;
  const answering = (listening: Listening) => {
    ({ signal } = listening);
    return say(listening);
  };
  for await (const part of streamAnswer(answering, undefined)) if (part.type === 'text') break;
  expect(signal?.aborted).toBe(true);
});

it('throws where it is cancelled, with what was said', async () => {
  const abort = new AbortController();
  const read = async (): Promise<void> => {
    for await (const part of streamAnswer(say, abort.signal)) if (part.type === 'text') abort.abort();
  };
  await expect(read()).rejects.toMatchObject({ name: 'AbortError', said: 'It is' });
});
