// Tokens in, text out: whole characters only, and nothing of a stop string. Not here: where tokens come from.

export class TextStream {
  readonly #tokens: number[] = [];
  #text = '';
  #sent = 0;
  #stopped = false;

  constructor(
    private readonly detokenize: (tokens: number[]) => string,
    private readonly stop: readonly string[],
    private readonly onText: ((piece: string) => void) | undefined,
  ) {}

  get tokens(): number {
    return this.#tokens.length;
  }

  /** False once a stop string has come: then the text is whole. */
  push(token: number): boolean {
    this.#tokens.push(token);
    this.#text = this.detokenize(this.#tokens);
    for (const stop of this.stop) {
      const at = stop === '' ? -1 : this.#text.indexOf(stop);
      if (at < 0) continue;
      this.#text = this.#text.slice(0, at);
      this.#stopped = true;
    }
    // Held back: half a character, and what may become a stop string.
    if (!this.#stopped) this.#send(this.#safeLength());
    return !this.#stopped;
  }

  /** The whole text; sends what was held back. */
  end(): string {
    this.#text = this.#text.replace(/\uFFFD+$/u, '');
    this.#send(this.#text.length);
    return this.#text;
  }

  #safeLength(): number {
    let safe = this.#text.replace(/\uFFFD+$/u, '').length;
    for (const stop of this.stop) {
      for (let n = Math.min(stop.length - 1, this.#text.length); n > 0; n--) {
        if (this.#text.endsWith(stop.slice(0, n))) {
          safe = Math.min(safe, this.#text.length - n);
          break;
        }
      }
    }
    return safe;
  }

  #send(length: number): void {
    if (length <= this.#sent) return;
    const piece = this.#text.slice(this.#sent, length);
    this.#sent = length;
    this.onText?.(piece);
  }
}
