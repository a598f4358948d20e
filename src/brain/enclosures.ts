// Which parts of a text stand in brackets or quotation marks. What opens and closes within a line and a few hundred characters
// belongs together; a mark without its other half (a smiley, inches, `a)`) is none. Not here: what follows from it (sentences.ts).

/** The longest, in UTF-16 units: of what is longer, some is worth reading alone. */
const LONGEST = 300;
const DEPTH = 16;

const CLOSED_BY: Readonly<Record<string, string>> = {
  ...{ '(': ')', '[': ']', '{': '}', '（': '）', '［': '］', '【': '】', '〔': '〕' },
  ...{ '「': '」', '『': '』', '〈': '〉', '《': '》', '“': '”', '„': '“”', '«': '»', '»': '«', '"': '"' },
};
const CLOSING = new Set(Object.values(CLOSED_BY).join(''));
const MARK = /[()[\]{}（）［］【】〔〕「」『』〈〉《》“”„«»"\n\r\u2028\u2029]/gu;

export interface Enclosures {
  /** Whether a place lies inside one. Asked in rising order. */
  covers: (at: number) => boolean;
  /** Where the mark that this one closes stands. */
  openerOf: (closer: number) => number | undefined;
}

export function enclosures(text: string): Enclosures {
  const openers = new Map<number, number>();
  let open: { at: number; by: string }[] = [];
  for (const { 0: mark, index } of text.matchAll(MARK)) {
    if (/\s/u.test(mark)) {
      open = [];
      continue;
    }
    const found = CLOSING.has(mark) ? openedBy(open, mark) : -1;
    const opener = open[found];
    if (opener !== undefined && index - opener.at <= LONGEST) {
      openers.set(index, opener.at);
      open.length = found;
    } else if (CLOSED_BY[mark] !== undefined && (mark !== '"' || opensQuotation(text, index))) {
      open.push({ at: index, by: CLOSED_BY[mark] });
    }
  }
  const spans = [...openers].sort(([, a], [, b]) => a - b);
  let next = 0;
  let until = -1;
  return {
    covers: (at) => {
      for (; next < spans.length && spans[next]![1] < at; next++) until = Math.max(until, spans[next]![0]);
      return at <= until;
    },
    openerOf: (closer) => openers.get(closer),
  };
}

/** Which of the last ones the mark closes; -1 for none. */
function openedBy(open: readonly { by: string }[], mark: string): number {
  const last = open.length - 1;
  for (let i = last; i >= 0 && i > last - DEPTH; i--) if (open[i]!.by.includes(mark)) return i;
  return -1;
}

/** A straight mark opens behind white space and before a character; elsewhere it closes, or means inches. */
function opensQuotation(text: string, at: number): boolean {
  return !/[\p{L}\p{N}\p{M}]/u.test(text.charAt(at - 1)) && /\S/u.test(text.charAt(at + 1));
}
