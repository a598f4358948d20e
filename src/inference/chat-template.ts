// A conversation as token ids, through the model's own Jinja template (tokenizer.chat_template in its GGUF). The template is
// rendered with marks in place of the messages, and only what the template itself wrote is searched for special tokens: no
// text in a message can become one. Otherwise the tokens are those of the whole rendered text.
import { Template } from '@huggingface/jinja';
import { EngramError } from '../errors.js';
import type { ChatMessage } from './types.js';

/** What a template needs of a model. */
export interface Vocabulary {
  tokenize(text: string, parseSpecial: boolean): number[];
  isSpecial(token: number): boolean;
  /** How a special token is written. */
  written(token: number): string;
  bos: { token: number; written: string; prepend: boolean } | undefined;
  eosWritten: string;
}

// Around the number of a message: characters of the private use area, to which no template gives a meaning, and outside of
// them an em space, which shows whether the template trims.
const OPEN = '\uE0F0';
const CLOSE = '\uE0F1';
const SPACE = '\u2003';
const MARK = new RegExp(`(${SPACE}?)${OPEN}(\\d+)${CLOSE}(${SPACE}?)`, 'gu');

/** Literal text of the template: plain text, then from a special token to a special token, then plain text. */
interface Literal {
  head: string;
  tokens: number[];
  tail: string;
}

type Part = { literal: string } | { content: string };

export class ChatTemplate {
  readonly #template: Template;
  readonly #literals = new Map<string, Literal>();
  /** The template leaves earlier thoughts out of the history; so do we, since it does not see the text. */
  readonly #dropsThoughts: boolean;
  /** The special token that the template puts after an answer; undefined if it puts none. */
  readonly endOfTurn: number | undefined;

  /** Throws `unsupported` for a template that cannot be read. */
  constructor(
    source: string,
    private readonly vocabulary: Vocabulary,
  ) {
    try {
      this.#template = new Template(source);
    } catch (error) {
      throw new EngramError('unsupported', `The model's chat template cannot be read: ${messageOf(error)}`, {
        cause: error,
      });
    }
    this.#dropsThoughts = source.includes('</think>');
    this.endOfTurn = this.#findEndOfTurn();
  }

  /** Ends where the assistant's answer begins. Throws `empty` without a message, `unsupported` for a conversation that the
   * template refuses. */
  encode(messages: readonly ChatMessage[]): number[] {
    if (messages.length === 0) throw new EngramError('empty', 'There is no message to answer.');
    const out: number[] = [];
    // Plain text of the template and of messages is tokenized together, as far as it goes without a special token: that is
    // how the model was trained to see it.
    let plain = '';
    const flush = (): void => {
      if (plain !== '') out.push(...this.vocabulary.tokenize(plain, false));
      plain = '';
    };
    for (const part of this.#parts(messages, true)) {
      if ('content' in part) {
        plain += part.content;
        continue;
      }
      const { head, tokens, tail } = this.#literal(part.literal);
      plain += head;
      if (tokens.length === 0) continue;
      flush();
      out.push(...tokens);
      plain = tail;
    }
    flush();
    const { bos } = this.vocabulary;
    if (bos?.prepend === true && out[0] !== bos.token) out.unshift(bos.token);
    return out;
  }

  #parts(messages: readonly ChatMessage[], openAnswer: boolean): Part[] {
    const rendered = this.#render(messages, openAnswer);
    const parts: Part[] = [];
    let at = 0;
    for (const match of rendered.matchAll(MARK)) {
      const [mark, before, number, after] = match;
      if (match.index > at) parts.push({ literal: rendered.slice(at, match.index) });
      let content = this.#content(messages[Number(number)]!);
      if (before === '') content = content.trimStart();
      if (after === '') content = content.trimEnd();
      parts.push({ content });
      at = match.index + mark.length;
    }
    if (at < rendered.length) parts.push({ literal: rendered.slice(at) });
    return parts;
  }

  #content({ role, content }: ChatMessage): string {
    const end = role === 'assistant' && this.#dropsThoughts ? content.lastIndexOf('</think>') : -1;
    return end < 0 ? content : content.slice(end + '</think>'.length).replace(/^\n+/u, '');
  }

  #render(messages: readonly ChatMessage[], openAnswer: boolean): string {
    const marked = messages.map(({ role }, i) => ({ role, content: `${SPACE}${OPEN}${i}${CLOSE}${SPACE}` }));
    try {
      return this.#renderMarked(marked, openAnswer);
    } catch (error) {
      // Some templates know no system message: then it goes before the first words of the user.
      const [first, second, ...rest] = marked;
      if (first?.role === 'system' && second?.role === 'user') {
        try {
          const folded = { role: second.role, content: `${first.content}\n\n${second.content}` };
          return this.#renderMarked([folded, ...rest], openAnswer);
        } catch {
          // The first error says more.
        }
      }
      throw new EngramError('unsupported', `The model's chat template refuses this conversation: ${messageOf(error)}`, {
        hint: 'Most templates want user and assistant in turns, beginning with the user.',
        cause: error,
      });
    }
  }

  #renderMarked(messages: { role: string; content: string }[], openAnswer: boolean): string {
    return this.#template.render({
      messages,
      add_generation_prompt: openAnswer,
      bos_token: this.vocabulary.bos?.written ?? '',
      eos_token: this.vocabulary.eosWritten,
      enable_thinking: false,
      // The date that templates of the Llama 3 family fall back to. Today's would make an answer, and what was trained on
      // it, change overnight.
      date_string: '26 Jul 2024',
    });
  }

  #literal(text: string): Literal {
    let literal = this.#literals.get(text);
    if (literal === undefined) {
      literal = this.#splitLiteral(text);
      this.#literals.set(text, literal);
    }
    return literal;
  }

  #splitLiteral(text: string): Literal {
    const { vocabulary } = this;
    const tokens = vocabulary.tokenize(text, true);
    const first = tokens.findIndex((token) => vocabulary.isSpecial(token));
    if (first < 0) return { head: text, tokens: [], tail: '' };
    const last = tokens.findLastIndex((token) => vocabulary.isSpecial(token));
    // Some special tokens swallow the space beside them: then there are no tokens for that text, and there is none to keep.
    const from = first === 0 ? 0 : text.indexOf(vocabulary.written(tokens[first]!));
    const lastWritten = vocabulary.written(tokens[last]!);
    const to = last === tokens.length - 1 ? text.length : text.lastIndexOf(lastWritten) + lastWritten.length;
    if (from < 0 || to < lastWritten.length) return { head: '', tokens, tail: '' }; // not written as we think: as it is
    return { head: text.slice(0, from), tokens: tokens.slice(first, last + 1), tail: text.slice(to) };
  }

  #findEndOfTurn(): number | undefined {
    const example: ChatMessage[] = [
      { role: 'user', content: 'a' },
      { role: 'assistant', content: 'b' },
    ];
    try {
      const parts = this.#parts(example, false);
      const after = parts.slice(parts.findLastIndex((part) => 'content' in part) + 1);
      const tokens = after.flatMap((part) => ('literal' in part ? this.#literal(part.literal).tokens : []));
      return tokens.find((token) => this.vocabulary.isSpecial(token));
    } catch {
      return undefined; // a template that refuses even this will say so when it is used
    }
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
