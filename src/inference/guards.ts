// Shows a chat template the texts themselves, for those that look into them, and keeps what is typed from becoming a special
// token: a guard, a character that nobody wrote, breaks each sign in two until the template is through. Not here: templates that
// look into nothing, which get marks (marks.ts).

/** Characters that Unicode sets aside for a program's own use. */
const FIRST = 0xfdd0;
const LAST = 0xfdef;

export class Guards {
  readonly #guard: string;

  /** `findSign`: how a special token that a text would become is written, undefined if there is none. Throws RangeError where the
   * texts hold every character that could be a guard. */
  constructor(
    texts: string,
    private readonly findSign: (text: string) => string | undefined,
  ) {
    let code = FIRST;
    while (code <= LAST && texts.includes(String.fromCharCode(code))) code++;
    if (code > LAST) throw new RangeError('no character is left to guard with');
    this.#guard = String.fromCharCode(code);
  }

  /** A text with its signs broken. */
  text(text: string): string {
    return text
      .split(this.#guard)
      .flatMap((piece) => this.#break(piece))
      .join(this.#guard);
  }

  /** A value with those in its texts and names broken. */
  value(value: object): object {
    return this.#deep(value) as object;
  }

  /** What was rendered, cut where guards stand. */
  split(rendered: string): string[] {
    return rendered.split(this.#guard);
  }

  #break(piece: string): string[] {
    const sign = this.findSign(piece);
    if (sign === undefined) return [piece];
    const at = sign.length < 2 ? -1 : piece.indexOf(sign);
    if (at < 0) return Array.from(piece); // not written as we think: no two characters stay together
    return [...this.#break(piece.slice(0, at + 1)), ...this.#break(piece.slice(at + 1))];
  }

  #deep(value: unknown): unknown {
    if (typeof value === 'string') return this.text(value);
    if (Array.isArray(value)) return value.map((one) => this.#deep(one));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [this.text(key), this.#deep(one)]));
  }
}
