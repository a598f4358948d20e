// One row of training data as it stands in a file, and the check that it is one. Not here: tokens (encode-row.ts).
import { EngramError } from '../errors.js';
import { isObject } from '../is-object.js';
import { hintFor, inOurShape } from './row-shapes.js';

export interface Message {
  role: 'system' | 'user' | 'assistant' | 'tool';
  content: string;
  /** Of an assistant: the tools it called. */
  toolCalls?: readonly RowCall[];
  /** Of a tool: which call this answers. */
  toolCallId?: string;
}

export interface RowCall {
  id: string;
  name: string;
  arguments: Record<string, unknown>;
}

export type Row =
  | { kind: 'text'; text: string }
  | { kind: 'completion'; prompt: string; completion: string }
  | { kind: 'messages'; messages: Message[] };

const SHAPES = 'Expected {"text"}, {"prompt", "completion"} or {"messages"}';
const ROLES = ['system', 'user', 'assistant', 'tool'] as const;

/** Parses a line. Other fields beside those of its shape are let be. Throws `corrupt` or `empty` with the line. */
export function parseRow(json: string, line: number): Row {
  return rowOf(parseJson(json, line), line);
}

/** As parseRow(), of what a line holds. */
export function rowOf(given: unknown, line: number): Row {
  const row = inOurShape(given);
  if (typeof row !== 'object' || row === null || Array.isArray(row)) fail(line, `${SHAPES}, not ${nameOf(row)}.`);
  const shapes = ['text' in row, 'prompt' in row || 'completion' in row, 'messages' in row].filter(Boolean);
  if (shapes.length !== 1) fail(line, `${SHAPES}, exactly one of them.`, undefined, hintFor(given));
  if ('messages' in row) return { kind: 'messages', messages: parseMessages(row.messages, line) };
  if ('text' in row) return { kind: 'text', text: parseString(row.text, 'text', line) };
  const { prompt, completion } = row as { prompt?: unknown; completion?: unknown };
  return {
    kind: 'completion',
    prompt: parseString(prompt, 'prompt', line),
    completion: parseString(completion, 'completion', line),
  };
}

/** Throws `corrupt` with the line. */
export function parseJson(json: string, line: number): unknown {
  try {
    return JSON.parse(json);
  } catch (error) {
    fail(line, 'This is not JSON.', error);
  }
}

function parseMessages(value: unknown, line: number): Message[] {
  if (!Array.isArray(value) || value.length === 0) fail(line, 'Expected an array of messages.');
  const messages = value.map((message: unknown, i) => parseMessage(message, i, line));
  if (messages.at(-1)?.role !== 'assistant') {
    fail(line, 'The last message must be of the role "assistant": it is what is learned.');
  }
  return messages;
}

function parseMessage(value: unknown, index: number, line: number): Message {
  const where = `messages[${index}]`;
  if (typeof value !== 'object' || value === null) fail(line, `Expected {"role", "content"} for ${where}.`);
  const fields = value as Record<string, unknown>;
  const role = ROLES.find((one) => one === fields['role']);
  if (role === undefined) {
    fail(
      line,
      `Expected "system", "user", "assistant" or "tool" for ${where}.role but received ${nameOf(fields['role'])}.`,
    );
  }
  if (role === 'system' && index > 0) fail(line, 'Only the first message may be of the role "system".');
  const calls = fields['tool_calls'] ?? fields['toolCalls'];
  const toolCalls =
    role === 'assistant' && Array.isArray(calls) ? calls.map((call, i) => parseCall(call, i, where, line)) : [];
  const said = partsOf(fields['content'], `${where}.content`, line);
  const content = toolCalls.length > 0 && (said ?? '') === '' ? '' : parseString(said, `${where}.content`, line);
  const thought = role === 'assistant' ? (fields['reasoning_content'] ?? fields['thinking']) : undefined;
  const id = fields['tool_call_id'] ?? fields['toolCallId'];
  return {
    role,
    content:
      typeof thought === 'string' && thought.trim() !== ''
        ? `<think>\n${thought.trim()}\n</think>\n\n${content}`
        : content,
    ...(toolCalls.length === 0 ? {} : { toolCalls }),
    ...(role === 'tool' && typeof id === 'string' ? { toolCallId: id } : {}),
  };
}

/** Texts in parts as OpenAI has them are one text; what is none has no place here. */
function partsOf(content: unknown, where: string, line: number): unknown {
  if (!Array.isArray(content)) return content;
  const texts = (content as ({ type?: unknown; text?: unknown } | null)[]).map((part) => {
    if (typeof part?.text === 'string') return part.text;
    fail(line, `${where} has a part of the type ${nameOf(part?.type)}; only texts can be learned.`);
  });
  return texts.join('\n');
}

/** As OpenAI has it, or bare; the arguments may be JSON in a text. */
function parseCall(value: unknown, index: number, where: string, line: number): RowCall {
  const at = `${where}.tool_calls[${index}]`;
  const { id, function: inner } = (isObject(value) ? value : {}) as { id?: unknown; function?: unknown };
  const call = isObject(inner) ? inner : value;
  if (!isObject(call) || typeof call['name'] !== 'string') fail(line, `Expected {"name", "arguments"} for ${at}.`);
  const { name } = call;
  const given = call['arguments'] ?? call['parameters'] ?? {};
  const parsed = typeof given === 'string' ? parseJson(given, line) : given;
  if (!isObject(parsed)) fail(line, `Expected an object for the arguments of ${at}.`);
  const isSound = typeof id === 'string' && /^[\w.-]{1,64}$/.test(id);
  return { id: isSound ? id : `call${String(index).padStart(5, '0')}`, name, arguments: parsed };
}

function parseString(value: unknown, field: string, line: number): string {
  if (typeof value !== 'string') fail(line, `Expected a string for ${field} but received ${nameOf(value)}.`);
  if (value.trim() === '') {
    throw new EngramError('empty', `Line ${line}: ${field} is empty.`, { details: { line } });
  }
  return value;
}

function fail(line: number, message: string, cause?: unknown, hint?: string): never {
  throw new EngramError('corrupt', `Line ${line}: ${message}`, { cause, hint, details: { line } });
}

function nameOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'string' ? JSON.stringify(value.slice(0, 40)) : typeof value;
}
