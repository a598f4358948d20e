// A conversation as token ids, through the model's own Jinja template (tokenizer.chat_template in its GGUF). The template is
// rendered with marks in place of the messages, or with the messages where it looks into them, and only what the template itself
// wrote is searched for special tokens: no text in a message can become one. Otherwise the tokens are those of the whole text.
import { EngramError } from '../errors.js';
import { isObject } from '../is-object.js';
import { findSyntax, PLAIN_SYNTAX, type CallSyntax } from './call-syntax.js';
import { Guards } from './guards.js';
import { Marks, type Part } from './marks.js';
import { Rendering, type RenderedMessage, type RenderOptions } from './rendering.js';
import { signsOf, splitThought, type ThoughtSigns } from './thoughts.js';
import { tellOfTools } from './tool-prompt.js';
import type { ChatMessage, Tool, ToolCall } from './types.js';

/** What a template needs of a model. */
export interface Vocabulary {
  tokenize(text: string, parseSpecial: boolean): number[];
  isSpecial(token: number): boolean;
  /** How a special token is written. */
  written(token: number): string;
  bos: { token: number; written: string; prepend: boolean } | undefined;
  eosWritten: string;
}

/** Literal text of the template: plain text, then from a special token to a special token, then plain text. */
interface Literal {
  head: string;
  tokens: number[];
  tail: string;
}

/** Text between the texts of messages, or one of these, or the whole with texts that the template has looked into. */
type Piece = Part | { looked: string };

/** What stands in the place of a message's texts while it is rendered. */
interface Writer {
  text: (text: string, isQuotable?: boolean) => string;
  value: (value: object) => object;
}

interface Asked {
  openAnswer: boolean;
  thinking: boolean;
}

export class ChatTemplate {
  readonly #rendering: Rendering;
  readonly #literals = new Map<string, Literal>();
  /** The signs around thoughts, where the template knows them. */
  readonly thoughtSigns: ThoughtSigns | undefined;
  /** The special token that the template puts after an answer; undefined if it puts none. */
  readonly endOfTurn: number | undefined;
  /** What it writes after an answer where that is no special token of this model. */
  readonly endText: string | undefined;
  /** How it writes calls of tools, if it knows tools; found out when it is first asked. */
  #ownSyntax: CallSyntax | 'none' | undefined;

