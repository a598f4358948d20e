// Lines that belong together, as Markdown and plain notes have them: headings, notes (an item of a list, `Key: value`), paragraphs.
// Marks of layout go (#, bullets, rules, fences); numbers and boxes of lists stay. Not here: what becomes of them (split.ts).
import { onOneLine } from '../../brain/index.js';

export interface TextBlock {
  kind: 'heading' | 'note' | 'paragraph';
  text: string;
}

const HEADING = /^\s*#{1,6}\s+/u;
const BULLET = /^\s*[-*+•–·]\s+/u;
const NUMBERED = /^\s*(?:\d{1,3}[.)]|\[[ xX]\])\s+/u;
const LAYOUT = /^(?:[-=_*]{3,}|```.*)$/u;

/** `Key: value`, and what somebody said in a chat. */
export const PAIR = /^\p{L}[\p{L}\p{N} '’./+#&-]{0,40}(?::\s+|：\s*)\S/u;

export function blocksOf(text: string): TextBlock[] {
  const out: TextBlock[] = [];
  let isOpen = false;
  for (const line of text.split(/\r?\n|[\r\u2028\u2029]/u)) {
    const trimmed = onOneLine(line);
    const last = out.at(-1);
    if (trimmed === '' || LAYOUT.test(trimmed)) isOpen = false;
    else if (HEADING.test(line)) {
      out.push({ kind: 'heading', text: trimmed.replace(HEADING, '').replace(/[\s:：]*#*$/u, '') });
      isOpen = false;
    } else if (BULLET.test(line) || NUMBERED.test(line)) {
      out.push({ kind: 'note', text: trimmed.replace(BULLET, '') });
      isOpen = true;
    } else if (isOpen && last !== undefined) last.text += ` ${trimmed}`;
    else {
      const isNote = PAIR.test(trimmed);
      out.push({ kind: isNote ? 'note' : 'paragraph', text: trimmed });
      isOpen = !isNote;
    }
  }
  return out.filter((block) => block.text !== '');
}
