// Parts a request to an agent into what speaks of a tool ("Can you remember that for me?") and what is meant for it, by meaning:
// what is left out is near to what the tool's description says of its input, what is passed on is far from it. Not here: whether
// the tool is called (react.ts), quotations that the model chooses itself (quotes.ts).
import { SENTENCE_END } from './quotes.js';

/** As Engram.embed: vectors of length 1. */
export type Embed = (texts: readonly string[]) => Promise<readonly Float32Array[]>;

export interface RequestForTool {
  /** Whether it speaks of the tool at all. */
  speaks: boolean;
  /** What it has for the tool, as sentences of their own. Undefined: nothing is left beside what speaks of the tool, or what is
   * left is a question. */
  content: string | undefined;
}

/** Nearness from which on a part speaks of a tool: chosen over inputs like those that `bench -- agent` calls tuning and seen, of
 * which the least near request has 0.135; of plain questions in two parts few come near it. */
const SPEAKS = 0.13;
/** The same of a request that has nothing else: where nothing is left to tell it from, it has to be clearer. */
const SPEAKS_ALONE = 0.22;
/** Differences of cosines up to which the longer content is preferred. */
const ALIKE = 0.05;
/** Parts at either end that may speak of the tool. */
const MOST_PARTS = 3;

/** Where a part ends within a sentence: after a colon, a dash, "that" with a clause behind it (and not "keep that in mind"), and
 * a short phrase with its comma at the beginning. */
const MARK = /[:;](?=\s)|[：；]|\s[-–—](?=\s)/gu;
const THAT = /\bthat\b(?!\s+(?:as|at|by|for|from|in|on|to|until|when|with)\b)(?=\s+(?:\S+\s+){2})/giu;
const OPENING = /(?<=^|[.!?]\s+)(?:[\p{L}'’-]+\s+){0,4}[\p{L}'’-]+,(?=\s)/gu;

/** `use`: what the tool's description says of its input. Throws what `embed` throws. */
export async function readRequest(embed: Embed, request: string, use: string): Promise<RequestForTool> {
  const parts = partsOf(request);
  const splits = splitsOf(parts);
  if (splits.length === 0) {
    const [near = 0] = await nearness(embed, use, [request]);
    return { speaks: near >= SPEAKS_ALONE && !/[?？]\s*$/u.test(request), content: undefined };
  }
  const texts = splits.flatMap(({ content, about }) => [joined(content), joined(about)]);
  const near = await nearness(embed, use, texts);
  const rated = splits.map(({ content }, i) => {
    const about = near[2 * i + 1]!;
    return { content, about, gain: about - near[2 * i]!, length: joined(content).length };
  });
  const best = Math.max(...rated.map(({ gain }) => gain));
  const [chosen] = rated
    .filter(({ gain }) => gain >= best - ALIKE)
    .sort((a, b) => Number(introduces(a.content)) - Number(introduces(b.content)) || b.length - a.length);
  const { content, about } = chosen!;
  if (about < SPEAKS || asks(content.at(-1)!)) return { speaks: false, content: undefined };
  return { speaks: true, content: asSentences(content) };
}

interface Part {
  text: string;
  /** It is a clause behind "that": its mark is that of the sentence around it. */
  isClause: boolean;
}

/** Of all ways to leave out some parts at the beginning and the end, those that leave something. */
function splitsOf(parts: readonly Part[]): { content: Part[]; about: Part[] }[] {
  const splits = [];
  for (let head = 0; head <= MOST_PARTS; head++) {
    for (let tail = 0; tail <= MOST_PARTS && head + tail < parts.length; tail++) {
      if (head + tail === 0) continue;
      const end = parts.length - tail;
      splits.push({ content: parts.slice(head, end), about: [...parts.slice(0, head), ...parts.slice(end)] });
    }
  }
  return splits;
}

function partsOf(text: string): Part[] {
  const lines = text.split('\n').map((line) => line.trim().replace(/\s+/gu, ' '));
  // A line that has no mark at its end ends a sentence all the same.
  const flat = lines
    .filter((line) => line !== '')
    .map((line, i, all) => (i + 1 === all.length || /[\p{P}]$/u.test(line) ? line : `${line}.`))
    .join(' ');
  const clauses = new Set(Array.from(flat.matchAll(THAT), ({ index, 0: found }) => index + found.length));
  const ends = [SENTENCE_END, MARK, OPENING].flatMap((pattern) =>
    Array.from(flat.matchAll(pattern), ({ index, 0: found }) => index + found.length),
  );
  const places = [...new Set([0, ...ends, ...clauses, flat.length])].sort((a, b) => a - b);
  return places.slice(0, -1).flatMap((from, i) => {
    const part = flat.slice(from, places[i + 1]).trim();
    return /[\p{L}\p{N}]/u.test(part) ? [{ text: part, isClause: clauses.has(from) }] : [];
  });
}

/** Mean cosine to what is said of the input and to its last clause, which says what becomes of it. */
async function nearness(embed: Embed, use: string, texts: readonly string[]): Promise<number[]> {
  const end = use.slice(use.lastIndexOf(', ') + 1).trim();
  const [whole, last, ...vectors] = await embed([use, end, ...texts]);
  return vectors.map((vector) => vector.reduce((sum, x, i) => sum + (x * (whole![i]! + last![i]!)) / 2, 0));
}

const joined = (parts: readonly Part[]): string => parts.map(({ text }) => text).join(' ');

/** "One thing about me: …" */
const introduces = ([first, ...others]: readonly Part[]): boolean => others.length > 0 && /[:：]$/u.test(first!.text);

const asks = ({ text, isClause }: Part): boolean => !isClause && /[?？]["”’)]*$/u.test(text);

/** Without quotation marks around all of it, with a capital and a full stop where it was cut out of a sentence. */
function asSentences(parts: readonly Part[]): string {
  const text = joined(parts).replace(/^(["“„'‘])([^"“”„]*)(["”“'’])$|^«([^«»]*)»$|^「([^「」]*)」$/u, '$2$4$5');
  const { isClause } = parts.at(-1)!;
  const ended = text.replace(isClause ? /[?!？！]+$/u : /[;；]$/u, '.').replace(/\s*[-–—:：]$/u, '');
  return ended.charAt(0).toUpperCase() + ended.slice(1);
}
