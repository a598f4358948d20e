// LaTeX as it reads: sections are headings, commands give what stands in their braces, comments and the preamble are gone; formulas
// stay as they were written. Macros of the document are not expanded. Not here: other files that it names.
import { aboutDecoded, decodeText } from './decode.js';
import { accented } from './tex-accents.js';
import type { Block, LeftOut, Reader } from './types.js';

const LEVELS: Record<string, number> = {
  ...{ part: 1, chapter: 1, section: 2, subsection: 3, subsubsection: 4, paragraph: 5, subparagraph: 6, frametitle: 3 },
};

/** Environments that are read as they stand. */
const AS_IS = /^(?:verbatim|lstlisting|minted|alltt|comment)\*?$/u;

/** Commands of which what stands in braces is no text. */
const NO_TEXT =
  /^(?:label|ref|eqref|pageref|autoref|cref|Cref|vspace|hspace|includegraphics|bibliography|bibliographystyle|usepackage|documentclass|newcommand|renewcommand|def|setlength|pagestyle|thispagestyle|hypersetup|definecolor|input|include|setcounter|addtocounter|newtheorem|graphicspath|index|begin|end|color|fontsize|cline|cmidrule|rule)$/u;

/** Deeper braces are an attack on the stack. */
const DEEPEST = 20;

/** Characters of a formula. */
const LONGEST_FORMULA = 10_000;

export const readTex: Reader = async (bytes, _, reading) => {
  const { text: source, ...about } = await decodeText(bytes, reading);
  const reader = new TexReader(source);
  const { text, blocks, told, left } = reader.read();
  const { title, ...fields } = told;
  const { left: bad = [], ...metadata } = aboutDecoded(about, fields);
  return {
    ...{ kind: 'tex', ...(title === undefined ? {} : { title }), text, blocks },
    ...{ ...metadata, left: [...bad, ...left] },
  };
};

class TexReader {
  #at = 0;
  #text = '';
  #line = '';
  readonly #blocks: Block[] = [];
  readonly #told: Record<string, string> = {};
  readonly #left: LeftOut[] = [];

  /** @param depth of the braces that it is inside of */
  constructor(
    private readonly source: string,
    private readonly depth = 0,
  ) {}

  read(): { text: string; blocks: Block[]; told: Record<string, string>; left: LeftOut[] } {
    const body = this.source.indexOf('\\begin{document}');
    if (body !== -1) {
      this.#readPreamble(this.source.slice(0, body));
      this.#at = body + '\\begin{document}'.length;
    }
    const end = this.source.indexOf('\\end{document}', this.#at);
    this.#readUntil(end === -1 ? this.source.length : end);
    this.#endBlock();
    return { text: this.#text, blocks: this.#blocks, told: this.#told, left: this.#left };
  }

  #readPreamble(source: string): void {
    for (const name of ['title', 'author', 'date'])
      this.#tell(name, new RegExp(`\\\\${name}\\s*(?=[\\[{])`, 'u').exec(source));
  }

  #tell(name: string, found: RegExpExecArray | null): void {
    if (found === null) return;
    const inside = new TexReader(found.input);
    inside.#at = found.index + found[0].length;
    inside.#skipOption();
    const value = inside.#argument().replace(/\s+/gu, ' ').trim();
    if (value !== '') this.#told[name] = value.slice(0, 500);
  }

  #readUntil(end: number): void {
    while (this.#at < end) {
      const character = this.source[this.#at]!;
      if (character === '\\') this.#command();
      else if (character === '%') this.#comment();
      else if (character === '$') this.#line += this.#formula();
      else if (character === '\n') this.#newline();
      else {
        this.#line += plain(character);
        this.#at++;
      }
    }
  }

