// Anthropic's messages and tools as engram has them. Not here: the route and its events (routes.ts).
import { z } from 'zod';
import type { AskOptions, ChatMessage, ToolCall } from '../../index.js';
import { invalid } from '../errors.js';
import { LIMITS } from '../limits.js';
import { ENGRAM } from '../openai/index.js';
import { ownCallId } from '../openai/index.js';
import { listOf, MODEL, whole } from '../schema.js';

const BLOCK = z.looseObject({ type: z.string() });
const CONTENT = z.union([z.string(), listOf(BLOCK, LIMITS.messages)]);
type Content = z.infer<typeof CONTENT>;

export const COUNTED = z.looseObject({
  model: MODEL,
  messages: listOf(
    z.looseObject({ role: z.enum(['user', 'assistant', 'system']), content: CONTENT }),
    LIMITS.messages,
    1,
  ),
  system: CONTENT.optional(),
  tools: listOf(
    z.looseObject({
      name: z.string(),
      description: z.string().nullish(),
      input_schema: z.record(z.string(), z.unknown()).nullish(),
      type: z.string().nullish(),
    }),
    LIMITS.tools,
  ).optional(),
  tool_choice: z
    .looseObject({
      type: z.enum(['auto', 'any', 'tool', 'none']),
      name: z.string().optional(),
      disable_parallel_tool_use: z.boolean().optional(),
    })
    .optional(),
});

export const BODY = COUNTED.extend({
  max_tokens: whole(1, Number.MAX_SAFE_INTEGER),
  stop_sequences: listOf(z.string().min(1).max(LIMITS.stopLength), LIMITS.stops).optional(),
  temperature: z.number().min(0).max(2).optional(),
  top_p: z.number().min(0).max(1).optional(),
  top_k: whole(0, 1_000_000).optional(),
  stream: z.boolean().optional(),
  engram: ENGRAM.optional(),
});
export type Body = z.infer<typeof BODY>;

/** Messages, and the beginning of the answer where the last one is the assistant's. Throws 400 that names the message. */
export function toConversation({ messages, system }: z.infer<typeof COUNTED>): {
  messages: ChatMessage[];
  opening?: string;
} {
  const before = system === undefined ? '' : systemOf(system);
  const all = messages.flatMap(({ role, content }, i) => messagesOf(role, content, `messages[${i}].content`));
  const last = all.at(-1)!;
  const given: ChatMessage[] = before === '' ? all : [{ role: 'system', content: before }, ...all];
  if (last.role !== 'assistant' || last.toolCalls !== undefined || given.length === 1) return { messages: given };
  return { messages: given.slice(0, -1), opening: last.content };
}

/** One client puts a line in front that changes with every turn: nothing of the conversation would be found computed. */
function systemOf(system: Content): string {
  const blocks = typeof system === 'string' ? [system] : system.map((block, i) => textOf(block, `system[${i}]`));
  return blocks
    .map((text) => text.replace(/^x-anthropic-billing-header:[^\n]*\n?/i, ''))
    .filter((text) => text !== '')
    .join('\n');
}

function messagesOf(role: 'user' | 'assistant' | 'system', content: Content, where: string): ChatMessage[] {
  if (typeof content === 'string') return [{ role, content }];
  let text = '';
  const calls: ToolCall[] = [];
  const results: ChatMessage[] = [];
  content.forEach((block, i) => {
    const at = `${where}[${i}]`;
    if (block.type === 'thinking' || block.type === 'redacted_thinking') return;
    if (block.type === 'tool_use') calls.push(callOf(block, at));
    else if (block.type === 'tool_result') {
      const id = block['tool_use_id'];
      const parts = block['content'] ?? '';
      const result =
        typeof parts === 'string' ? parts : (parts as z.infer<typeof BLOCK>[]).map((part) => textOf(part, at)).join('');
      results.push({ role: 'tool', content: result, ...(typeof id === 'string' ? { toolCallId: ownCallId(id) } : {}) });
    } else text += textOf(block, at);
  });
  // What tools gave comes before what is said about it.
  if (text === '' && calls.length === 0 && results.length > 0) return results;
  return [...results, { role, content: text, ...(calls.length > 0 ? { toolCalls: calls } : {}) }];
}

function callOf(block: z.infer<typeof BLOCK>, where: string): ToolCall {
  const { id, name, input } = block;
  if (typeof id !== 'string' || typeof name !== 'string' || input === null || typeof input !== 'object') {
    throw invalid(`${where}: a tool_use needs id, name and input.`, where);
  }
  return { id: ownCallId(id), name, arguments: input as Record<string, unknown> };
}

function textOf(block: z.infer<typeof BLOCK>, where: string): string {
  if (block.type === 'text' && typeof block['text'] === 'string') return block['text'];
  throw invalid(`${where}: a block of type ${JSON.stringify(block.type)} is not read; only text is.`, where);
}

/** Tools that are none of the client's own (`type: web_search_…`) are left out: they would be run elsewhere. */
export function toTools({
  tools,
  tool_choice: choice,
}: z.infer<typeof COUNTED>): Pick<AskOptions, 'tools' | 'toolChoice' | 'parallelToolCalls'> {
  const own = (tools ?? []).filter(({ type }) => type == null || type === 'custom');
  if (own.length === 0 || choice?.type === 'none') return {};
  return {
    tools: own.map(({ name, description, input_schema }) => ({
      name,
      ...(description == null ? {} : { description }),
      ...(input_schema == null ? {} : { parameters: input_schema }),
    })),
    toolChoice:
      choice?.type === 'any'
        ? 'required'
        : choice?.type === 'tool' && choice.name !== undefined
          ? { name: choice.name }
          : 'auto',
    parallelToolCalls: choice?.disable_parallel_tool_use !== true,
  };
}

export function askOptionsOf(body: Body): AskOptions {
  return {
    ...{ maxTokens: body.max_tokens, temperature: body.temperature, topP: body.top_p, topK: body.top_k },
    ...(body.stop_sequences === undefined ? {} : { stop: body.stop_sequences }),
    ...toTools(body),
  };
}
