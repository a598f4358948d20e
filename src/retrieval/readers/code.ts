// Source code: blocks between blank lines, where what is indented stays with the line above it that is not: a function is one
// block as long as it fits a passage. Not here: grammars.
import { aboutDecoded, decodeText } from './decode.js';
import { trimmed } from './text.js';
import type { Block, Reader } from './types.js';

export const readCode: Reader = async (bytes, _, reading) => {
  const { text, ...about } = await decodeText(bytes, reading);
  const blocks: Block[] = [];
  let start = 0;
  for (const { index, 0: gap } of text.matchAll(/\r?\n(?:[^\S\n]*\r?\n)+/gu)) {
    const next = index + gap.length;
    // A blank line before a line that is not indented and does not close anything.
    if (!/[^\s)}\]]/u.test(text[next] ?? '')) continue;
    const block = trimmed(text, start, index);
    if (block !== undefined) blocks.push({ kind: 'code', ...block });
    start = next;
  }
  const rest = trimmed(text, start, text.length);
  if (rest !== undefined) blocks.push({ kind: 'code', ...rest });
  return { kind: 'code', text, blocks, ...aboutDecoded(about) };
};
