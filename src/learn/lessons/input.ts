// What may be given to be remembered, checked: values of programs, rows of JSONL files. Not here: lessons of it (make.ts).
import { EngramError } from '../../errors.js';
import type { ChatMessage } from '../../inference/index.js';
import type { MemoryInput, MemorySource, Triple } from '../../brain/index.js';

const FORMS = '{"text"}, {"question", "answer"}, {"subject", "relation", "object"} or {"messages"}';

/** A value from outside as something to be remembered. Throws `usage`, beginning with `where`. */
function checkSource(value: unknown, where = 'A memory'): MemorySource {
  if (typeof value === 'string') return value;
  const row = typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  const has = (...names: string[]) => names.every((name) => typeof row[name] === 'string');
  if (has('question', 'answer')) return { question: row['question'] as string, answer: row['answer'] as string };
  if (has('subject', 'relation', 'object')) return row as unknown as Triple;
  if (has('text')) return { text: row['text'] as string };
  const { messages } = row;
  if (Array.isArray(messages) && messages.every(isMessage)) return { messages };
  throw new EngramError('usage', `${where}: expected a text, ${FORMS}.`);
}

/** What one memory can be made of. Throws `usage`. */
export function checkInput(value: unknown): MemoryInput {
  const source = checkSource(value);
  if (typeof source === 'string') return source;
  if ('text' in source) return source.text;
  if (!('messages' in source)) return source;
  throw new EngramError('usage', 'A conversation becomes several memories: give it to memorizeAll().');
}

/** The rows of a JSONL file. Throws `corrupt` with the line. */
export function sourcesOfJsonl(text: string): MemorySource[] {
  const out: MemorySource[] = [];
  for (const [at, line] of text.split(/\r?\n/u).entries()) {
    if (line.trim() === '') continue;
    try {
      out.push(checkSource(JSON.parse(line), `Line ${at + 1}`));
    } catch (cause) {
      const why = cause instanceof EngramError ? cause.message : `Line ${at + 1} is no JSON.`;
      throw new EngramError('corrupt', why, { cause, details: { line: at + 1 } });
    }
  }
  return out;
}

function isMessage(value: unknown): value is ChatMessage {
  if (typeof value !== 'object' || value === null) return false;
  const { role, content } = value as Record<string, unknown>;
  return typeof content === 'string' && ['system', 'user', 'assistant', 'tool'].includes(role as string);
}
