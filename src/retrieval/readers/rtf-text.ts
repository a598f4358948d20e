// What the control words of RTF do to the text: groups that are no text, characters of any code page, paragraphs. Not here: finding
// the words (rtf.ts).
import type { Block } from './types.js';

/** Groups that are no text of the document. Any that begins with \* is none either, if nothing here knows it. */
const NO_TEXT = new Set(
  (
    'fonttbl colortbl stylesheet listtable listoverridetable rsidtbl generator info pict object themedata colorschememapping ' +
    'datastore latentstyles xmlnstbl fldinst revtbl filetbl header headerl headerr headerf footer footerl footerr footerf'
  ).split(' '),
);

/** Characters that have a word. */
const CHARACTERS: Record<string, string> = {
  ...{ tab: '\t', emdash: '—', endash: '–', lquote: '‘', rquote: '’', ldblquote: '“', rdblquote: '”', bullet: '•' },
  ...{ emspace: ' ', enspace: ' ', line: '\n', softline: '\n' },
};

/** Code pages of fonts by their number of a character set. */
const CHARSETS: Record<number, string> = {
  ...{ 77: 'macroman', 128: 'shift_jis', 129: 'cp949', 134: 'gb18030', 136: 'big5', 161: 'cp1253', 162: 'cp1254' },
  ...{ 163: 'cp1258', 177: 'cp1255', 178: 'cp1256', 186: 'cp1257', 204: 'cp1251', 222: 'cp874', 238: 'cp1250' },
};
const PAGES: Record<number, string> = {
  932: 'shift_jis',
  936: 'gb18030',
  949: 'cp949',
  950: 'big5',
  10000: 'macroman',
  65001: 'utf8',
};

interface Group {
  /** What its text is: of the document, or something else. */
  goal: 'text' | 'none' | 'title' | 'author' | 'fonts';
  /** Bytes that stand for a character of Unicode to programs that have none. */
  skip: number;
  isHidden: boolean;
  page: string | undefined;
  isNote: boolean;
}

export class RtfText {
  #text = '';
  readonly #blocks: Block[] = [];
  #line = '';
  #level: number | undefined;
  #isRow = false;
  #title = '';
  #author = '';
  #pictures = 0;
  #group: Group = { goal: 'text', skip: 1, isHidden: false, page: undefined, isNote: false };
  readonly #groups: Group[] = [];
  #page = 'cp1252';
  readonly #fonts = new Map<number, string>();
  #font = 0;
  #bytes: number[] = [];
  /** Characters that are still to be passed over. */
  #skipping = 0;
  #isStarred = false;
  #isFirst = true;

  /** @param decode bytes in a code page */
  constructor(private readonly decode: (bytes: Buffer, page: string) => string) {}

  open(): void {
    this.#flushBytes();
    this.#groups.push({ ...this.#group });
    this.#group.isNote = false;
    this.#isFirst = true;
    this.#skipping = 0;
  }

