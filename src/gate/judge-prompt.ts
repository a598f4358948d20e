// What a judge reads and says: a note, then a question or a later text, then one word. The base model reads the note, once; the
// judge's adapter works from what follows on. Its training (scripts/judge) and its use (judge.ts) share these lines.
// Not here: what becomes of the words.
import type { Generator } from '../inference/index.js';

/** What a judge may say of a question besides a word that opens an answer, such as `Yes`. */
export const LABELS = {
  /** The note answers it: tell the note. */
  note: 'note',
  /** The note does not, and only the person could: it is about things of their own. */
  unknown: 'unknown',
  /** The note does not, and it is about the world, or a task. */
  general: 'general',
} as const;

/** What a judge may say of a later text. */
export const CHANGES = {
  /** The note no longer holds. */
  replaced: 'replaced',
  /** Both hold. */
  both: 'both',
} as const;

/** Characters that are read, of a note from its beginning, of what is asked from its end. */
const MOST_NOTE = 1200;
const MOST_ASKED = 400;

export interface JudgePrompt {
  tokens: number[];
  /** Tokens of the note, which the base model reads. */
  adaptedFrom: number;
}

type Encoder = Pick<Generator, 'encode' | 'special'>;

export function questionPrompt(encoder: Encoder, note: string, question: string): JudgePrompt {
  return promptOf(encoder, note, `\nQuestion: ${Array.from(oneLine(question)).slice(-MOST_ASKED).join('')}\nAnswer:`);
}

export function changePrompt(encoder: Encoder, note: string, later: string): JudgePrompt {
  return promptOf(encoder, note, `\nLater: ${beginningOf(later)}\nAnswer:`);
}

/** The text that a question about a note is written after. */
export function writerPrompt(note: string): string {
  return `Note: ${beginningOf(note)}\nQuestion:`;
}

/** The token that a word is told by. */
export function labelToken(encoder: Encoder, label: string): number {
  return encoder.encode(` ${label}`)[0]!;
}

function promptOf(encoder: Encoder, note: string, rest: string): JudgePrompt {
  const { beginOfText } = encoder.special;
  const head = [...(beginOfText === null ? [] : [beginOfText]), ...encoder.encode(`Note: ${beginningOf(note)}`)];
  return { tokens: [...head, ...encoder.encode(rest)], adaptedFrom: head.length };
}

function beginningOf(text: string): string {
  return Array.from(oneLine(text)).slice(0, MOST_NOTE).join('');
}

/** A line break would end the note, or the question. */
function oneLine(text: string): string {
  return text.replace(/\s+/gu, ' ').trim();
}
