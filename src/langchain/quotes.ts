// Grammars of what may be quoted from a text: whole sentences, one or several that follow one another, or what is introduced
// (by a colon, a dash, "that"). So a small model that begins to quote says all of it. Not here: when to quote (react.ts).

/** One text in a grammar. */
export function literal(text: string): string {
  const code = (character: string): string => `\\U${character.codePointAt(0)!.toString(16).padStart(8, '0')}`;
  return `"${text.replace(/["\\\p{C}]/gu, code)}"`;
}

/** Most characters of a text that are offered: the last ones. */
const MOST = 4000;

/** Ends of sentences, with what closes them; in Chinese and Japanese no space follows. Titles and initials end none. */
export const SENTENCE_END =
  /(?<!\b(?:Dr|Mrs?|Ms|Prof|St|Jr|Sr|vs|\p{Lu}))(?:[.!?…]+["'”’)\]]*(?=\s|$)|[。！？]+[」』”’]*)/gu;
/** After what introduces: where a quotation may begin within a sentence. What stands before a colon or dash is no quotation of
 * its own. */
const INTRODUCTION = /(?::\s+|\s[-–—]\s+|：|:?\s*["“„「『])/gu;
const THAT = /\bthat\s+/giu;

/** Rules of a grammar whose `root` is a quotation from one of the texts, or undefined if there is nothing to quote. Quotations
 * end in a line break. */
export function quoteGrammar(texts: readonly string[]): string | undefined {
  const rules: string[] = [];
  const roots: string[] = [];
  for (const [t, text] of texts.entries()) {
    const { starts, cuts, flat } = cutsOf(text.slice(-MOST));
    for (const [i, { from, to, ends }] of cuts.entries()) {
      const next = cuts[i + 1];
      const gap = next === undefined ? '' : flat.slice(to, next.from);
      const ways = [
        ...(ends ? ['"\\n"'] : []),
        ...(next === undefined ? [] : [`${gap === '' ? '' : `${literal(gap)} `}q-${t}-${i + 1}`]),
      ];
      rules.push(`q-${t}-${i} ::= ${literal(flat.slice(from, to))} (${ways.join(' | ')})`);
      if (starts.has(from)) roots.push(`q-${t}-${i}`);
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

function cutsOf(text: string): { flat: string; starts: ReadonlySet<number>; cuts: readonly Cut[] } {
  const lines = text.split('\n').map((line) => line.trim().replace(/\s+/gu, ' '));
  const flat = lines.filter((line) => line !== '').join(' ');
  if (flat === '') return { flat, starts: new Set(), cuts: [] };
  const ends = new Set([flat.length]);
  for (const { index, 0: found } of flat.matchAll(SENTENCE_END)) ends.add(index + found.length);
  // A line that has no full stop ends all the same, but not one that introduces the next.
  let at = -1;
  for (const line of lines.filter((some) => some !== '')) {
    at += line.length + 1;
    if (!/[:：,]$/u.test(line)) ends.add(at);
  }
  const starts = new Set([0]);
  for (const end of ends) {
    const next = /^\s*/u.exec(flat.slice(end))![0].length + end;
    if (next < flat.length) starts.add(next);
  }
  const sentences = [...starts];
  for (const { index, 0: found } of flat.matchAll(THAT)) {
    if (index + found.length < flat.length) starts.add(index + found.length);
  }
  for (const { index, 0: found } of flat.matchAll(INTRODUCTION)) {
    const start = index + found.length;
    if (start >= flat.length || starts.has(index)) continue;
    const sentence = Math.max(...sentences.filter((some) => some <= index));
    starts.add(start);
    if (!(/[:：–—-]\s*$/u.test(found) || found.startsWith(':'))) continue;
    for (const some of starts) if (some >= sentence && some <= index) starts.delete(some);
  }
  const places = [...new Set([...starts, ...ends])].sort((a, b) => a - b);
  const cuts: Cut[] = [];
  for (const [i, from] of places.entries()) {
    const to = places[i + 1];
    if (to === undefined) break;
    const piece = flat.slice(from, to);
    if (piece.trim() === '') continue;
    const length = piece.trimEnd().length;
    cuts.push({ from, to: from + length, ends: ends.has(to) || ends.has(from + length) });
  }
  return { flat, starts, cuts };
}

/** Without the closing mark of a quotation whose opening one was left out. */
export function unclosed(text: string): string {
  const [, inner = text, mark = ''] = /^(.*?)(["”“»」』])$/u.exec(text) ?? [];
  return mark !== '' && !/["“„«「『]/u.test(inner) ? inner : text;
}
