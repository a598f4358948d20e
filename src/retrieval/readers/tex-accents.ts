// Letters that TeX writes with commands: `\"a`, `\c{c}`, `\ss`, `\'{\i}`. Not here: any other command.

/** Marks that stand above or below the letter before them in Unicode. */
const MARKS: Record<string, string> = {
  ...{ '"': '\u0308', "'": '\u0301', '`': '\u0300', '^': '\u0302', '~': '\u0303', '=': '\u0304', '.': '\u0307' },
  ...{ c: '\u0327', k: '\u0328', u: '\u0306', v: '\u030C', H: '\u030B', r: '\u030A', d: '\u0323', b: '\u0331' },
};

const LETTERS: Record<string, string> = {
  ...{ ss: 'ß', ae: 'æ', AE: 'Æ', oe: 'œ', OE: 'Œ', aa: 'å', AA: 'Å', o: 'ø', O: 'Ø', l: 'ł', L: 'Ł', i: 'i', j: 'j' },
  ...{
    dots: '…',
    ldots: '…',
    textendash: '–',
    textemdash: '—',
    textbackslash: '\\',
    LaTeX: 'LaTeX',
    TeX: 'TeX',
    S: '§',
  },
};

/** The letter of a command whose name ends at `at`, and where what belongs to it ends; undefined if it is no letter. */
export function accented(name: string, source: string, at: number): { text: string; end: number } | undefined {
  const letter = LETTERS[name];
  if (letter !== undefined) {
    const rest = /(?:\{\}|[^\S\n]+)?/uy;
    rest.lastIndex = at;
    return { text: letter, end: at + (rest.exec(source)?.[0].length ?? 0) };
  }
  const mark = MARKS[name];
  if (mark === undefined) return undefined;
  // A letter as mark needs braces or a space before its letter.
  const found = /[a-z]/iu.test(name) ? /\s*\{\\?(\p{L})\}|\s+(\p{L})/uy : /\s*\{\\?(\p{L})\s*\}|\s*\\?(\p{L})/uy;
  found.lastIndex = at;
  const match = found.exec(source);
  if (match === null) return undefined;
  return { text: `${match[1] ?? match[2]!}${mark}`.normalize('NFC'), end: at + match[0].length };
}