  close(): void {
    this.#flushBytes();
    if (this.#group.isNote) this.#line = `${this.#line.trimEnd()}]`;
    this.#group = this.#groups.pop() ?? this.#group;
    this.#skipping = 0;
    this.#isFirst = false;
  }

  control(word: string, number: number | undefined): void {
    this.#flushBytes();
    const isFirst = this.#isFirst || this.#isStarred;
    const isStarred = this.#isStarred;
    this.#isFirst = this.#isStarred = false;
    if (word === 'pict') this.#pictures++;
    if (isFirst && this.#enters(word, isStarred)) return;
    if (word === 'u' && number !== undefined) this.#unicode(number);
    else if (word === 'uc') this.#group.skip = number ?? 1;
    else if (word === 'ansicpg' && number !== undefined) this.#page = PAGES[number] ?? `cp${number}`;
    else if (word === 'f' && number !== undefined) this.#useFont(number);
    else if (word === 'fcharset' && number !== undefined && CHARSETS[number] !== undefined) {
      this.#fonts.set(this.#font, CHARSETS[number]);
    } else if (word === 'plain') this.#group.isHidden = false;
    else if (word === 'v' || word === 'deleted') this.#group.isHidden = number !== 0;
    else if (this.#group.goal === 'text') this.#shape(word, number);
  }

  /** Whether a group begins that is not the text around it. */
  #enters(word: string, isStarred: boolean): boolean {
    const goal = word === 'fonttbl' ? 'fonts' : word === 'title' || word === 'author' ? word : 'none';
    if (goal === 'title' || goal === 'author') this.#group.goal = goal;
    else if (NO_TEXT.has(word) || (isStarred && word !== 'shptxt' && word !== 'shpinst')) {
      // What the document says about itself is inside of what is no text.
      this.#group.goal = goal;
    } else if (word === 'footnote') {
      this.write(' [');
      this.#group.isNote = this.#group.goal === 'text';
    } else return false;
    return true;
  }

  #shape(word: string, number: number | undefined): void {
    if (word === 'par' || word === 'sect' || word === 'page') this.#endLine();
    else if (word === 'row') {
      this.#isRow = true;
      this.#endLine();
    } else if (word === 'cell' || word === 'nestcell') this.#line += ' | ';
    else if (word === 'pard') this.#level = undefined;
    else if (word === 'outlinelevel') this.#level = number !== undefined && number < 9 ? number + 1 : undefined;
    else if (CHARACTERS[word] !== undefined) this.write(CHARACTERS[word]);
  }

  byte(value: number): void {
    this.#isFirst = false;
    if (this.#skipping > 0) this.#skipping--;
    else this.#bytes.push(value);
  }

  symbol(symbol: string): void {
    if (symbol === '*') {
      this.#isStarred = true;
      return;
    }
    this.#flushBytes();
    if (symbol === '\n' || symbol === '\r') this.#endLine();
    else if (symbol === '~') this.write('\u00A0');
    else if (symbol === '_') this.write('-');
    else if ('\\{}'.includes(symbol)) this.write(symbol);
  }

  write(text: string): void {
    this.#flushBytes();
    this.#isFirst = false;
    const skipped = Math.min(this.#skipping, text.length);
    this.#skipping -= skipped;
    this.#put(text.slice(skipped));
  }

  finish(): { text: string; blocks: Block[]; title: string; author: string; pictures: number } {
    this.#flushBytes();
    this.#endLine();
    const [title, author] = [this.#title.trim(), this.#author.trim()];
    return { text: this.#text, blocks: this.#blocks, title, author, pictures: this.#pictures };
  }

  #unicode(code: number): void {
    this.#put(String.fromCharCode(code & 0xffff));
    this.#skipping = this.#group.skip;
  }

  #useFont(number: number): void {
    if (this.#group.goal === 'fonts') this.#font = number;
    else this.#group.page = this.#fonts.get(number);
  }

  #put(text: string): void {
    const { goal, isHidden } = this.#group;
    if (goal === 'title') this.#title += text;
    else if (goal === 'author') this.#author += text;
    else if (goal === 'text' && !isHidden) this.#line += text;
  }

  #flushBytes(): void {
    if (this.#bytes.length === 0) return;
    const bytes = Buffer.from(this.#bytes);
    this.#bytes = [];
    this.#put(this.decode(bytes, this.#group.page ?? this.#page));
  }

  #endLine(): void {
    let line = this.#line;
    while (line.endsWith(' | ')) line = line.slice(0, -3);
    line = line.replace(/[^\S\n]+/gu, ' ').trim();
    this.#line = '';
    const isRow = this.#isRow;
    this.#isRow = false;
    if (line === '') return;
    if (this.#text !== '') this.#text += isRow ? '\n' : '\n\n';
    const start = this.#text.length;
    const level = this.#level;
    this.#text += line;
    this.#blocks.push({
      ...(level === undefined ? { kind: 'text' as const } : { kind: 'heading' as const, level }),
      ...{ start, end: this.#text.length },
    });
  }
}
