// Bytes that are written as letters (base64: pictures in Markdown, photos in address books, certificates) are nothing to be found
// or read: where they stand in a text is left out. A key or a hash is shorter, and stays. Not here: attachments of messages, which
// are decoded (readers/email.ts).
import { linesOf, type Stretch } from './sentences.js';

/** Characters from which on it is no key that somebody may look for. */
const LONG = 200;

const WHOLE_LINE = /^[A-Za-z0-9+/]{40,}={0,2}$/u;
const RUNS = /[A-Za-z0-9+/_-]{200,}={0,2}/gu;

/** The parts of a stretch of text between what is encoded; one, the same, in nearly every text. */
export function withoutEncoded(text: string, whole: Stretch): Stretch[] {
  const gaps: Stretch[] = [];
  for (const line of linesOf(text, whole.start, whole.end)) {
    const before = gaps.at(-1);
    const source = text.slice(line.start, line.end);
    if (source.length < 40) {
      // The last line of what is encoded is short.
      const isLast = before !== undefined && /^\r?\n[ \t]*$/u.test(text.slice(before.end, line.start));
      if (isLast && /^[A-Za-z0-9+/]+={0,2}$/u.test(source)) before.end = line.end;
      continue;
    }
    if (WHOLE_LINE.test(source)) {
      if (!looksRandom(source)) continue;
      // Neighbouring lines are one gap.
      if (before !== undefined && text.slice(before.end, line.start).trim() === '') before.end = line.end;
      else gaps.push({ ...line });
    } else {
      for (const { index, 0: run } of source.matchAll(RUNS)) {
        const start = line.start + index;
        if (looksRandom(run)) gaps.push({ start, end: start + run.length });
      }
    }
  }
  const parts: Stretch[] = [];
  let from = whole.start;
  for (const { start, end } of gaps) {
    if (end - start < LONG) continue;
    if (/[\p{L}\p{N}]/u.test(text.slice(from, start))) parts.push({ start: from, end: start });
    from = end;
  }
  if (from === whole.start) return [whole];
  if (/[\p{L}\p{N}]/u.test(text.slice(from, whole.end))) parts.push({ start: from, end: whole.end });
  return parts;
}

/** Upper and lower case and digits change places at every turn, as they do in no name, path or number. */
function looksRandom(run: string): boolean {
  if (!/[a-z]/u.test(run) || !/[A-Z]/u.test(run)) return false;
  let turns = 0;
  let before = '';
  const some = run.slice(0, 400);
  for (const character of some) {
    const kind = character >= 'a' && character <= 'z' ? 'a' : character >= 'A' && character <= 'Z' ? 'A' : '0';
    if (before !== '' && kind !== before) turns++;
    before = kind;
  }
  return turns > 0.35 * some.length;
}
