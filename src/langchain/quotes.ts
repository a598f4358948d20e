// Grammars of what may be quoted from a text: whole sentences, one or several that follow one another, or what is introduced
// (by a colon, a dash, a quotation mark). So a small model that begins to quote says all of it. Not here: when to quote (react.ts).

/** One text in a grammar. */
export function literal(text: string): string {
  const code = (character: string): string => `\\U${character.codePointAt(0)!.toString(16).padStart(8, '0')}`;
  return `"${text.replace(/["\\\p{C}]/gu, code)}"`;
}

/** Most characters of a text that are offered: the last ones. */
const MOST = 4000;

/** Ends of sentences, with what closes them; in Chinese and Japanese no space follows. Initials and titles as short (`Dr.`) end none. */
export const SENTENCE_END = /(?<!\b\p{Lu}\p{Ll}?)(?:[.!?…]+["'”’)\]]*(?=\s|$)|[。！？]+[」』”’]*)/gu;
/** After what introduces: where a quotation may begin within a sentence. What stands before a colon or dash is no quotation of
 * its own. */
const INTRODUCTION = /(?::\s+|\s[-–—]\s+|：|:?\s*["“„「『])/gu;

/** Where quotations begin: at any sentence and behind what introduces one, or at the lines of a text only. */
export type QuoteStarts = 'sentences' | 'lines';

/** Rules of a grammar whose `root` is a quotation from one of the texts, or undefined if there is nothing to quote. Quotations
 * end in a line break. */
export function quoteGrammar(texts: readonly string[], from: QuoteStarts = 'sentences'): string | undefined {
  const rules: string[] = [];
  const roots: string[] = [];
  for (const [t, text] of texts.entries()) {
    const { starts, cuts, flat } = cutsOf(text.slice(-MOST), from);
    for (const [i, { from: start, to, ends }] of cuts.entries()) {
      const next = cuts[i + 1];
      const gap = next === undefined ? '' : flat.slice(to, next.from);
      const ways = [
        ...(ends ? ['"\\n"'] : []),
        ...(next === undefined ? [] : [`${gap === '' ? '' : `${literal(gap)} `}q-${t}-${i + 1}`]),
      ];
      rules.push(`q-${t}-${i} ::= ${literal(flat.slice(start, to))} (${ways.join(' | ')})`);
      if (starts.has(start)) roots.push(`q-${t}-${i}`);
    }
  }
  return roots.length === 0 ? undefined : [`root ::= ${roots.join(' | ')}`, ...rules].join('\n');
}

interface Cut {
  from: number;
  to: number;
  /** A quotation may end here. */
  ends: boolean;
}

function cutsOf(text: string, from: QuoteStarts): { flat: string; starts: ReadonlySet<number>; cuts: readonly Cut[] } {
  const lines = text.split('\n').map((line) => line.trim().replace(/\s+/gu, ' '));
  const flat = lines.filter((line) => line !== '').join(' ');
  if (flat === '') return { flat, starts: new Set(), cuts: [] };
  const ends = new Set([flat.length]);
  for (const { index, 0: found } of flat.matchAll(SENTENCE_END)) ends.add(index + found.length);
  // A line that has no full stop ends all the same, but not one that introduces the next.
  let at = -1;
  const ofLines = new Set<number>();
  for (const line of lines.filter((some) => some !== '')) {
    ofLines.add(at + 1);
    at += line.length + 1;
    if (!/[:：,]$/u.test(line)) ends.add(at);
  }
  const starts = new Set([0]);
  for (const end of ends) {
    const next = /^\s*/u.exec(flat.slice(end))![0].length + end;
    if (next < flat.length) starts.add(next);
  }
  const sentences = [...starts];
  if (from === 'lines') return { flat, starts: ofLines, cuts: cutAt([...starts, ...ofLines, ...ends], ends, flat) };
  for (const { index, 0: found } of flat.matchAll(INTRODUCTION)) {
    const start = index + found.length;
    if (start >= flat.length || starts.has(index)) continue;
    const sentence = Math.max(...sentences.filter((some) => some <= index));
    starts.add(start);
    if (!(/[:：–—-]\s*$/u.test(found) || found.startsWith(':'))) continue;
    for (const some of starts) if (some >= sentence && some <= index) starts.delete(some);
  }
  return { flat, starts, cuts: cutAt([...starts, ...ends], ends, flat) };
}

function cutAt(places: readonly number[], ends: ReadonlySet<number>, flat: string): Cut[] {
  const sorted = [...new Set(places)].sort((a, b) => a - b);
  return sorted.slice(0, -1).flatMap((from, i) => {
    const to = sorted[i + 1]!;
    const length = flat.slice(from, to).trimEnd().length;
    return length === 0 ? [] : [{ from, to: from + length, ends: ends.has(to) || ends.has(from + length) }];
  });
}

/** Without the closing mark of a quotation whose opening one was left out. */
export function unclosed(text: string): string {
  const [, inner = text, mark = ''] = /^(.*?)(["”“»」』])$/u.exec(text) ?? [];
  return mark !== '' && !/["“„«「『]/u.test(inner) ? inner : text;
}