  /** Throws `unsupported` for a template that cannot be read. */
  constructor(
    source: string,
    private readonly vocabulary: Vocabulary,
  ) {
    this.#rendering = new Rendering(source, { bos: vocabulary.bos?.written ?? '', eos: vocabulary.eosWritten });
    this.thoughtSigns = signsOf(this.#rendering.source);
    this.endOfTurn = this.#findEndOfTurn();
    this.endText = this.endOfTurn === undefined ? this.#findEndText() : undefined;
  }

  /** Ends where the assistant's answer begins; unless `openAnswer`, where the last message ends. `thinking`: the model is to think
   * first, where the template knows how. Throws `empty` without a message, `unsupported` for a conversation that the template
   * refuses. */
  encode(messages: readonly ChatMessage[], tools: readonly Tool[] = [], openAnswer = true, thinking = false): number[] {
    if (messages.length === 0) throw new EngramError('empty', 'There is no message to answer.');
    for (const tool of tools) this.#checkTool(tool);
    for (const call of messages.flatMap(({ toolCalls = [] }) => toolCalls)) checkArguments(call);
    const out: number[] = [];
    // Plain text of the template and of messages is tokenized together, as far as it goes without a special token: that is
    // how the model was trained to see it.
    let plain = '';
    const flush = (): void => {
      if (plain !== '') out.push(...this.vocabulary.tokenize(plain, false));
      plain = '';
    };
    for (const part of this.#parts(messages, { openAnswer, thinking }, tools)) {
      if ('content' in part) {
        plain += part.content;
        continue;
      }
      const { head, tokens, tail } = 'looked' in part ? this.#splitLiteral(part.looked) : this.#literal(part.literal);
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

  /** How many tokens of a prompt come before those that open the assistant's turn; at least its last is one of these. */
  answerStart(messages: readonly ChatMessage[], tools: readonly Tool[] = [], thinking = false): number {
    const open = this.encode(messages, tools, true, thinking);
    const closed = this.encode(messages, tools, false, thinking);
    let start = 0;
    while (start < open.length - 1 && open[start] === closed[start]) start++;
    return start;
  }

  /** The tokens of the last message, an assistant's, up to its end, and those before it. A thought and calls are written as the
   * template writes them, or as they stand where it leaves them out. */
  turn(messages: readonly ChatMessage[], end: number): { prompt: number[]; answer: number[] } {
    const before = messages.slice(0, -1);
    const { content } = messages.at(-1)!;
    const signs = this.thoughtSigns;
    const { thought } = signs === undefined ? { thought: undefined } : splitThought(content, signs);
    const thinking = thought !== undefined && thought !== '';
    const prompt = this.encode(before, [], true, thinking);
    const whole = this.encode(messages, [], false, thinking);
    const rest = prompt.every((token, i) => token === whole[i]) ? whole.slice(prompt.length) : [];
    const last = rest.lastIndexOf(end);
    const isWhole = last > 0 && (!thinking || this.#text(messages, { openAnswer: false, thinking }).includes(thought));
    if (isWhole) return { prompt, answer: rest.slice(0, last + 1) };
    const opened = thinking && this.opensThought(before, thinking);
    const said = opened ? content.trimStart().slice(signs!.open.length).replace(/^\n/, '') : content;
    return { prompt, answer: [...this.vocabulary.tokenize(said, false), end] };
  }

  /** Whether the prompt itself opens the thought, as that of models which always think does. */
  opensThought(messages: readonly ChatMessage[], thinking: boolean): boolean {
    const { thoughtSigns } = this;
    if (thoughtSigns === undefined) return false;
    return this.#text(messages, { openAnswer: true, thinking }).trimEnd().endsWith(thoughtSigns.open);
  }

  /** Whether the signs around a thought are special tokens, which are left out of an answer unless they are asked for. */
  get hasHiddenSigns(): boolean {
    const { thoughtSigns, vocabulary } = this;
    return (
      thoughtSigns !== undefined &&
      vocabulary.tokenize(thoughtSigns.open, true).some((token) => vocabulary.isSpecial(token))
    );
  }

  /** How calls of tools are written. */
  get callSyntax(): CallSyntax {
    return this.#syntax ?? PLAIN_SYNTAX;
  }

  get #syntax(): CallSyntax | undefined {
    const render = (messages: object[], tools: object[]): string =>
      this.#rendering.raw(messages, { openAnswer: false, tools, thinking: false });
    const found = (): CallSyntax | undefined =>
      this.#rendering.source.includes('tool') ? findSyntax(render, this.#ends()) : undefined;
    this.#ownSyntax ??= found() ?? 'none';
    return this.#ownSyntax === 'none' ? undefined : this.#ownSyntax;
  }

  /** What is written after an answer. */
  #ends(): string[] {
    return [this.endOfTurn === undefined ? '' : this.vocabulary.written(this.endOfTurn), this.vocabulary.eosWritten];
  }

  #text(messages: readonly ChatMessage[], asked: Asked, tools: readonly Tool[] = []): string {
    return this.#parts(messages, asked, tools).map(textOf).join('');
  }

  /** The template sees marks; where it would write otherwise if it saw the texts, it has looked into them and sees those. */
  #parts(messages: readonly ChatMessage[], asked: Asked, tools: readonly Tool[]): Piece[] {
    const hasTools = tools.length > 0 || messages.some(({ role, toolCalls }) => role === 'tool' || toolCalls);
    const isOwn = hasTools && this.#syntax !== undefined;
    const told = hasTools && !isOwn ? tellOfTools(messages, tools) : messages;
    const options = { ...asked, tools: isOwn ? tools.map(asFunction) : [] };
    const marked = (): Part[] => this.#marked(told, options);
    const guards = this.#guardsFor(told);
    if (guards === undefined) return marked();
    const written = told.map((message) => this.#written(message, told, guards));
    const looked = guards.split(this.#rendering.render(written, options)); // what it refuses is refused
    try {
      const parts = marked();
      if (parts.map(textOf).join('') === looked.join('')) return parts;
    } catch {
      // It refuses marks, and not the texts.
    }
    return looked.map((text) => ({ looked: text }));
  }

  #marked(messages: readonly ChatMessage[], options: RenderOptions): Part[] {
    const marks = new Marks();
    const written = messages.map((message) =>
      this.#written(withoutThought(message, this.thoughtSigns), messages, marks),
    );
    return marks.split(this.#rendering.render(written, options));
  }

  #guardsFor(messages: readonly ChatMessage[]): Guards | undefined {
    const texts = messages.map(({ content, toolCalls }) => content + JSON.stringify(toolCalls ?? '')).join('');
    try {
      return new Guards(texts, (text) => {
        const sign = this.vocabulary.tokenize(text, true).find((token) => this.vocabulary.isSpecial(token));
        return sign === undefined ? undefined : this.vocabulary.written(sign);
      });
    } catch {
      return undefined;
    }
  }

  /** As templates read it. */
  #written(message: ChatMessage, all: readonly ChatMessage[], writer: Writer): RenderedMessage {
    const { role, content, toolCalls = [], toolCallId } = message;
    if (role === 'tool') {
      const call = all.flatMap((other) => other.toolCalls ?? []).find(({ id }) => id === toolCallId);
      const ids = { tool_call_id: checkWord(toolCallId ?? ''), name: checkWord(call?.name ?? '') };
      return { role, content: writer.text(content, true), ...ids };
    }
    if (toolCalls.length === 0) return { role, content: writer.text(content) };
    const calls = toolCalls.map(({ id, name, arguments: given }) => ({
      id: checkWord(id),
      type: 'function',
      function: { name: checkWord(name), arguments: writer.value(given) },
    }));
    const said = { role, content: content === '' ? '' : writer.text(content) };
    return { ...said, ...{ tool_calls: calls } };
  }

