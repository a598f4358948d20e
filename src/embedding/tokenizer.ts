// Text to token ids with transformers.js' tokenizers. Long texts go in pieces and the event loop gets its turn in between. Not
// here: cutting what is too long for the model (windows.ts).
import { setImmediate as turn } from 'node:timers/promises';
import type * as Transformers from '@huggingface/transformers';
import type { PreTrainedTokenizer } from '@huggingface/transformers';
import { EngramError, throwIfCancelled } from '../errors.js';
import type { EncodedText, Frame } from './windows.js';

/** Characters tokenised in one go: a few milliseconds. */
const PIECE = 8_000;

export class Tokenizer {
  readonly frame: Frame;
  readonly #tokenizer: PreTrainedTokenizer;
  /** Characters since the event loop last had its turn. */
  #characters = 0;

  private constructor(tokenizer: PreTrainedTokenizer) {
    this.#tokenizer = tokenizer;
    // 'a' is one token everywhere, or several, but never none.
    const bare = this.#ids('a');
    const framed = tokenizer.encode('a');
    const start = framed.findIndex((_, i) => bare.every((id, k) => framed[i + k] === id));
    this.frame = { head: framed.slice(0, Math.max(0, start)), tail: framed.slice(start + bare.length) };
  }

  /** Reads tokenizer.json and tokenizer_config.json. Throws what transformers.js throws; `native` if it cannot be loaded. */
  static async load(folder: string): Promise<Tokenizer> {
    const { AutoTokenizer } = await loadLibrary();
    return new Tokenizer(await AutoTokenizer.from_pretrained(folder, { local_files_only: true }));
  }

  /** `mostTokens`: what comes after as many is not wanted. Throws `cancelled`. */
  async encode(text: string, prefix: string, mostTokens = Infinity, signal?: AbortSignal): Promise<EncodedText> {
    // No word of any language has 64 characters a token.
    const wanted = Number.isFinite(mostTokens) ? text.slice(0, 64 * mostTokens) : text;
    const head = prefix === '' ? [] : this.#ids(prefix.trimEnd());
    const ids: number[] = [];
    for (const piece of piecesOf(prefix + wanted)) {
      for (const id of this.#ids(piece)) ids.push(id);
      this.#characters += piece.length;
      if (this.#characters < PIECE) continue;
      this.#characters = 0;
      await turn();
      throwIfCancelled(signal);
    }
    return { ids, prefix: head.length };
  }

  #ids(text: string): number[] {
    return this.#tokenizer.encode(text, { add_special_tokens: false });
  }
}

/** Cut before white space, so that the pieces have the tokens of the whole; where there is none, between characters. */
function* piecesOf(text: string): Generator<string> {
  let start = 0;
  while (text.length - start > PIECE) {
    const near = text.slice(start, start + PIECE).search(/\s\S*$/);
    let end = start + (near > PIECE / 2 ? near : PIECE);
    const isInPair = /[\uD800-\uDBFF]/.test(text.charAt(end - 1));
    if (isInPair) end--;
    yield text.slice(start, end);
    start = end;
  }
  yield text.slice(start);
}

/** The library takes long to load, so that happens only when the first model is. */
async function loadLibrary(): Promise<typeof Transformers> {
  try {
    const library = await import('@huggingface/transformers');
    const { env } = library;
    env.allowRemoteModels = false;
    env.useFSCache = false;
    env.logLevel = library.LogLevel.ERROR;
    return library;
  } catch (error) {
    throw new EngramError('native', 'transformers.js, which reads texts, cannot be loaded on this machine.', {
      hint: 'Install the dependencies again (`npm ci`).',
      cause: error,
    });
  }
}
