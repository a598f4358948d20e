// Where sentences are in a stretch of text, found a line at a time and never more than a window at once: each segment that
// Intl.Segmenter gives keeps all of its input, so that a long input takes the square of its length. The standard ends a sentence
// at every line break, so nothing is lost by it. Not here: what is made of sentences (chunks.ts).

export interface Stretch {
  start: number;
  end: number;
}

/** Characters that are segmented at once. No passage is as long. */
const WINDOW = 4096;

let segmenter: Intl.Segmenter | undefined;

/** The sentences between `start` and `end`, without the white space around them. One that is longer than a window may come in
 * several. */
export function* sentencesOf(text: string, start: number, end: number): Generator<Stretch> {
  segmenter ??= new Intl.Segmenter(undefined, { granularity: 'sentence' });
  for (const line of linesOf(text, start, end)) {
    for (let at = line.start; at < line.end;) {
      const to = line.end - at <= WINDOW ? line.end : windowEnd(text, at);
      let last = at;
      for (const { index, segment } of segmenter.segment(text.slice(at, to))) {
        last = at + index;
        // What the window cuts is looked at again in the next one.
        if (to < line.end && last > at && last + segment.length === to) break;
        yield* trimmed(text, last, last + segment.length);
        last += segment.length;
      }
      at = last;
    }
  }
}

/** Lines without the white space around them. */
export function* linesOf(text: string, start: number, end: number): Generator<Stretch> {
  for (let at = start; at < end;) {
    const found = text.indexOf('\n', at);
    const to = found === -1 || found >= end ? end : found + 1;
    yield* trimmed(text, at, to);
    at = to;
  }
}

/** Nearly a window from `at`, after white space if there is any in its second half, and never inside a character. */
function windowEnd(text: string, at: number): number {
  for (let to = at + WINDOW; to > at + WINDOW / 2; to--) if (/\s/u.test(text[to - 1]!)) return to;
  const isPair = /[\uD800-\uDBFF]/u.test(text[at + WINDOW - 1]!);
  return at + WINDOW - (isPair ? 1 : 0);
}

function* trimmed(text: string, from: number, to: number): Generator<Stretch> {
  let [start, end] = [from, to];
  while (start < end && /\s/u.test(text[start]!)) start++;
  while (end > start && /\s/u.test(text[end - 1]!)) end--;
  if (start < end) yield { start, end };
}
