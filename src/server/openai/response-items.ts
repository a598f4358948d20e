// The items of /v1/responses: what goes in as engram's messages, what comes out of an answer. Not here: routes and events
// (responses.ts).
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Answered, ChatMessage, Tool } from '../../index.js';
import { invalid } from '../errors.js';
import { LIMITS } from '../limits.js';
import { listOf } from '../schema.js';
import { argumentsOf, outerCallId, ownCallId, textOf, type Content } from './messages.js';

const ITEM = z.looseObject({ type: z.string().optional() });
export type Item = z.infer<typeof ITEM>;

export const INPUT = z.union([z.string(), listOf(ITEM, LIMITS.messages)]);

export const TOOLS = listOf(
  z.looseObject({
    type: z.string(),
    name: z.string().optional(),
    description: z.string().nullish(),
    parameters: z.record(z.string(), z.unknown()).nullish(),
  }),
  LIMITS.tools,
);

export const CHOICE = z.union([
  z.enum(['auto', 'none', 'required']),
  z.looseObject({ type: z.string(), name: z.string().optional() }),
]);

interface TextPart {
  type: 'output_text';
  text: string;
  annotations: object[];
  logprobs: object[];
}

export type OutputItem =
  | { type: 'message'; id: string; role: 'assistant'; status: string; content: TextPart[] }
  | { type: 'function_call'; id: string; call_id: string; name: string; arguments: string; status: string };

/** Items with ids, so that they can be listed. */
export function inputItems(input: z.infer<typeof INPUT>): Item[] {
  const items =
    typeof input === 'string'
      ? [{ type: 'message', role: 'user', content: [{ type: 'input_text', text: input }] }]
      : input;
  if (items.length === 0) throw invalid('The input is empty.', 'input');
  return items.map((item) => ({ id: `msg_${randomUUID().replaceAll('-', '')}`, ...item }));
}

/** Throws 400 that names the item. */
export function messagesOf(items: readonly Item[]): ChatMessage[] {
  const messages: ChatMessage[] = [];
  items.forEach((item, i) => {
    const where = `input[${i}]`;
    const text = (name: string): string => {
      const value = item[name];
      if (typeof value !== 'string') throw invalid(`${where}.${name} is missing.`, where);
      return value;
    };
    switch (item.type ?? 'message') {
      case 'message': {
        const role = text('role');
        const content = textOf(contentOf(item['content'], where), `${where}.content`);
        if (role === 'developer' || role === 'system') messages.push({ role: 'system', content });
        else if (role === 'user' || role === 'assistant') messages.push({ role, content });
        else throw invalid(`${where}: there is no role ${JSON.stringify(role.slice(0, 40))}.`, where);
        return;
      }
      case 'function_call': {
        const call = {
          id: ownCallId(text('call_id')),
          name: text('name'),
          arguments: argumentsOf(text('arguments'), `${where}.arguments`),
        };
        const last = messages.at(-1);
        // Calls belong to the turn of the assistant that they were made in.
        if (last?.role === 'assistant')
          messages.splice(-1, 1, { ...last, toolCalls: [...(last.toolCalls ?? []), call] });
        else messages.push({ role: 'assistant', content: '', toolCalls: [call] });
        return;
      }
      case 'function_call_output': {
        const output = item['output'];
        const content = typeof output === 'string' ? output : textOf(contentOf(output, where), `${where}.output`);
        messages.push({ role: 'tool', content, toolCallId: ownCallId(text('call_id')) });
        return;
      }
      case 'reasoning':
      case 'item_reference':
        return; // what it points to is there by previous_response_id
      default:
        throw invalid(
          `${where}: items of the type ${JSON.stringify(item.type?.slice(0, 40))} are not read here.`,
          where,
        );
    }
  });
  if (messages.length === 0) throw invalid('There is no message in the input.', 'input');
  return systemFirst(messages);
}

/** What templates demand: one system message, in front. */
function systemFirst(messages: readonly ChatMessage[]): ChatMessage[] {
  return [...messages.filter(({ role }) => role === 'system'), ...messages.filter(({ role }) => role !== 'system')];
}

function contentOf(content: unknown, where: string): Content {
  if (typeof content === 'string' || content == null) return content ?? null;
  if (Array.isArray(content) && content.every((part) => typeof (part as { type?: unknown } | null)?.type === 'string'))
    return content as Content;
  throw invalid(`${where}: the content is neither a text nor a list of parts.`, where);
}

/** Tools of a client's own; those of other types would run elsewhere, and are named. */
export function toolsOf(tools: z.infer<typeof TOOLS> = []): { tools: Tool[]; leftOut: string[] } {
  const own = tools.filter(({ type, name }) => type === 'function' && name !== undefined);
  return {
    tools: own.map(({ name, description, parameters }) => ({
      name: name!,
      ...(description == null ? {} : { description }),
      ...(parameters == null ? {} : { parameters }),
    })),
    leftOut: [...new Set(tools.filter((tool) => !own.includes(tool)).map(({ type }) => type.slice(0, 40)))],
  };
}

export function choiceOf(choice: z.infer<typeof CHOICE> | undefined) {
  if (typeof choice !== 'object') return choice;
  return choice.type === 'function' && choice.name !== undefined ? { name: choice.name } : 'auto';
}

/** What an answer is made of. `id`: of its message, where that was streamed. */
export function itemsOf(answered: Answered, id?: string): OutputItem[] {
  const { answer, passages, logprobs = [], toolCalls = [], finishReason } = answered;
  const status = finishReason === 'length' ? 'incomplete' : 'completed';
  const shown = ({ text, logprob }: { text: string; logprob: number }) => ({
    token: text,
    logprob,
    bytes: [...Buffer.from(text)],
  });
  const part: TextPart = {
    ...{ type: 'output_text', text: answer },
    annotations: passages.map((passage, i) => ({
      ...{ type: 'file_citation', file_id: String(passage.id), filename: passage.title ?? passage.place, index: i },
    })),
    logprobs: logprobs.map((token) => ({ ...shown(token), top_logprobs: token.likeliest.map(shown) })),
  };
  const calls = toolCalls.map((call): OutputItem => ({
    ...{
      type: 'function_call',
      id: `fc_${randomUUID().replaceAll('-', '')}`,
      call_id: outerCallId(call.id),
      name: call.name,
    },
    ...{ arguments: JSON.stringify(call.arguments), status: 'completed' },
  }));
  if (answer === '' && id === undefined && calls.length > 0) return calls;
  const message: OutputItem = {
    type: 'message',
    id: id ?? `msg_${randomUUID().replaceAll('-', '')}`,
    role: 'assistant',
    status,
    content: [part],
  };
  return [message, ...calls];
}
