// An answer as it comes: its parts, in order, to be read with `for await`. Not here: answering (answering.ts, tool-loop.ts).
import type { ToolCall } from '../inference/index.js';
import { streamOf } from '../stream-of.js';
import type { Answered } from './answering.js';
import type { AskOptions } from './options.js';
import type { ToolResult } from './tools.js';

export type AnswerPart =
  /** What the model thinks before it answers; no part of the answer. */
  | { type: 'thinking'; text: string }
  | { type: 'text'; text: string }
  /** The model asks for this; where the tool has an `execute`, it is run now. */
  | { type: 'tool_call'; call: ToolCall }
  | ({ type: 'tool_result' } & ToolResult)
  /** What the answer rests on. */
  | ({ type: 'attribution' } & Pick<Answered, 'source' | 'memories' | 'passages' | 'confidence'>)
  | { type: 'finish'; finishReason: Answered['finishReason']; answer: Answered };

/** Callbacks that the answering calls, and a signal that ends it when nobody reads any more. */
export type Listening = Pick<AskOptions, 'onText' | 'onThinking' | 'onToolCall' | 'onToolResult' | 'signal'>;

/** The parts, then the whole answer as the generator's value. Whoever stops reading ends the answer. */
export function streamAnswer(
  answering: (listening: Listening) => Promise<Answered>,
  signal: AbortSignal | undefined,
): AsyncGenerator<AnswerPart, Answered, undefined> {
  return streamOf<AnswerPart, Answered>(async (send, abort) => {
    const answer = await answering({
      signal: abort,
      onText: (text) => {
        send({ type: 'text', text });
      },
      onThinking: (text) => {
        send({ type: 'thinking', text });
      },
      onToolCall: (call) => {
        send({ type: 'tool_call', call });
      },
      onToolResult: (result) => {
        send({ type: 'tool_result', ...result });
      },
    });
    const { source, memories, passages, confidence, finishReason } = answer;
    send({ type: 'attribution', source, memories, passages, ...(confidence === undefined ? {} : { confidence }) });
    send({ type: 'finish', finishReason, answer });
    return answer;
  }, signal);
}
