// Reads a regular expression of JavaScript: characters and sets of them, groups, choices, repetitions, both anchors. Looking around,
// references back and properties of Unicode are refused by name. Not here: what becomes of it (regex-grammar.ts).

export type CodeRange = readonly [first: number, last: number];

export type RegexNode =
  | { kind: 'set'; ranges: readonly CodeRange[] }
  | { kind: 'sequence'; items: readonly RegexNode[] }
  | { kind: 'choice'; ways: readonly RegexNode[] }
  | { kind: 'repeat'; node: RegexNode; least: number; most: number }
  | { kind: 'start' }
  | { kind: 'end' };

const LAST = 0x10ffff;
const DIGIT: readonly CodeRange[] = [[0x30, 0x39]];
const WORD: readonly CodeRange[] = [...DIGIT, [0x41, 0x5a], [0x5f, 0x5f], [0x61, 0x7a]];
const SPACE: readonly CodeRange[] = [
  ...([
    [9, 13],
    [32, 32],
    [0xa0, 0xa0],
    [0x1680, 0x1680],
    [0x2000, 0x200a],
    [0x2028, 0x2029],
  ] as const),
  ...([
    [0x202f, 0x202f],
    [0x205f, 0x205f],
    [0x3000, 0x3000],
    [0xfeff, 0xfeff],
  ] as const),
];
const LINE_ENDS: readonly CodeRange[] = [
  [10, 10],
  [13, 13],
  [0x2028, 0x2029],
];
const CLASSES: Readonly<Record<string, readonly CodeRange[]>> = { d: DIGIT, w: WORD, s: SPACE };
const CONTROLS: Readonly<Record<string, number>> = { n: 10, r: 13, t: 9, f: 12, v: 11, 0: 0 };
const LONGEST = 10_000;
const DEEPEST = 40;

/** Throws RangeError with what is not understood. */
export function readRegex(source: string): RegexNode {
  if (source.length > LONGEST) throw new RangeError(`it is longer than ${LONGEST} characters`);
  const reader = new Reader(Array.from(source));
  const node = reader.choice(0);
  if (!reader.isDone) throw new RangeError('a ")" closes nothing');
  return node;
}

/** All code points that are in none of the ranges. */
export function complementOf(ranges: readonly CodeRange[]): CodeRange[] {
  const out: CodeRange[] = [];
  let next = 0;
  for (const [first, last] of [...ranges].sort((a, b) => a[0] - b[0])) {
    if (first > next) out.push([next, first - 1]);
    next = Math.max(next, last + 1);
  }
  if (next <= LAST) out.push([next, LAST]);
  return out;
}

class Reader {
  #at = 0;

  constructor(private readonly characters: readonly string[]) {}

  get isDone(): boolean {
    return this.#at >= this.characters.length;
  }

