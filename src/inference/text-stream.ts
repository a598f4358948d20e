// Tokens in, text out: whole characters only, and nothing of a stop string. Not here: where tokens come from.

export interface TextStreamOptions {
  /** Text of `tokens` where they follow `before`: some vocabularies drop a space at the start of a text. */
  detokenize: (tokens: readonly number[], before: readonly number[]) => string;
  /** Tokens that the text continues. */
  before?: readonly number[];
  stop?: readonly string[];
  onText?: ((piece: string) => void) | undefined;
}

/** Tokens before the newest that are shown to the detokenizer. */
const LOOK_BACK = 8;
/** Stands for bytes that are no character, or not one yet. */
const BROKEN_END = /\uFFFD+$/u;
/** A character has at most four bytes, hence comes in at most four tokens. */
const MOST_HELD = 4;

export class TextStream {
  readonly #detokenize: TextStreamOptions['detokenize'];
  readonly #stop: readonly string[];
  readonly #onText: TextStreamOptions['onText'];
  /** The last tokens whose text is in #text, and those after them that end within a character. */
  #before: number[];
  #held: number[] = [];
  #text = '';
  #sent = 0;
  #tokens = 0;

  constructor(options: TextStreamOptions) {
    this.#detokenize = options.detokenize;
    this.#before = (options.before ?? []).slice(-LOOK_BACK);
    this.#stop = (options.stop ?? []).filter((text) => text !== '');
    this.#onText = options.onText;
  }

  /** Tokens pushed. */
  get tokens(): number {
    return this.#tokens;
  }

  /** False once a stop string has come: then the text is whole, and push must not be called again. */
  push(token: number): boolean {
    this.#tokens++;
    this.#held.push(token);
    const piece = this.#detokenize(this.#held, this.#before);
    if (BROKEN_END.test(piece) && this.#held.length < MOST_HELD) return true;
    this.#take(piece);

    const at = this.#firstStop(piece.length);
    if (at >= 0) this.#text = this.#text.slice(0, at);
    this.#send(at >= 0 ? this.#text.length : this.#text.length - this.#maybeStop());
    return at < 0;
  }

  /** The whole text; sends what was held back. The bytes of a character that was never finished are left out. */
  end(): string {
    if (this.#held.length > 0) this.#take(this.#detokenize(this.#held, this.#before).replace(BROKEN_END, ''));
    this.#send(this.#text.length);
    return this.#text;
  }

  #take(piece: string): void {
    this.#text += piece;
    this.#before = [...this.#before, ...this.#held].slice(-LOOK_BACK);
    this.#held = [];
  }

  /** Where the first stop string begins that ends within the last `fresh` characters, or -1. */
  #firstStop(fresh: number): number {
    let first = -1;
    for (const stop of this.#stop) {
      const at = this.#text.indexOf(stop, Math.max(0, this.#text.length - fresh - stop.length + 1));
      if (at >= 0 && (first < 0 || at < first)) first = at;
    }
    return first;
  }

  /** Length of the longest end of the text that a stop string may begin with. */
  #maybeStop(): number {
    let most = 0;
    for (const stop of this.#stop) {
      for (let length = Math.min(stop.length - 1, this.#text.length); length > most; length--) {
        if (this.#text.endsWith(stop.slice(0, length))) most = length;
      }
    }
    return most;
  }

  #send(length: number): void {
    if (length <= this.#sent) return;
    const piece = this.#text.slice(this.#sent, length);
    this.#sent = length;
    this.#onText?.(piece);
  }
}