  /** What a tool is told with goes through the template as it is, so nothing of it may become a special token. */
  #checkTool(tool: Tool): void {
    const special = this.vocabulary
      .tokenize(JSON.stringify(tool), true)
      .find((token) => this.vocabulary.isSpecial(token));
    if (special === undefined) return;
    const written = this.vocabulary.written(special);
    throw new EngramError('usage', `The tool ${tool.name} has ${written} in it, which this model takes for a sign.`);
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
    try {
      const tokens = this.#after(EXAMPLE).flatMap((text) => this.#literal(text).tokens);
      return tokens.find((token) => this.vocabulary.isSpecial(token));
    } catch {
      return undefined; // a template that refuses even this will say so when it is used
    }
  }

  /** What follows an answer, or else what comes before the next question. */
  #findEndText(): string | undefined {
    try {
      const after = this.#after(EXAMPLE).join('').trimEnd();
      const next =
        after === ''
          ? this.#after([...EXAMPLE, { role: 'user', content: 'c' }], 1)
              .join('')
              .trimEnd()
          : '';
      return [after, next].find((text) => text.trim() !== '');
    } catch {
      return undefined;
    }
  }

  /** Of the template, after the last message but so many. */
  #after(messages: readonly ChatMessage[], but = 0): string[] {
    const parts = this.#marked(messages, { openAnswer: false, thinking: false, tools: [] });
    const contents = parts.flatMap((part, i) => ('content' in part ? [i] : []));
    const from = contents.at(-1 - but) ?? -1;
    return parts
      .slice(from + 1, but === 0 ? undefined : contents.at(-but))
      .flatMap((part) => ('literal' in part ? [part.literal] : []));
  }
}

const EXAMPLE: readonly ChatMessage[] = [
  { role: 'user', content: 'a' },
  { role: 'assistant', content: 'b' },
];

function textOf(piece: Piece): string {
  if ('literal' in piece) return piece.literal;
  return 'looked' in piece ? piece.looked : piece.content;
}

/** Templates leave earlier thoughts out, by looking for their sign, which is not in a mark. */
function withoutThought(message: ChatMessage, signs: ThoughtSigns | undefined): ChatMessage {
  const { role, content } = message;
  const end = role === 'assistant' && signs !== undefined ? content.lastIndexOf(signs.close) : -1;
  if (end < 0) return message;
  return { ...message, content: content.slice(end + signs!.close.length).replace(/^\n+/u, '') };
}

function asFunction({ name, description, parameters }: Tool): object {
  const known = { name, description: description ?? '', parameters: parameters ?? { type: 'object', properties: {} } };
  return { type: 'function', function: known };
}

/** Ids and names of calls go through the template as they are. */
function checkWord(word: string): string {
  if (/^[\w.-]{0,64}$/.test(word)) return word;
  throw new EngramError('usage', `Expected letters and digits for the id or name of a call but received "${word}".`);
}

/** JSON in a string, as other APIs hand calls around, is none. */
function checkArguments({ name, arguments: given }: ToolCall): void {
  if (isObject(given)) return;
  throw new EngramError(
    'usage',
    `Expected an object for the arguments of the call of ${name} but received ${JSON.stringify(given)}.`,
  );
}
