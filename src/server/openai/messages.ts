// OpenAI's messages and tools as engram has them, and back. Not here: the other fields of a request (chat.ts, responses.ts).
import { z } from 'zod';
import type { ChatMessage, Tool, ToolCall } from '../../index.js';
import { invalid } from '../errors.js';
import { LIMITS } from '../limits.js';
import { listOf } from '../schema.js';

const PART = z.looseObject({ type: z.string(), text: z.string().optional(), refusal: z.string().optional() });
const CONTENT = z.union([z.string(), z.null(), listOf(PART, LIMITS.messages)]).optional();
export type Content = z.infer<typeof CONTENT>;

const CALL = z.looseObject({
  id: z.string(),
  type: z.literal('function').default('function'),
  function: z.looseObject({ name: z.string(), arguments: z.string() }),
});

export const MESSAGE = z.looseObject({
  role: z.enum(['system', 'developer', 'user', 'assistant', 'tool']),
  content: CONTENT,
  tool_calls: listOf(CALL, LIMITS.tools).nullish(),
  tool_call_id: z.string().nullish(),
});

export const TOOL = z.looseObject({
  type: z.literal('function'),
  function: z.looseObject({
    name: z.string(),
    description: z.string().nullish(),
    parameters: z.record(z.string(), z.unknown()).nullish(),
  }),
});

export const TOOL_CHOICE = z.union([
  z.enum(['auto', 'none', 'required']),
  z.looseObject({ type: z.literal('function'), function: z.looseObject({ name: z.string() }) }),
]);

/** Throws 400 that names the message. */
export function toMessages(given: readonly z.infer<typeof MESSAGE>[]): ChatMessage[] {
  return given.map((message, i): ChatMessage => {
    const content = textOf(message.content, `messages[${i}].content`);
    switch (message.role) {
      case 'system':
      case 'developer':
        return { role: 'system', content };
      case 'user':
        return { role: 'user', content };
      case 'tool':
        return {
          role: 'tool',
          content,
          ...(message.tool_call_id == null ? {} : { toolCallId: ownCallId(message.tool_call_id) }),
        };
      case 'assistant': {
        const calls = (message.tool_calls ?? []).map((call, c) => ({
          id: ownCallId(call.id),
          name: call.function.name,
          arguments: argumentsOf(call.function.arguments, `messages[${i}].tool_calls[${c}].function.arguments`),
        }));
        return { role: 'assistant', content, ...(calls.length > 0 ? { toolCalls: calls } : {}) };
      }
    }
  });
}

/** Parts of text joined. Throws 400 for what is no text. */
export function textOf(content: Content, where: string): string {
  if (content == null) return '';
  if (typeof content === 'string') return content;
  return content
    .map((part, i) => {
      const text = part.text ?? part.refusal;
      const isText = ['text', 'input_text', 'output_text', 'refusal'].includes(part.type);
      if (!isText || text === undefined) {
        throw invalid(
          `${where}[${i}]: a part of type ${JSON.stringify(part.type)} is not read; only text is.`,
          `${where}[${i}]`,
        );
      }
      return text;
    })
    .join('');
}

/** Of a history. Throws 400. */
export function argumentsOf(text: string, where: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text === '' ? '{}' : text);
  } catch {
    throw invalid(`${where} is not valid JSON.`, where);
  }
  if (value === null || typeof value !== 'object' || Array.isArray(value))
    throw invalid(`${where} is not an object.`, where);
  return value as Record<string, unknown>;
}

export function toTools(tools: readonly z.infer<typeof TOOL>[] | undefined): Tool[] | undefined {
  return tools?.map(({ function: { name, description, parameters } }) => ({
    name,
    ...(description == null ? {} : { description }),
    ...(parameters == null ? {} : { parameters }),
  }));
}

export function toToolChoice(choice: z.infer<typeof TOOL_CHOICE> | undefined) {
  return typeof choice === 'object' ? { name: choice.function.name } : choice;
}

/** Ids of calls go out with a prefix that clients expect. */
export const outerCallId = (id: string): string => `call_${id}`;
export const ownCallId = (id: string): string => id.replace(/^(call_|toolu_|fc_)/, '');

export function toOpenAiCalls(calls: readonly ToolCall[]): object[] {
  return calls.map(({ id, name, arguments: given }) => ({
    ...{ id: outerCallId(id), type: 'function' },
    function: { name, arguments: JSON.stringify(given) },
  }));
}
