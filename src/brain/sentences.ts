// Where sentences end, in any language, by form: a mark, what closes after it, and white space (after marks of CJK and other scripts
// none is needed). No end inside brackets and quotations, before a word in lower case, after an abbreviation or an ordinal
// (abbreviations.ts). In doubt two sentences stay together, since half a sentence says something else. Intl.Segmenter knows none of
// this (it takes no `ss` extension) and needs memory that grows with the square of a text. Time and memory here are linear.
import { isAbbreviation, isOrdinal } from './abbreviations.js';
import { enclosures, type Enclosures } from './enclosures.js';

/** How far a rule looks, in UTF-16 units. */
const NEAR = 64;

const STOP = /[\p{Sentence_Terminal}…‥]+|\r\n|[\n\v\f\r\u0085\u2028\u2029]/gu;
const LINE_END = /[\n\v\f\r\u0085\u2028\u2029]/u;
const CLOSERS =
  /(?:\[\d{1,3}\]|[\p{Pe}\p{Pf}\p{Pi}"'*_`~⁰¹²³⁴-⁹]|[ \u00a0\u202f]»(?![\p{L}\p{N}])|\p{Extended_Pictographic}|[\u200d\ufe0f\u{1f3fb}-\u{1f3ff}]){0,64}/uy;
const BLANKS = /[^\S\n\v\f\r\u0085\u2028\u2029]*/uy;
const WHITE = /[\s\u0085]*/uy;
/** A letter or number, or the end of the line. */
const WORD_OR_LINE = /[\p{L}\p{N}\n\v\f\r\u0085\u2028\u2029]/gu;
const LOWER = /^[\p{Ps}\p{Pi}"'¿¡*_`]*\p{Ll}(?!\p{Lu})/u;
const CJK = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/u;
const QUOTE = /["'\p{Pi}\p{Pf}」』]/u;

/** The sentences of a text, trimmed. */
export function sentences(text: string): string[] {
  return sentencePieces(text)
    .map((piece) => piece.trim())
    .filter((piece) => piece !== '');
}

/** The sentences with the white space after each: together they are the text. */
export function sentencePieces(text: string): string[] {
  const out: string[] = [];
  const enclosed = enclosures(text);
  let start = 0;
  const cut = (at: number): void => {
    if (at <= start || at >= text.length) return;
    out.push(text.slice(start, at));
    start = at;
  };
  const firstWord = new Finder(text, /[\p{L}\p{N}]/gu);
  const nextWord = new Finder(text, WORD_OR_LINE);
  STOP.lastIndex = 0;
  for (let match = STOP.exec(text); match !== null; match = STOP.exec(text)) {
    const [mark] = match;
    const after = match.index + mark.length;
    if (LINE_END.test(mark)) {
      const next = skip(WHITE, text, after);
      if (!isWrapped(text, start, match.index, next)) cut(next);
      STOP.lastIndex = Math.max(after, next);
      continue;
    }
    if (mark === '.' && /[\p{L}\p{N}]/u.test(text.charAt(after))) continue;
    const closed = skip(CLOSERS, text, after);
    const next = skip(BLANKS, text, closed);
    const said = firstWord.from(start);
    const follows = nextWord.from(next);
    // What has no word of its own stays with what has one.
    if (said >= closed || follows === text.length || LINE_END.test(text.charAt(follows))) continue;
    const stop = { text, start: skip(WHITE, text, start), from: match.index, mark, after, closed, next };
    if (!enclosed.covers(closed) && isEnd(stop, enclosed)) cut(next);
    STOP.lastIndex = after;
  }
  if (start < text.length) out.push(text.slice(start));
  return out;
}

interface Stop {
  text: string;
  /** Where the sentence begins. */
  start: number;
  from: number;
  mark: string;
  /** Behind the mark, behind what closes, and behind the white space. */
  after: number;
  closed: number;
  next: number;
}

function isEnd(stop: Stop, enclosed: Enclosures): boolean {
  const { text, start, from, mark, after, closed, next } = stop;
  const following = text.slice(next, next + NEAR);
  const closers = text.slice(after, Math.min(closed, after + NEAR));
  // A bracket within a sentence (`the old one (why?) stays`) is no end of it.
  for (let at = after; at < Math.min(closed, after + NEAR); at++) {
    const opened = enclosed.openerOf(at);
    if (opened !== undefined && opened > start && opened < from && !QUOTE.test(text.charAt(at))) return false;
  }
  if (/[^.!?…‥\u2024]/u.test(mark)) return isWideEnd(stop, following, closers);
  const before = text.slice(Math.max(start, from - NEAR), from);
  if (next === closed) return /[!?]/.test(mark) && CJK.test(before.slice(-1)) && CJK.test(text.charAt(closed));
  if (!/[^\u00a0\u202f\u2060]/u.test(text.slice(closed, Math.min(next, closed + NEAR)))) return false;
  if (/^[,;:\-–—،.!?…‥]/u.test(following)) return false;
  const isLower = LOWER.test(following);
  if (mark === '.') {
    return !isLower && (closed > after || !(isAbbreviation(before, following) || isOrdinal(before, following)));
  }
  // An omission (`Anna … Karl`) has white space before it.
  if (/^[.…‥]+$/u.test(mark)) return !isLower && /\S$/u.test(before);
  return !isLower || (closed === after && mark.includes('?'));
}

/** Marks of scripts that need no white space after them. */
function isWideEnd({ text, from, mark, closed, next }: Stop, following: string, closers: string): boolean {
  if (/^(?:と|って)/u.test(following)) return false;
  const isLatin = (at: number): boolean => /[\p{Script=Latin}\p{N}]/u.test(text.charAt(at));
  if (mark === '．' && isLatin(from - 1) && isLatin(closed)) return false;
  // 「行く。」と言った: the sentence around a quotation goes on.
  return !QUOTE.test(closers) || next > closed || /^[\p{Ps}\p{Pi}]/u.test(following);
}

/** Whether a line ends in the middle of a sentence. */
function isWrapped(text: string, start: number, end: number, next: number): boolean {
  if (
    next >= text.length ||
    /(?:\n|\r(?!\n)|\u0085|\u2028|\u2029)[^\S\n\r]*[\n\r\u0085\u2028\u2029]/u.test(
      text.slice(end, Math.min(next, end + NEAR)),
    )
  ) {
    return false;
  }
  const before = text.slice(Math.max(start, end - NEAR), end).trimEnd();
  const following = text.slice(next, next + NEAR);
  if (before.endsWith('.')) {
    const word = before.slice(0, -1);
    return (
      LOWER.test(following) || isAbbreviation(word, following) || (/\p{L}/u.test(word) && isOrdinal(word, following))
    );
  }
  return !/[\p{Sentence_Terminal}:：][\p{Pe}\p{Pf}\p{Pi}"']*$/u.test(before) && LOWER.test(following);
}

/** Where a pattern is met next, found once for many questions in rising order. */
class Finder {
  readonly #text: string;
  readonly #pattern: RegExp;
  #asked = -1;
  #found = -1;
  constructor(text: string, pattern: RegExp) {
    this.#text = text;
    this.#pattern = new RegExp(pattern.source, pattern.flags);
  }
  /** The text's length, if nowhere. */
  from(at: number): number {
    if (at < this.#asked || at > this.#found) {
      this.#pattern.lastIndex = at;
      this.#asked = at;
      this.#found = this.#pattern.exec(this.#text)?.index ?? this.#text.length;
    }
    return this.#found;
  }
}

function skip(pattern: RegExp, text: string, from: number): number {
  pattern.lastIndex = from;
  pattern.exec(text);
  return Math.max(from, pattern.lastIndex);
}
