// Plain text in the eyes of memory: words, sameness, and whether an answer says what was expected. Not here: grammar
// (lessons/clause.ts) and meaning (gate.ts).
import { stem } from '../stem.js';
export { sentencePieces, sentences } from './sentences.js';

let SEGMENTER: Intl.Segmenter | undefined;
/** UTF-16 units without white space that are segmented at once. */
const LONGEST_PART = 512;

const FUNCTION_WORDS = new Set(
  (
    'a an the this that these those of in on at by for from to with into over under about as and or but nor so than then ' +
    'is are was were be been being am do does did done have has had will would shall should can could may might must ' +
    'i you he she it we they me him her us them my your his its our their who whom whose which what where when why how ' +
    'not no yes there here if please tell give know'
  ).split(' '),
);

// ECMA-48: CSI with its final byte; OSC, DCS, PM, APC with an end on the same line; character sets; the common short ones. Of the 8-bit
// forms only colours: in text from other encodings these code points were quotation marks.
const ESCAPES =
  /\u001b(?:\[[0-?]*[ -/]*[@-~]|[\]PX^_][^\u0000-\u001f\u007f-\u009f]*(?:\u0007|\u001b\\|\u009c)|[ #%()*+\-./][0-~]|[78=>cDEHMNOZ])|\u009b\d[\d;:]*m/gu;

/** The text without a terminal's escape sequences and control characters: nobody reads them, so nobody can ask for them. All else
 * stays; what parts words or lines goes on doing so. */
export function legible(text: string): string {
  return text
    .replace(ESCAPES, '')
    .replace(/\u0085/gu, '\n')
    .replace(/[\u001c-\u001f]/gu, ' ')
    .replace(/(?!\s)\p{Cc}/gu, '');
}

/** On one line, with single spaces. White space that is there for a reason (no-break, ideographic) stays. */
export function onOneLine(text: string): string {
  return text
    .split(/[ \t\n\v\f\r\u2028\u2029]+/u)
    .filter((part) => part !== '')
    .join(' ');
}

/** Lower case, no accents, no punctuation, single spaces; scripts other than Latin pass through. */
export function normalize(text: string): string {
  return text
    .normalize('NFKD')
    .replace(/\p{Mn}/gu, '')
    .normalize('NFC')
    .toLowerCase()
    .replace(/[’']/g, '')
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim();
}

/** The words of a text, normalized; where a script writes without spaces (Chinese, Thai …), as the platform segments it. */
export function words(text: string): string[] {
  const plain = normalize(text);
  if (/^[\p{Script=Latin}\p{Script=Cyrillic}\p{Script=Greek}\p{N} ]*$/u.test(plain)) {
    return plain === '' ? [] : plain.split(' ');
  }
  return plain.split(' ').flatMap((part) => (part === '' ? [] : segmented(part)));
}

/** In bounded pieces: each segment that Intl.Segmenter gives keeps the whole text that it was given. */
function segmented(part: string): string[] {
  SEGMENTER ??= new Intl.Segmenter(undefined, { granularity: 'word' });
  const out: string[] = [];
  for (let at = 0; at < part.length;) {
    let end = Math.min(part.length, at + LONGEST_PART);
    if (end < part.length && /[\ud800-\udbff]/.test(part.charAt(end - 1))) end++;
    for (const { segment, isWordLike } of SEGMENTER.segment(part.slice(at, end))) {
      if (isWordLike === true) out.push(segment);
    }
    at = end;
  }
  return out;
}

/** The words that carry meaning: what one would type into a search box. */
export function tellingWords(text: string): string[] {
  return words(text).filter((word) => !FUNCTION_WORDS.has(word));
}

/** The same, cut to a crude stem so that `solve`, `solved` and `solving` meet. */
export function contentWords(text: string): string[] {
  return tellingWords(text).map(stem);
}

/** True if `answer` says `expected`: contains it, or, for a longer text, has nearly all of its words that carry meaning. */
export function says(answer: string, expected: string): boolean {
  const said = normalize(answer);
  const wanted = normalize(expected).replace(/^(?:the|a|an) /, '');
  if (wanted === '') return false;
  if (` ${said} `.includes(` ${wanted} `) || (!/^[\p{Script=Latin}\p{N} ]*$/u.test(wanted) && said.includes(wanted)))
    return true;
  const keys = new Set(contentWords(expected));
  if (keys.size < 5) return false;
  const heard = new Set(contentWords(answer));
  let found = 0;
  for (const key of keys) if (heard.has(key)) found++;
  return found >= 0.85 * keys.size;
}

export function lowerFirst(text: string): string {
  return withFirst(text, text.charAt(0).toLowerCase());
}

export function upperFirst(text: string): string {
  return withFirst(text, text.charAt(0).toUpperCase());
}

/** A letter that becomes two in the other case (`ß`, `İ`) stays: it would be another word. */
function withFirst(text: string, first: string): string {
  return first.length === 1 ? first + text.slice(1) : text;
}
