// One row of training data as it stands in a file, and the check that it is one. Not here: tokens (encode-row.ts).
import { EngramError } from '../errors.js';

export interface Message {
  role: 'system' | 'user' | 'assistant';
  content: string;
}

export type Row =
  | { kind: 'text'; text: string }
  | { kind: 'completion'; prompt: string; completion: string }
  | { kind: 'messages'; messages: Message[] };

const SHAPES = 'Expected {"text"}, {"prompt", "completion"} or {"messages"}';

/** Parses a line. Other fields beside those of its shape are let be. Throws `corrupt` or `empty` with the line. */
export function parseRow(json: string, line: number): Row {
  const row = parseJson(json, line);
  if (typeof row !== 'object' || row === null || Array.isArray(row)) fail(line, `${SHAPES}, not ${nameOf(row)}.`);
  const shapes = ['text' in row, 'prompt' in row || 'completion' in row, 'messages' in row].filter(Boolean);
  if (shapes.length !== 1) fail(line, `${SHAPES}, exactly one of them.`);
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
  const { role, content } = value as { role?: unknown; content?: unknown };
  if (role !== 'system' && role !== 'user' && role !== 'assistant') {
    fail(line, `Expected "system", "user" or "assistant" for ${where}.role but received ${nameOf(role)}.`);
  }
  if (role === 'system' && index > 0) fail(line, 'Only the first message may be of the role "system".');
  return { role, content: parseString(content, `${where}.content`, line) };
}

function parseString(value: unknown, field: string, line: number): string {
  if (typeof value !== 'string') fail(line, `Expected a string for ${field} but received ${nameOf(value)}.`);
  if (value.trim() === '') {
    throw new EngramError('empty', `Line ${line}: ${field} is empty.`, { details: { line } });
  }
  return value;
}

function fail(line: number, message: string, cause?: unknown): never {
  throw new EngramError('corrupt', `Line ${line}: ${message}`, { cause, details: { line } });
}

function nameOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'string' ? JSON.stringify(value.slice(0, 40)) : typeof value;
}
