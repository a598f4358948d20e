// A conversation as token ids, through the model's own Jinja template (tokenizer.chat_template in its GGUF). The template is
// rendered with marks in place of the messages, and only what the template itself wrote is searched for special tokens: no
// text in a message can become one. Otherwise the tokens are those of the whole rendered text.
import { Template } from '@huggingface/jinja';
import { EngramError } from '../errors.js';
import { isObject } from '../is-object.js';
import { findSyntax, PLAIN_SYNTAX, type CallSyntax } from './call-syntax.js';
import { Marks, type Part } from './marks.js';
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

export class ChatTemplate {
  readonly #template: Template;
  readonly #literals = new Map<string, Literal>();
  /** The template leaves earlier thoughts out of the history; so do we, since it does not see the text. */
  readonly #dropsThoughts: boolean;
  /** The special token that the template puts after an answer; undefined if it puts none. */
  readonly endOfTurn: number | undefined;
  /** How it writes calls of tools, if it knows tools; found out when it is first asked. */
  #ownSyntax: CallSyntax | 'none' | undefined;

  /** Throws `unsupported` for a template that cannot be read. */
  constructor(
    private readonly source: string,
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

  /** Ends where the assistant's answer begins; unless `openAnswer`, where the last message ends. Throws `empty` without a
   * message, `unsupported` for a conversation that the template refuses. */
  encode(messages: readonly ChatMessage[], tools: readonly Tool[] = [], openAnswer = true): number[] {
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
    for (const part of this.#parts(messages, openAnswer, tools)) {
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

  /** How many tokens of a prompt come before those that open the assistant's turn; at least its last is one of these. */
  answerStart(messages: readonly ChatMessage[], tools: readonly Tool[] = []): number {
    const open = this.encode(messages, tools);
    const closed = this.encode(messages, tools, false);
    let start = 0;
    while (start < open.length - 1 && open[start] === closed[start]) start++;
    return start;
  }

  /** How calls of tools are written. */
  get callSyntax(): CallSyntax {
    return this.#syntax ?? PLAIN_SYNTAX;
  }

  get #syntax(): CallSyntax | undefined {
    this.#ownSyntax ??=
      (this.source.includes('tool')
        ? findSyntax((messages, tools) => this.#renderMarked(messages, false, tools), this.#ends())
        : undefined) ?? 'none';
    return this.#ownSyntax === 'none' ? undefined : this.#ownSyntax;
  }

  /** What is written after an answer. */
  #ends(): string[] {
    return [this.endOfTurn === undefined ? '' : this.vocabulary.written(this.endOfTurn), this.vocabulary.eosWritten];
  }

  #parts(messages: readonly ChatMessage[], openAnswer: boolean, tools: readonly Tool[] = []): Part[] {
    const hasTools = tools.length > 0 || messages.some(({ role, toolCalls }) => role === 'tool' || toolCalls);
    const isOwn = hasTools && this.#syntax !== undefined;
    const told = hasTools && !isOwn ? tellOfTools(messages, tools) : messages;
    const marks = new Marks();
    return marks.split(this.#render(told, openAnswer, marks, isOwn ? tools : []));
  }

  #content({ role, content }: ChatMessage): string {
    const end = role === 'assistant' && this.#dropsThoughts ? content.lastIndexOf('</think>') : -1;
    return end < 0 ? content : content.slice(end + '</think>'.length).replace(/^\n+/u, '');
  }

  #render(messages: readonly ChatMessage[], openAnswer: boolean, marks: Marks, tools: readonly Tool[]): string {
    const marked = messages.map((message) => this.#marked(message, messages, marks));
    const functions = tools.map(({ name, description, parameters }) => ({
      type: 'function',
      function: { name, description: description ?? '', parameters: parameters ?? { type: 'object', properties: {} } },
    }));
    try {
      return this.#renderMarked(marked, openAnswer, functions);
    } catch (error) {
      // Some templates know no system message: then it goes before the first words of the user.
      const [first, second, ...rest] = marked;
      if (first?.role === 'system' && second?.role === 'user') {
        try {
          const folded = { role: second.role, content: `${first.content}\n\n${second.content}` };
          return this.#renderMarked([folded, ...rest], openAnswer, functions);
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

  /** As templates read it, with marks in the place of texts. */
  #marked(message: ChatMessage, all: readonly ChatMessage[], marks: Marks): { role: string; content: string } {
    const { role, content, toolCalls = [], toolCallId } = message;
    if (role === 'tool') {
      const call = all.flatMap((other) => other.toolCalls ?? []).find(({ id }) => id === toolCallId);
      const ids = { tool_call_id: checkWord(toolCallId ?? ''), name: checkWord(call?.name ?? '') };
      return { role, content: marks.text(content, true), ...ids };
    }
    if (toolCalls.length === 0) return { role, content: marks.text(this.#content(message)) };
    const calls = toolCalls.map(({ id, name, arguments: given }) => ({
      id: checkWord(id),
      type: 'function',
      function: { name: checkWord(name), arguments: marks.value(given) },
    }));
    const said = { role, content: content === '' ? '' : marks.text(this.#content(message)) };
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

  #renderMarked(messages: object[], openAnswer: boolean, tools: object[]): string {
    return this.#template.render({
      messages,
      ...(tools.length === 0 ? {} : { tools }),
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

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
