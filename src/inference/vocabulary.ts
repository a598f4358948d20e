// A model's tokens: text to ids and back, and which of them end an answer. Not here: the template of a conversation.
import { callNative } from '../addon.js';
import { EngramError } from '../errors.js';
import { noChatTemplate, type GgufHeader } from '../models/index.js';
import { ChatTemplate } from './chat-template.js';
import type { NativeLanguageModel } from './native.js';
import type { Generator } from './types.js';

export class ModelVocabulary {
  readonly size: number;
  readonly special: Generator['special'];
  readonly #template: ChatTemplate | EngramError;

  /** `chatTemplate`: in place of the model's own. */
  constructor(
    private readonly model: NativeLanguageModel,
    { metadata }: GgufHeader,
    chatTemplate?: string,
  ) {
    const { info } = model;
    this.size = info.vocabularySize;
    const { beginOfText, endOfSequence, endOfTurn: turn, addsBeginOfText } = info;
    const written = (token: number | undefined): string => (token === undefined ? '' : this.text([token], true));
    this.#template = templateFrom(chatTemplate ?? metadata.get('tokenizer.chat_template'), {
      tokenize: (text, parseSpecial) => this.tokenize(text, parseSpecial),
      isSpecial: (token) => callNative(() => model.isSpecial(token)),
      written,
      bos:
        beginOfText === undefined
          ? undefined
          : { token: beginOfText, written: written(beginOfText), prepend: addsBeginOfText },
      eosWritten: written(endOfSequence),
    });
    // A GGUF names one end token as eos; models with a chat template mostly mean the end of a turn by it, and then llama.cpp
    // finds the end of a text as eot.
    const ofTemplate = this.#template instanceof ChatTemplate ? this.#template.endOfTurn : undefined;
    const endOfTurn = ofTemplate ?? turn ?? endOfSequence ?? 0;
    const endOfText = [endOfSequence, turn].find((token) => token !== undefined && token !== endOfTurn) ?? endOfTurn;
    this.special = { endOfTurn, endOfText, beginOfText: addsBeginOfText ? (beginOfText ?? null) : null };
  }

  tokenize(text: string, parseSpecial = false): number[] {
    return Array.from(callNative(() => this.model.tokenize(text, parseSpecial)));
  }

  /** How the first special token is written that a text would become if its signs were read. */
  signIn(text: string): string | undefined {
    if (!/[<[]/.test(text)) return undefined;
    const sign = this.tokenize(text, true).find((token) => callNative(() => this.model.isSpecial(token)));
    return sign === undefined ? undefined : this.text([sign], true);
  }

  /** Throws `usage` for what is no token. */
  text(tokens: readonly number[] | Uint32Array, writeSpecial = false): string {
    return callNative(() => this.model.text(Uint32Array.from(tokens), writeSpecial));
  }

  /** Text of tokens where they follow others: some vocabularies drop a space at the start of a text. */
  textAfter(tokens: readonly number[], before: readonly number[], writeSpecial = false): string {
    const textBefore = this.text(before, writeSpecial);
    const whole = textBefore === '' ? '' : this.text([...before, ...tokens], writeSpecial);
    // Where the text before ends within a character it may be none of the whole.
    return whole.startsWith(textBefore) && textBefore !== ''
      ? whole.slice(textBefore.length)
      : this.text(tokens, writeSpecial);
  }

  /** The model's template. Throws `unsupported` if it has none. */
  get template(): ChatTemplate {
    if (this.#template instanceof ChatTemplate) return this.#template;
    throw this.#template;
  }
}

/** The template, or why there is none. */
function templateFrom(
  source: unknown,
  vocabulary: ConstructorParameters<typeof ChatTemplate>[1],
): ChatTemplate | EngramError {
  if (typeof source !== 'string') return noChatTemplate();
  try {
    return new ChatTemplate(source, vocabulary);
  } catch (error) {
    if (error instanceof EngramError) return error;
    throw error;
  }
}
