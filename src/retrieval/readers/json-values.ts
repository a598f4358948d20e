// Reads JSON as people have it, value by value: with comments, trailing commas, bare names and single quotes (JSON5), one value
// after another (JSON Lines), and every number with the digits of the file where a JavaScript number has not as many. Not a check
// whether something is JSON to the letter.

/** Deeper nesting is an attack on the stack. */
const DEEPEST = 1000;

const WORDS: Record<string, unknown> = { true: true, false: false, null: null, undefined: null };
const ESCAPES: Record<string, string> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v', 0: '\0' };

/** The values in a text, one after another; of one array at the top its elements. Throws SyntaxError, naming the line. */
export function* jsonValues(source: string): Generator {
  const reader = new JsonReader(source);
  if (reader.mustBeOneArray()) {
    yield* reader.elements();
    if (reader.hasMore()) throw reader.error('the end');
    return;
  }
  let isFirst = true;
  while (reader.hasMore()) {
    const value = reader.value();
    if (isFirst && Array.isArray(value) && !reader.hasMore()) yield* value as unknown[];
    else yield value;
    isFirst = false;
  }
}

class JsonReader {
  #at = 0;
  #depth = 0;

  constructor(private readonly source: string) {}

  hasMore(): boolean {
    this.#skip();
    return this.#at < this.source.length;
  }

  /** Whether all of it is one array, of which not more than an element need be kept. It may be lines that are arrays. */
  mustBeOneArray(): boolean {
    this.#skip();
    return this.source[this.#at] === '[' && !/\]\s*\[/u.test(this.source);
  }

  error(expected: string): SyntaxError {
    const line = this.source.slice(0, this.#at).split('\n').length;
    const found = this.#at < this.source.length ? `"${this.source.slice(this.#at, this.#at + 12)}"` : 'the end';
    return new SyntaxError(`Line ${line}: expected ${expected} but found ${found}.`);
  }

  value(): unknown {
    this.#skip();
    const mark = this.source[this.#at];
    if (mark === '{' || mark === '[') {
      if (++this.#depth > DEEPEST) throw this.error('less nesting');
      const value = mark === '{' ? this.#object() : [...this.elements()];
      this.#depth--;
      return value;
    }
    return mark === '"' || mark === "'" ? this.#string(mark) : this.#word();
  }

  *elements(): Generator {
    this.#expect('[');
    while (!this.#ends(']')) {
      yield this.value();
      this.#separate(']');
    }
  }

  #object(): Record<string, unknown> {
    this.#expect('{');
    const entries: [string, unknown][] = [];
    while (!this.#ends('}')) {
      const mark = this.source[this.#at];
      const key = mark === '"' || mark === "'" ? this.#string(mark) : this.#bare('a name');
      this.#skip();
      this.#expect(':');
      entries.push([key, this.value()]);
      this.#separate('}');
    }
    return Object.fromEntries(entries); // a name may be __proto__
  }

  #string(mark: string): string {
    const start = ++this.#at;
    let isPlain = true;
    for (; this.source[this.#at] !== mark; this.#at++) {
      if (this.source[this.#at] === '\\') {
        isPlain = false;
        this.#at++;
      }
      if (this.#at >= this.source.length) throw this.error(mark);
    }
    const text = this.source.slice(start, this.#at++);
    if (isPlain) return text;
    return text.replace(/\\(?:u([0-9a-f]{4})|x([0-9a-f]{2})|(\r\n|[^]))/giu, (_, wide, byte, other) => {
      if (typeof other !== 'string') return String.fromCharCode(parseInt((wide ?? byte) as string, 16));
      return ESCAPES[other] ?? (/[\r\n]/u.test(other) ? '' : other);
    });
  }

  #word(): unknown {
    const start = this.#at;
    const word = this.#bare('a value');
    if (Object.hasOwn(WORDS, word)) return WORDS[word];
    if (/^[-+]?(?:Infinity|NaN)$/u.test(word)) return word;
    if (!/^[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?$|^[-+]?0x[\da-f]+$/iu.test(word)) {
      this.#at = start;
      throw this.error('a value');
    }
    const number = Number(word);
    // What a number cannot hold as it is written stays text.
    return String(number) === word ? number : word;
  }

  #bare(expected: string): string {
    const start = this.#at;
    while (/[^\s,:{}[\]"'/]/u.test(this.source[this.#at] ?? ' ')) this.#at++;
    if (this.#at === start) throw this.error(expected);
    return this.source.slice(start, this.#at);
  }

  #expect(mark: string): void {
    if (this.source[this.#at] !== mark) throw this.error(mark);
    this.#at++;
  }

  #ends(mark: string): boolean {
    this.#skip();
    if (this.source[this.#at] !== mark) return false;
    this.#at++;
    return true;
  }

  #separate(end: string): void {
    this.#skip();
    if (this.source[this.#at] === ',') this.#at++;
    else if (this.source[this.#at] !== end) throw this.error(`, or ${end}`);
  }

  /** White space and comments. */
  #skip(): void {
    for (;;) {
      while (/\s/u.test(this.source[this.#at] ?? '')) this.#at++;
      if (this.source[this.#at] !== '/') return;
      const isLine = this.source[this.#at + 1] === '/';
      if (!isLine && this.source[this.#at + 1] !== '*') return;
      const end = this.source.indexOf(isLine ? '\n' : '*/', this.#at + 2);
      this.#at = end === -1 ? this.source.length : end + (isLine ? 1 : 2);
    }
  }
}
