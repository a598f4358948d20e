// Parts a request to an agent into what speaks of a tool ("Can you remember that for me?") and what is meant for it, by meaning:
// what is left out is near to what the tool's description says of its input, what is passed on is far from it. Not here: whether
// the tool is called (react.ts), quotations that the model chooses itself (quotes.ts).
import { partsOf, type Part } from './request-parts.js';

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
/** The same where no mark parts it from what it asks for: "Remember" has 0.34, "Keep in mind" 0.20, "Imagine" 0.15. */
const SPEAKS_LOOSE = 0.19;
/** The same of a request that has nothing else: where nothing is left to tell it from, it has to be clearer. */
const SPEAKS_ALONE = 0.22;
/** Differences of cosines up to which the longer content is preferred. */
const ALIKE = 0.05;
/** Parts at either end that may speak of the tool. */
const MOST_PARTS = 3;

/** `use`: what the tool's description says of its input. Throws what `embed` throws. */
export async function readRequest(embed: Embed, request: string, use: string): Promise<RequestForTool> {
  const parts = partsOf(request);
  const splits = splitsOf(parts);
  const texts = splits.flatMap(({ content, about }) => [joined(content), joined(about)]);
  const [alone = 0, ...near] = await nearness(embed, use, [request, ...texts]);
  const rated = splits
    .map((split, i) => ({ ...split, near: near[2 * i + 1]!, gain: near[2 * i + 1]! - near[2 * i]! }))
    .filter(
      (split) =>
        split.near >= (split.isLoose ? SPEAKS_LOOSE : SPEAKS) &&
        !split.about.some(asksForFacts) &&
        ![split.about, split.content].some((side) => side.every(isCourtesy)),
    );
  if (rated.length === 0) {
    const isWhole = parts.slice(1).every(({ looseAs }) => looseAs !== undefined);
    return { speaks: isWhole && alone >= SPEAKS_ALONE && mayAsk(request), content: undefined };
  }
  const best = Math.max(...rated.map(({ gain }) => gain));
  const [chosen] = rated
    .filter(({ gain }) => gain >= best - ALIKE)
    .sort(
      (a, b) =>
        Number(introduces(a.content)) - Number(introduces(b.content)) ||
        joined(b.content).length - joined(a.content).length,
    );
  const { content } = chosen!;
  if (asks(content.at(-1)!)) return { speaks: false, content: undefined };
  return { speaks: true, content: asSentences(content) };
}

interface Split {
  content: readonly Part[];
  about: readonly Part[];
  /** No mark parts them, at one end at least. */
  isLoose: boolean;
}

/** Of all ways to leave out some parts at the beginning and the end, those that leave something. */
function splitsOf(parts: readonly Part[]): Split[] {
  const splits: Split[] = [];
  for (let head = 0; head <= MOST_PARTS; head++) {
    for (let tail = 0; tail <= MOST_PARTS && head + tail < parts.length; tail++) {
      const end = parts.length - tail;
      const [first, last] = [parts[head]!.looseAs, parts[end]?.looseAs];
      if (head + tail === 0 || (head > 0 && first === 'about') || last === 'content') continue;
      splits.push({
        content: parts.slice(head, end),
        about: [...parts.slice(0, head), ...parts.slice(end)],
        isLoose: (head > 0 && first !== undefined) || last !== undefined,
      });
    }
  }
  return splits;
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

/** "What is yours?" is put to the one who is asked, and speaks of no tool. */
const asksForFacts = (part: Part): boolean =>
  asks(part) && /^(?:what|who|whose|when|where|why|which|how)\b/iu.test(part.text);

/** Said to anybody, about nothing. */
const isCourtesy = ({ text }: Part): boolean =>
  /^(?:please|(?:many )?thanks?(?: you)?(?: (?:so|very) much)?|hello|hi|hey|ok(?:ay)?|bye)[\s,.!]*$/iu.test(text);

/** Not a question, nor too short to hold a text, nor what somebody says of himself ("I don't remember my code."). */
const mayAsk = (request: string): boolean =>
  !/[?？]\s*$/u.test(request) && request.trim().split(/\s+/u).length > 2 && !/^\s*I\b(?!.*\byou\b)/iu.test(request);

/** Without quotation marks around all of it, with a capital and a full stop where it was cut out of a sentence. */
function asSentences(parts: readonly Part[]): string {
  const text = joined(parts).replace(/^(["“„'‘])([^"“”„]*)(["”“'’])$|^«([^«»]*)»$|^「([^「」]*)」$/u, '$2$4$5');
  const { isClause } = parts.at(-1)!;
  const ended = text.replace(isClause ? /[?!？！]+$/u : /[,;，；]$/u, '.').replace(/\s*[-–—:：]$/u, '');
  return ended.charAt(0).toUpperCase() + ended.slice(1);
}
