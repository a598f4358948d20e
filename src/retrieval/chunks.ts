// From a document to its passages: neighbouring blocks under one heading, together no longer than an embedder reads; what is
// longer is cut between sentences, with an overlap. A passage is a stretch of the document's text, character for character.
// Not here: where blocks come from (readers/).
import { fieldsOfParts, type Block, type Content, type Metadata } from './readers/index.js';
import { withoutEncoded } from './encoded.js';
import { linesOf, sentencesOf } from './sentences.js';

export interface Chunk {
  /** In the document's text, UTF-16 units. */
  start: number;
  end: number;
  text: string;
  /** Headings above it, outermost first. */
  headings: string[];
  /** From 1, where the document has pages. */
  page?: number;
  metadata?: Metadata;
}

export interface ChunkOptions {
  /** Most tokens of a passage, as estimateTokens() counts them, with the headings that are embedded with it. Default 200. */
  tokens?: number;
  /** Tokens that a passage repeats of the one before, where a text had to be cut. Default 30. */
  overlap?: number;
}

/** Embedders of the MiniLM family read 256 tokens; the estimate is one, and what is cut off cannot be found. */
const TOKENS = 200;
const OVERLAP = 30;

/** Characters of what is called a heading and is one: it is kept with each passage below it. */
const LONGEST_HEADING = 300;

/** A piece of a block, the smallest thing that is packed. */
interface Piece {
  start: number;
  end: number;
  tokens: number;
  /** It goes on in the next piece: a cut here needs an overlap. */
  isCut: boolean;
  /** What comes next is left out. */
  isBeforeGap?: boolean;
}

export function chunkContent(content: Content, options: ChunkOptions = {}): Chunk[] {
  const { text, blocks } = content;
  const chunks: Chunk[] = [];
  const pageOf = pageFinder(content.pages);
  let headings: Heading[] = [];
  let section: Block[] = [];

  let columns: string | undefined;

  const path = (): string[] => [...headings.map(({ text }) => text), ...(columns === undefined ? [] : [columns])];
  const add = (start: number, end: number, metadata?: Metadata): void => {
    const page = pageOf?.(start);
    chunks.push({
      ...{ start, end, text: text.slice(start, end), headings: path() },
      ...(page === undefined ? {} : { page }),
      ...(metadata === undefined ? {} : { metadata }),
    });
  };
  const limit = (): number => {
    const context = estimateTokens([content.title ?? '', ...path()].join(' '));
    // A long title must not leave nothing for the text.
    return (options.tokens ?? TOKENS) - Math.min(context, (options.tokens ?? TOKENS) / 2);
  };
  const cut = (pieces: readonly Piece[], most: number, overlap: number, fields: FieldsOf): void => {
    for (const { start, end } of pack(pieces, most, overlap)) add(start, end, fields(start, end));
    for (const heading of headings) heading.isUsed = true;
  };
  const flush = (): void => {
    if (section.length === 0) return;
    const most = limit();
    const pieces = section.flatMap((block) => piecesOf(text, block, most));
    const { metadata } = section[0]!;
    cut(pieces, most, options.overlap ?? OVERLAP, () => metadata);
    section = [];
  };
  /** Headings go when others take their place; one that had nothing below it is a passage itself. */
  const leave = (level: number): void => {
    const at = headings.findIndex((heading) => heading.level >= level);
    const gone = at === -1 ? [] : headings.slice(at);
    const last = gone.at(-1);
    if (last !== undefined && !last.isUsed) {
      headings = headings.slice(0, headings.length - 1);
      const { start, end } = last;
      cut(piecesOf(text, { kind: 'text', start, end }, limit()), limit(), 0, () => undefined);
    }
    if (at !== -1) headings = headings.slice(0, at);
  };

  for (const block of blocks) {
    const { kind, start, end } = block;
    const begins = pageOf?.(start) !== pageOf?.(section[0]?.start ?? start);
    if (block.isApart === true) {
      flush();
      leave(0);
    }
    if (kind === 'heading' && end - start <= LONGEST_HEADING) {
      flush();
      const level = block.level ?? 1;
      leave(level);
      headings.push({ level, text: headingText(text.slice(start, end)), start, end, isUsed: false });
    } else if (kind === 'record') {
      // A record stands alone: what is beside it is about something else.
      flush();
      columns = block.columns;
      const most = limit();
      cut(piecesOf(text, block, most), most, 0, fieldsOfParts(block));
      columns = undefined;
    } else {
      if (begins || block.metadata !== section[0]?.metadata) flush();
      section.push(kind === 'heading' ? { ...block, kind: 'text' } : block);
    }
  }
  flush();
  leave(0);
  return chunks;
}

type FieldsOf = (start: number, end: number) => Metadata | undefined;

interface Heading {
  level: number;
  text: string;
  start: number;
  end: number;
  /** There is a passage that names it. */
  isUsed: boolean;
}

