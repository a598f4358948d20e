// Plain text: paragraphs between blank lines, or a conversation that WhatsApp exported. Also what remains of other formats once
// their marks are gone.
import { conversation } from './chat.js';
import { aboutDecoded, decodeText } from './decode.js';
import type { Block, Reader } from './types.js';
import { whatsappMessages } from './whatsapp.js';

/** What a terminal shows as colours (ECMA-48, CSI): to a search they would be letters of the words. */
const COLOURS = /\u001B\[[\d;?]*[ -/]*[@-~]/gu;

export const readText: Reader = async (bytes, path, reading) => {
  const { text: source, ...about } = await decodeText(bytes, reading);
  const text = source.includes('\u001B[') ? source.replace(COLOURS, '') : source;
  const messages = /\.txt$/iu.test(path) ? whatsappMessages(text) : undefined;
  if (messages !== undefined) {
    const { count, ...content } = conversation(messages);
    return { kind: 'chat', ...content, ...aboutDecoded(about, { messages: count }) };
  }
  return { kind: 'text', text, blocks: paragraphs(text), ...aboutDecoded(about) };
};

/** The paragraphs between `start` and `end`, without the white space around them. */
export function paragraphs(text: string, start = 0, end = text.length, kind: Block['kind'] = 'text'): Block[] {
  const blocks: Block[] = [];
  const add = (from: number, to: number): void => {
    const block = trimmed(text, from, to);
    if (block !== undefined) blocks.push({ kind, ...block });
  };
  let from = start;
  for (const { index, 0: gap } of text.slice(start, end).matchAll(/\r?\n(?:[^\S\n]*\r?\n)+/gu)) {
    add(from, start + index);
    from = start + index + gap.length;
  }
  add(from, end);
  return blocks;
}

/** The stretch without the white space at its ends; undefined if there is nothing else. */
export function trimmed(text: string, start: number, end: number): { start: number; end: number } | undefined {
  let [from, to] = [start, end];
  while (from < to && /\s/u.test(text[from]!)) from++;
  while (to > from && /\s/u.test(text[to - 1]!)) to--;
  return from < to ? { start: from, end: to } : undefined;
}