  #newline(): void {
    const gap = /\n[^\S\n]*\n\s*/uy;
    gap.lastIndex = this.#at;
    const blank = gap.exec(this.source);
    if (blank === null) this.#line += ' ';
    else this.#endBlock();
    this.#at += blank?.[0].length ?? 1;
  }

  #comment(): void {
    const end = this.source.indexOf('\n', this.#at);
    // What follows on the next line is not a new line.
    this.#at = end === -1 ? this.source.length : end + 1;
  }

  /** As it is written, to its end; a dollar alone is one. */
  #formula(): string {
    const mark = this.source.startsWith('$$', this.#at) ? '$$' : '$';
    const near = this.source.slice(this.#at, this.#at + LONGEST_FORMULA);
    const end = near.indexOf(mark, mark.length);
    const blank = near.indexOf('\n\n');
    const isClosed = end !== -1 && (blank === -1 || end < blank);
    const to = this.#at + (isClosed ? end : 0) + mark.length;
    const formula = this.source.slice(this.#at, to);
    this.#at = to;
    return formula.replace(/\s+/gu, ' ');
  }

  #command(): void {
    const found = /\\(?:([a-zA-Z@]+)\*?|([^]))/uy;
    found.lastIndex = this.#at;
    const match = found.exec(this.source);
    if (match === null) {
      this.#at++;
      return;
    }
    this.#at += match[0].length;
    const [, name, symbol = ''] = match;
    if (name === undefined) this.#symbol(symbol);
    else this.#named(name);
  }

  #symbol(symbol: string): void {
    const letter = accented(symbol, this.source, this.#at);
    if (letter !== undefined) {
      this.#line += letter.text;
      this.#at = letter.end;
    } else if (symbol === '\\') {
      this.#skipOption();
      this.#line += '\n';
    } else if (symbol === '(' || symbol === '[') this.#closedFormula(symbol === '(' ? '\\)' : '\\]');
    else if (/[%&#_{}$ ]/u.test(symbol)) this.#line += symbol;
    else if (/[,;:]/u.test(symbol)) this.#line += ' ';
  }

  #closedFormula(mark: string): void {
    const near = this.source.slice(this.#at, this.#at + LONGEST_FORMULA);
    const end = near.indexOf(mark);
    if (end === -1) return;
    this.#line += `$${near.slice(0, end).replace(/\s+/gu, ' ').trim()}$`;
    this.#at += end + 2;
  }

  #named(name: string): void {
    const letter = accented(name, this.source, this.#at);
    if (letter !== undefined) {
      this.#line += letter.text;
      this.#at = letter.end;
      return;
    }
    // A word swallows the space behind it.
    while (/[^\S\n]/u.test(this.source[this.#at] ?? '')) this.#at++;
    if (LEVELS[name] !== undefined) this.#heading(LEVELS[name]);
    else if (name === 'begin') this.#environment();
    else if (name === 'item') {
      this.#endBlock();
      const label = this.#option();
      this.#line = label === '' ? '- ' : `- ${label}: `;
    } else if (name === 'cite' || /^cite[a-z]*$/u.test(name)) {
      this.#skipOption();
      this.#line += `[${this.#argument()}]`;
    } else if (name === 'href') this.#link();
    else if (name === 'footnote') this.#line += ` [${this.#argument().trim()}]`;
    else if (name === 'par') this.#endBlock();
    else if (name === 'title' || name === 'author' || name === 'date') {
      this.#skipOption();
      this.#told[name] ??= this.#argument().replace(/\s+/gu, ' ').trim().slice(0, 500);
    } else if (NO_TEXT.test(name)) this.#noText(name);
    else this.#skipOption();
  }

  #noText(name: string): void {
    this.#skipOption();
    const inside = this.#argument();
    if (name === 'input' || name === 'include') this.#left.push({ what: inside, why: 'it is a file of its own' });
    if (name === 'includegraphics') this.#left.push({ what: inside, why: 'it is a picture' });
    if (/^(?:newcommand|renewcommand|setlength|setcounter|addtocounter|definecolor)$/u.test(name)) {
      this.#skipOption();
      this.#argument();
    }
  }

  #link(): void {
    const url = this.#argument();
    this.#line += `${this.#argument()} (${url})`;
  }

  #heading(level: number): void {
    this.#endBlock();
    this.#skipOption();
    this.#line = this.#argument().replace(/\s+/gu, ' ');
    this.#endBlock('heading', level);
  }

  #environment(): void {
    const name = this.#argument();
    if (AS_IS.test(name)) {
      const mark = `\\end{${name}}`;
      const end = this.source.indexOf(mark, this.#at);
      const to = end === -1 ? this.source.length : end;
      this.#endBlock();
      if (!name.startsWith('comment')) {
        this.#line = this.source
          .slice(this.#at, to)
          .replace(/^\s*\[[^\]\n]*\]/u, '')
          .replace(/^\s*\n|\s+$/gu, '');
        this.#endBlock('code');
      }
      this.#at = Math.min(this.source.length, to + mark.length);
      return;
    }
    if (!/^(?:math|equation|align|gather|multline|eqnarray)/u.test(name)) this.#endBlock();
    this.#skipOption();
    if (/^(?:tabular|array|longtable|minipage|thebibliography|multicols|column)/u.test(name)) this.#argument();
  }

  /** What stands in braces here, as it reads; nothing if there are none. */
  #argument(): string {
    while (/\s/u.test(this.source[this.#at] ?? '')) this.#at++;
    if (this.source[this.#at] !== '{') return '';
    const start = ++this.#at;
    let open = 1;
    while (this.#at < this.source.length && open > 0) {
      const character = this.source[this.#at]!;
      if (character === '\\') this.#at++;
      else if (character === '{') open++;
      else if (character === '}') open--;
      this.#at++;
    }
    const inside = this.source.slice(start, open === 0 ? this.#at - 1 : this.#at);
    if (this.depth >= DEEPEST || !/[\\{}%~$]|--|``|''/u.test(inside)) return inside;
    const reader = new TexReader(inside, this.depth + 1);
    reader.#readUntil(inside.length);
    reader.#endBlock();
    return reader.#text.replaceAll('\n\n', ' ');
  }

  #option(): string {
    const found = /\s*\[([^\][]{0,300})\]/uy;
    found.lastIndex = this.#at;
    const match = found.exec(this.source);
    this.#at += match?.[0].length ?? 0;
    return match?.[1]!.replace(/[\\{}]/gu, '').trim() ?? '';
  }

  #skipOption(): void {
    this.#option();
  }

  #endBlock(kind: Block['kind'] = 'text', level?: number): void {
    const line =
      kind === 'code'
        ? this.#line
        : this.#line
            .replace(/[^\S\n]+/gu, ' ')
            .replace(/ ?\n ?/gu, '\n')
            .trim();
    this.#line = '';
    if (!/[\p{L}\p{N}]/u.test(line)) return;
    if (this.#text !== '') this.#text += '\n\n';
    const start = this.#text.length;
    this.#text += line;
    this.#blocks.push({ kind, ...(level === undefined ? {} : { level }), start, end: this.#text.length });
  }
}

/** Characters that stand for others. */
function plain(character: string): string {
  if (character === '~') return ' ';
  if (character === '&') return ' | ';
  return character === '{' || character === '}' ? '' : character;
}