/** From 1 the page that a place is on. */
function pageFinder(pages: readonly number[] | undefined): ((at: number) => number) | undefined {
  if (pages === undefined) return undefined;
  return (at) => {
    let [low, high] = [0, pages.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (pages[middle]! <= at) low = middle;
      else high = middle - 1;
    }
    return low + 1;
  };
}

/** What is embedded and indexed of a passage: it, and what it is about. */
export function contextOf(title: string | undefined, { headings, text }: Pick<Chunk, 'headings' | 'text'>): string {
  // The first heading of most documents is their title.
  const names = [...new Set([title, ...headings])].filter((name) => name !== undefined && name !== '');
  return names.length === 0 ? text : `${names.join(' › ')}\n${text}`;
}

/** `## **Title** ##` as it reads. */
function headingText(source: string): string {
  return source
    .replace(/^#{1,6}\s+|\s+#+\s*$|\n\s*[=-]+\s*$/gu, '')
    .replace(/[*_`]+/gu, '')
    .replace(/\s+/gu, ' ')
    .trim();
}

/** A block whole, or in sentences (code: lines), or, where those are too long as well, in words. */
function piecesOf(text: string, block: Block, most: number): Piece[] {
  const { start, end, kind } = block;
  const tokens = estimateTokens(text.slice(start, end));
  if (tokens <= most) return [{ start, end, tokens, isCut: false }];
  const pieces: Piece[] = [];
  for (const part of withoutEncoded(text, { start, end })) {
    const units = kind === 'text' ? sentencesOf(text, part.start, part.end) : linesOf(text, part.start, part.end);
    for (const unit of units) {
      const size = estimateTokens(text.slice(unit.start, unit.end));
      if (size <= most) pieces.push({ ...unit, tokens: size, isCut: true });
      else for (const piece of words(text, unit.start, unit.end, most)) pieces.push(piece);
    }
    if (part.end < end && pieces.length > 0) pieces.at(-1)!.isBeforeGap = true;
  }
  const last = pieces.at(-1);
  if (last !== undefined) last.isCut = false;
  return pieces;
}

/** Pieces in runs of at most `most` tokens. Where a block had to be cut, the next run begins with the last pieces of the one
 * before, as far as they fit into `overlap` tokens. */
function pack(pieces: readonly Piece[], most: number, overlap: number): { start: number; end: number }[] {
  const runs: { start: number; end: number }[] = [];
  let run: Piece[] = [];
  let size = 0;
  for (const piece of pieces) {
    if (run.at(-1)?.isBeforeGap === true) {
      runs.push({ start: run[0]!.start, end: run.at(-1)!.end });
      [run, size] = [[], 0];
    }
    if (run.length > 0 && size + piece.tokens > most) {
      runs.push({ start: run[0]!.start, end: run.at(-1)!.end });
      const kept: Piece[] = [];
      let repeated = 0;
      for (const earlier of run.at(-1)!.isCut ? run.toReversed() : []) {
        repeated += earlier.tokens;
        if (repeated > overlap || repeated + piece.tokens > most || kept.length === run.length - 1) break;
        kept.unshift(earlier);
      }
      run = kept;
      size = kept.reduce((sum, { tokens }) => sum + tokens, 0);
    }
    run.push(piece);
    size += piece.tokens;
  }
  if (run.length > 0) runs.push({ start: run[0]!.start, end: run.at(-1)!.end });
  return runs;
}

/** A sentence without end, cut between words; a word without end, between characters. */
function words(text: string, start: number, end: number, most: number): Piece[] {
  const pieces: Piece[] = [];
  const part = Math.max(8, Math.floor(most / 4));
  let from = start;
  let tokens = 0;
  const cut = (to: number): void => {
    if (to > from && tokens > 0) pieces.push({ start: from, end: to, tokens, isCut: true });
    from = to;
    tokens = 0;
  };
  for (const { index, 0: word } of text
    .slice(start, end)
    .matchAll(/\s*(?:[\p{L}\p{M}\p{N}]{1,24}|[^\s\p{L}\p{N}]{1,4})/gu)) {
    const size = estimateTokens(word);
    if (tokens + size > part) cut(start + index);
    tokens += size;
  }
  cut(end);
  return pieces;
}

/**
 * About how many tokens of a WordPiece vocabulary a text has, without a tokenizer and rather too many: a Chinese, Japanese or
 * Korean character is one, an English word one and another for every six letters, and of other scripts every second letter is.
 */
export function estimateTokens(text: string): number {
  let tokens = 0;
  for (const { 0: part } of text.matchAll(/[a-z]+|\p{N}+|[\p{L}\p{M}]+|[^\s\p{L}\p{M}\p{N}]/giu)) {
    if (/^[a-z]/iu.test(part)) tokens += 1 + Math.floor(part.length / 7);
    else if (/^\p{N}/u.test(part)) tokens += Math.ceil(part.length / 2.5);
    else if (/^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]/u.test(part))
      tokens += part.length;
    else tokens += Math.ceil(part.length / 2);
  }
  return tokens;
}
