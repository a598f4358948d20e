// Pieces of GBNF, the grammars of llama.cpp: rules that are named as they are needed, literals, repetitions of any size. Not here:
// numbers of a range (gbnf-numbers.ts), what a JSON schema means (json-schema.ts).

/** Most repetitions that can be asked for; more tokens than that no answer has. */
export const MOST_REPEATED = 1_000_000;
/** Of one name, so many at once: llama.cpp makes a rule of each, and refuses to read 2000. */
const AT_ONCE = 1000;
/** A body of at most so many characters stands where it is used. */
const SHORT = 240;
const NAME = /^[a-zA-Z][\w-]*$/;

export class Rules {
  readonly #rules = new Map<string, string>();
  /** Names by their bodies, of those that share one. */
  readonly #shared = new Map<string, string>();
  /** The last number given to a name that was wanted again. */
  readonly #numbers = new Map<string, number>();

  /** Adds a rule, if there is none of that name; its body is made after the name is taken, so that it may refer to itself. */
  add(name: string, body: () => string): string {
    if (!this.#rules.has(name)) {
      this.#rules.set(name, '');
      this.#rules.set(name, body());
    }
    return name;
  }

  /** A name that no rule has yet, to be given a body with define(). */
  reserve(wanted: string): string {
    let name = wanted;
    let number = this.#numbers.get(wanted) ?? 1;
    while (this.#rules.has(name)) name = `${wanted}-${++number}`;
    this.#numbers.set(wanted, number);
    this.#rules.set(name, '');
    return name;
  }

  define(name: string, body: string): void {
    this.#rules.set(name, body);
  }

  /** The name of a rule with this body; bodies that are alike share one. */
  named(wanted: string, body: string): string {
    if (NAME.test(body)) return body;
    let name = this.#shared.get(body);
    if (name === undefined) {
      name = this.reserve(wanted);
      this.define(name, body);
      this.#shared.set(body, name);
    }
    return name;
  }

  /** A body that is used in more places than one: as it is if it is short, else by its name. */
  short(wanted: string, body: string): string {
    return body.length <= SHORT ? body : this.named(wanted, body);
  }

  /** Something repeated, in rules that llama.cpp reads whatever the numbers are: it multiplies what is repeated by the number, in
   * each other by one another, but a name counts once. */
  repeat(what: string, least: number, most = Number.POSITIVE_INFINITY): string {
    if (most === 0) return '""';
    const item = this.named('item', what);
    if (most === Number.POSITIVE_INFINITY) return least === 0 ? `${item}*` : `${this.#exactly(item, least)} ${item}*`;
    const parts = [least === 0 ? '' : this.#exactly(item, least), least === most ? '' : this.#upTo(item, most - least)];
    return parts.filter((part) => part !== '').join(' ');
  }

  #exactly(item: string, count: number): string {
    if (count <= AT_ONCE) return count === 1 ? item : `${item}{${count}}`;
    const block = this.named('block', `${item}{${AT_ONCE}}`);
    const [blocks, rest] = [Math.floor(count / AT_ONCE), count % AT_ONCE];
    return rest === 0 ? this.#exactly(block, blocks) : `${this.#exactly(block, blocks)} ${this.#exactly(item, rest)}`;
  }

  #upTo(item: string, count: number): string {
    if (count <= AT_ONCE) return this.named('up-to', count === 1 ? `${item}?` : `${item}{0,${count}}`);
    const block = this.named('block', `${item}{${AT_ONCE}}`);
    const fewer = this.named('up-to', `${item}{0,${AT_ONCE - 1}}`);
    let tail = count % AT_ONCE === 0 ? '' : ` ${this.#upTo(item, count % AT_ONCE)}`;
    for (let left = Math.floor(count / AT_ONCE); left > 0; left--) {
      tail = ` ${this.named('up-to', `${fewer} | ${block}${tail}`)}`;
    }
    return tail.trim();
  }

  /** The grammar with this root. */
  grammar(root: string): string {
    return [`root ::= ${root}`, ...[...this.#rules].map(([name, body]) => `${name} ::= ${body}`)].join('\n');
  }
}

/** A text as it is. */
export function literal(text: string): string {
  return `"${escape(text)}"`;
}

/** One of some characters, or any other. */
export function oneOf(characters: string, isNegated = false): string {
  return `[${isNegated ? '^' : ''}${Array.from(characters, (c) => (/[\w ]/.test(c) ? c : code(c))).join('')}]`;
}

/** One of the characters between these code points, both included. */
export function ofRanges(ranges: readonly (readonly [first: number, last: number])[]): string {
  const end = (point: number): string => {
    const character = String.fromCodePoint(point);
    return /[\w ]/.test(character) ? character : code(character);
  };
  return `[${ranges.map(([first, last]) => (first === last ? end(first) : `${end(first)}-${end(last)}`)).join('')}]`;
}

function escape(text: string): string {
  return Array.from(text, (c) => (c === '"' || c === '\\' || /\p{C}/u.test(c) ? code(c) : c)).join('');
}

function code(character: string): string {
  return `\\U${character.codePointAt(0)!.toString(16).padStart(8, '0')}`;
}

export function alternatives(all: readonly string[]): string {
  return all.length === 1 ? all[0]! : `(${all.join(' | ')})`;
}

/** A few of something short; many, or of something long, are for Rules.repeat(). */
export function repeated(what: string, least: number, most = Number.POSITIVE_INFINITY): string {
  if (most === 0) return '""';
  if (least === 1 && most === 1) return what;
  return `${what}{${least},${most === Number.POSITIVE_INFINITY ? '' : most}}`;
}