  choice(depth: number): RegexNode {
    if (depth > DEEPEST) throw new RangeError(`its groups are nested more than ${DEEPEST} deep`);
    const ways = [this.#sequence(depth)];
    while (this.#take('|')) ways.push(this.#sequence(depth));
    return ways.length === 1 ? ways[0]! : { kind: 'choice', ways };
  }

  #sequence(depth: number): RegexNode {
    const items: RegexNode[] = [];
    while (!this.isDone && this.#peek() !== '|' && this.#peek() !== ')') items.push(this.#quantified(depth));
    return { kind: 'sequence', items };
  }

  #quantified(depth: number): RegexNode {
    const node = this.#atom(depth);
    const [least, most] = this.#quantifier() ?? [1, 1];
    if (least === 1 && most === 1) return node;
    if (node.kind === 'start' || node.kind === 'end') throw new RangeError('an anchor is repeated');
    if (least > most) throw new RangeError('a repetition has its numbers the wrong way round');
    this.#take('?'); // as few as possible or as many: the same texts
    return { kind: 'repeat', node, least, most };
  }

  #quantifier(): [least: number, most: number] | undefined {
    if (this.#take('*')) return [0, Number.POSITIVE_INFINITY];
    if (this.#take('+')) return [1, Number.POSITIVE_INFINITY];
    if (this.#take('?')) return [0, 1];
    const match = /^\{(\d{1,9})(,(\d{0,9}))?\}/.exec(this.characters.slice(this.#at, this.#at + 24).join(''));
    if (match === null) return undefined;
    this.#at += match[0].length;
    const least = Number(match[1]);
    if (match[2] === undefined) return [least, least];
    return [least, match[3] === '' ? Number.POSITIVE_INFINITY : Number(match[3])];
  }

  #atom(depth: number): RegexNode {
    const character = this.#next();
    switch (character) {
      case '^':
        return { kind: 'start' };
      case '$':
        return { kind: 'end' };
      case '.':
        return { kind: 'set', ranges: complementOf(LINE_ENDS) };
      case '[':
        return { kind: 'set', ranges: this.#class() };
      case '(':
        return this.#group(depth);
      case '\\':
        return { kind: 'set', ranges: this.#escape(false) };
      case '*':
      case '+':
      case '?':
        throw new RangeError(`there is nothing before "${character}" to repeat`);
      default:
        return { kind: 'set', ranges: [pointOf(character)] };
    }
  }

  #group(depth: number): RegexNode {
    if (this.#take('?')) {
      const sign = this.#next();
      const isNamed = sign === '<' && this.#peek() !== '=' && this.#peek() !== '!';
      if (isNamed) while (this.#next() !== '>');
      else if (sign !== ':') throw new RangeError(`it looks ahead or back, "(?${sign}"`);
    }
    const node = this.choice(depth + 1);
    if (!this.#take(')')) throw new RangeError('a "(" is not closed');
    return node;
  }

  #class(): CodeRange[] {
    const isNegated = this.#take('^');
    const ranges: CodeRange[] = [];
    while (!this.#take(']')) {
      const first = this.#classItem();
      const isRange = this.#peek() === '-' && this.characters[this.#at + 1] !== ']' && first.length === 1;
      if (!isRange || first[0]![0] !== first[0]![1]) {
        ranges.push(...first);
        continue;
      }
      this.#at++;
      const last = this.#classItem();
      if (last.length !== 1 || last[0]![0] < first[0]![0])
        throw new RangeError('a range in "[…]" is the wrong way round');
      ranges.push([first[0]![0], last[0]![0]]);
    }
    return isNegated ? complementOf(ranges) : ranges;
  }

  #classItem(): readonly CodeRange[] {
    const character = this.#next();
    return character === '\\' ? this.#escape(true) : [pointOf(character)];
  }

  #escape(isInClass: boolean): readonly CodeRange[] {
    const letter = this.#next();
    const lower = CLASSES[letter.toLowerCase()];
    if (lower !== undefined) return letter === letter.toLowerCase() ? lower : complementOf(lower);
    if (Object.hasOwn(CONTROLS, letter)) return [[CONTROLS[letter]!, CONTROLS[letter]!]];
    if (letter === 'x') return [this.#code(2)];
    if (letter === 'u') return [this.#take('{') ? this.#code(undefined) : this.#code(4)];
    if (letter === 'b' && isInClass) return [[8, 8]];
    if (/[a-zA-Z1-9]/.test(letter)) throw new RangeError(`"\\${letter}" is not supported`);
    return [pointOf(letter)];
  }

  /** Of so many digits, or up to a brace. */
  #code(digits: number | undefined): CodeRange {
    let text = '';
    while (digits === undefined ? !this.#take('}') : text.length < digits) text += this.#next();
    const code = /^[0-9a-fA-F]{1,6}$/.test(text) ? parseInt(text, 16) : Number.NaN;
    if (!(code <= LAST)) throw new RangeError(`"${text}" is no code of a character`);
    return [code, code];
  }

  #peek(): string | undefined {
    return this.characters[this.#at];
  }

  #take(character: string): boolean {
    if (this.#peek() !== character) return false;
    this.#at++;
    return true;
  }

  #next(): string {
    const character = this.#peek();
    if (character === undefined) throw new RangeError('it breaks off');
    this.#at++;
    return character;
  }
}

function pointOf(character: string): CodeRange {
  const code = character.codePointAt(0)!;
  return [code, code];
}
