// What was said in a chat, as lines of JSON that are only ever added: {at, role, content}, with the calls of tools and what they
// answer as ChatMessage has them, or {at, cleared: true} where a new conversation begins. A line that cannot be read is passed
// over. Not here: where it lies (chats.ts).
import { open, readFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { EngramError, fromSystemError } from '../errors.js';
import { syncFolder } from '../files.js';
import type { ChatMessage, ToolCall } from '../inference/index.js';
import { isObject } from '../is-object.js';

export interface Transcript {
  /** Since it was last cleared. */
  messages: ChatMessage[];
  damagedLines: number;
}

/** The file in the folder of a chat. */
export const TRANSCRIPT = 'transcript.jsonl';

/** Bytes: years of typing. A file that is larger is not believed to be a transcript. */
const MOST_BYTES = 64 * 2 ** 20;

export function transcriptLine(said: ChatMessage | 'cleared'): string {
  const at = new Date().toISOString();
  if (said === 'cleared') return `${JSON.stringify({ at, cleared: true })}\n`;
  const { role, content, toolCalls, toolCallId } = said; // what is undefined is not written
  return `${JSON.stringify({ at, role, content, toolCalls, toolCallId })}\n`;
}

/** Adds lines to a file; they survive a crash once this returns. A line that an earlier crash cut off stays by itself. Throws
 * `disk`. */
export async function appendLines(path: string, text: string): Promise<void> {
  try {
    // For its owner's eyes: people say in a chat what they would not in public.
    const file = await open(path, 'a+', 0o600);
    try {
      const { size } = await file.stat();
      const { buffer: last } = await file.read(Buffer.alloc(1), 0, 1, Math.max(0, size - 1));
      await file.appendFile(size > 0 && last.toString() !== '\n' ? `\n${text}` : text);
      await file.sync();
      if (size === 0) await syncFolder(dirname(path));
    } finally {
      await file.close();
    }
  } catch (error) {
    throw fromSystemError(error, path);
  }
}

/** Throws `not_found`, `disk`, `corrupt` (far too large). */
export async function readTranscript(path: string): Promise<Transcript> {
  let text: string;
  try {
    const { size } = await stat(path);
    if (size > MOST_BYTES) {
      throw new EngramError('corrupt', `The transcript is larger than ${MOST_BYTES / 2 ** 20} MiB: ${path}.`);
    }
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw fromSystemError(error, path);
  }
  const transcript: Transcript = { messages: [], damagedLines: 0 };
  for (const line of text.split('\n')) {
    if (line.trim() === '') continue;
    const said = read(line);
    if (said === undefined) transcript.damagedLines++;
    else if (said === 'cleared') transcript.messages = [];
    else transcript.messages.push(said);
  }
  return transcript;
}

function read(line: string): ChatMessage | 'cleared' | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { cleared, role, content, toolCalls, toolCallId } = value as Record<string, unknown>;
  if (cleared === true) return 'cleared';
  if (typeof content !== 'string') return undefined;
  if (role === 'user' || role === 'system') return { role, content };
  if (role === 'tool') {
    if (toolCallId === undefined) return { role, content };
    return typeof toolCallId === 'string' ? { role, content, toolCallId } : undefined;
  }
  if (role !== 'assistant') return undefined;
  if (toolCalls === undefined) return { role, content };
  return areToolCalls(toolCalls) ? { role, content, toolCalls } : undefined;
}

function areToolCalls(value: unknown): value is ToolCall[] {
  return (
    Array.isArray(value) &&
    value.every((call: unknown) => {
      const { id, name, arguments: given } = (call ?? {}) as Partial<Record<keyof ToolCall, unknown>>;
      return typeof id === 'string' && typeof name === 'string' && isObject(given);
    })
  );
}
