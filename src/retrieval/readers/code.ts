// Source code: blocks between blank lines, where what is indented stays with the line above it that is not: a function is one
// block as long as it fits a passage. Not here: grammars.
import { decodeText } from './decode.js';
import { trimmed } from './text.js';
import type { Block, Reader } from './types.js';

export const readCode: Reader = async (bytes) => {
  const { text, encoding } = await decodeText(bytes);
  const blocks: Block[] = [];
  let start = 0;
  // A blank line before a line that is not indented and does not close anything.
  for (const { index, 0: gap } of text.matchAll(/\r?\n(?:[^\S\n]*\r?\n)+(?=[^\s)}\]])/gu)) {
    const block = trimmed(text, start, index);
    if (block !== undefined) blocks.push({ kind: 'code', ...block });
    start = index + gap.length;
  }
  const rest = trimmed(text, start, text.length);
  if (rest !== undefined) blocks.push({ kind: 'code', ...rest });
  return { kind: 'code', text, blocks, metadata: { encoding } };
};
