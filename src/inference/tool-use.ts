// Tools in one answer: the grammar that holds its calls to the tools' schemas, and the reading of what was written. A model is
// free to write text until it begins a call; from there on only a whole, conforming call is possible. Not here: how calls are
// spelt (call-syntax.ts).
import { randomUUID } from 'node:crypto';
import { EngramError } from '../errors.js';
import type { CallSyntax } from './call-syntax.js';
import { alternatives, literal, oneOf, repeated, Rules } from './gbnf.js';
import { valueOf } from './json-schema.js';
import { Marks } from './marks.js';
import type { CutToolCall, GenerateOptions, Tool, ToolCall } from './types.js';

/** Calls in one answer at most, where there may be several. */
const MOST_CALLS = 16;

/** The tools that an answer may call, checked; none with toolChoice `none`. Throws `usage`. */
export function toolsOf({ tools = [], toolChoice = 'auto', grammar, jsonSchema }: GenerateOptions): readonly Tool[] {
  const names = new Set<string>();
  for (const tool of tools) {
    const name: unknown = (tool as Partial<Tool> | undefined)?.name;
    if (typeof name !== 'string' || !/^[\w.-]{1,64}$/.test(name)) {
      throw wrong(`a tool's name of at most 64 letters, digits, "_", "-" and "."`, name);
    }
    if (names.has(name)) throw new EngramError('usage', `There are two tools "${name}".`);
    names.add(name);
    if (Marks.isIn(JSON.stringify(tool))) throw new EngramError('usage', `The tool ${name} has private characters.`);
    argumentsOf(tool, new Rules(), 'arguments');
  }
  const named = typeof toolChoice === 'object' ? toolChoice.name : undefined;
  if (named === undefined && !['auto', 'required', 'none'].includes(toolChoice as string)) {
    throw wrong('auto, required, none or {name} for toolChoice', toolChoice);
  }
  if (named !== undefined && !names.has(named))
    throw new EngramError('usage', `There is no tool "${named}" to choose.`);
  if (tools.length === 0 || toolChoice === 'none') return [];
  if (grammar !== undefined || jsonSchema !== undefined) {
    throw new EngramError('usage', 'An answer has tools or a form (grammar, jsonSchema), not both.', {
      hint: 'Use toolChoice "none" where the answer is to have a form.',
    });
  }
  return tools;
}

/** What was written of calls. */
interface Calls {
  toolCalls: ToolCall[];
  cutToolCall?: CutToolCall;
}

export class ToolUse {
  readonly grammar: string;
  /** With which a call begins, and whether only at the very beginning of an answer. */
  readonly #trigger: { text: string; isFirst: boolean };
  readonly #names: readonly string[];
  #text = '';
  #sent = 0;

  constructor(
    private readonly syntax: CallSyntax,
    private readonly options: GenerateOptions,
    tools: readonly Tool[],
  ) {
    this.#names = tools.map(({ name }) => name).sort((a, b) => b.length - a.length);
    const word = /^[^\s{]*/.exec(syntax.opening)![0];
    this.#trigger = word.length >= 4 ? { text: word, isFirst: false } : { text: syntax.opening, isFirst: true };
    this.grammar = this.#grammar(tools);
  }

  /** Takes a piece of what is generated; passes on what is text. */
  push(piece: string): void {
    this.#text += piece;
    const at = this.#callAt();
    this.#send(at >= 0 ? at : this.#text.length - this.#maybeTrigger());
  }

  /** When all has come: the text before the calls, the calls that came to their end, and the one that did not. Sends what was
   * held back. */
  end(): { text: string } & Calls {
    const at = this.#isForced() && this.#text !== '' ? 0 : this.#callAt();
    const end = at >= 0 ? at : this.#text.length;
    this.#send(end);
    return { text: this.#text.slice(0, end), ...(at >= 0 ? this.#read(this.#text.slice(at)) : { toolCalls: [] }) };
  }

  #grammar(tools: readonly Tool[]): string {
    const rules = new Rules();
    const { syntax } = this;
    const { toolChoice = 'auto', parallelToolCalls = false } = this.options;
    const allowed = tools.filter(({ name }) => typeof toolChoice !== 'object' || toolChoice.name === name);
    const call = rules.add('call', () =>
      alternatives(
        allowed.map((tool, i) =>
          syntax.call
            .map((part) => {
              if ('text' in part) return literal(part.text);
              if (part.slot === 'name') return literal(tool.name);
              return part.slot === 'id' ? '[a-zA-Z0-9]{9}' : argumentsOf(tool, rules, `tool-${i}`);
            })
            .join(' '),
        ),
      ),
    );
    const isSeveral = parallelToolCalls && syntax.between !== undefined;
    const more = isSeveral ? ` ${repeated(`(${literal(syntax.between!)} ${call})`, 0, MOST_CALLS - 1)}` : '';
    const after = (start: string): string =>
      rules.add('calls', () => `${start === '' ? '' : `${literal(start)} `}${call}${more} ${literal(syntax.closing)}`);
    if (toolChoice !== 'auto') return rules.grammar(after(syntax.opening));
    return rules.grammar(this.#freeText(rules, after(syntax.opening.slice(this.#trigger.text.length))));
  }

  /** Any text in which, once the trigger has come, only `then` can follow: one rule for each number of its characters that
   * have come, as in the search of Knuth, Morris and Pratt. */
  #freeText(rules: Rules, then: string): string {
    const { text, isFirst } = this.#trigger;
    const characters = Array.from(text);
    if (isFirst) rules.add('any', () => '[^\\x00]*');
    const name = (state: number): string => (state === characters.length ? then : `text-${state}`);
    for (const state of characters.keys()) {
      const next = isFirst ? [characters[state]!] : [...new Set(characters)];
      const ways = next.map((character) => {
        const seen = [...characters.slice(0, state), character];
        let kept = Math.min(seen.length, characters.length);
        while (seen.slice(seen.length - kept).join('') !== characters.slice(0, kept).join('')) kept--;
        return `${oneOf(character)} ${name(kept)}`;
      });
      ways.push(`${oneOf(next.join(''), true)} ${isFirst ? 'any' : name(0)}`);
      rules.add(name(state), () => `(${ways.join(' | ')})?`);
    }
    return name(0);
  }

  #callAt(): number {
    const { text, isFirst } = this.#trigger;
    if (isFirst || this.#isForced()) return this.#text.startsWith(text) ? 0 : -1;
    return this.#text.indexOf(text);
  }

  #isForced(): boolean {
    return (this.options.toolChoice ?? 'auto') !== 'auto';
  }

  /** Length of the longest end of the text with which a call may begin. */
  #maybeTrigger(): number {
    const { text, isFirst } = this.#trigger;
    if (isFirst || this.#isForced()) return text.startsWith(this.#text) ? this.#text.length : 0;
    let length = Math.min(text.length - 1, this.#text.length);
    while (length > 0 && !this.#text.endsWith(text.slice(0, length))) length--;
    return length;
  }

  #send(length: number): void {
    if (length <= this.#sent) return;
    const piece = this.#text.slice(this.#sent, length);
    this.#sent = length;
    this.options.onText?.(piece);
  }

  /** The grammar lets nothing else come than calls, so what is missing was cut off. */
  #read(text: string): Calls {
    const { opening, call, between } = this.syntax;
    const toolCalls: ToolCall[] = [];
    if (!text.startsWith(opening)) return { toolCalls, cutToolCall: { arguments: '' } };
    let at = opening.length;
    for (;;) {
      const found: ToolCall = { id: randomUUID().replaceAll('-', '').slice(0, 9), name: '', arguments: {} };
      let cutToolCall: CutToolCall = { arguments: '' };
      for (const part of call) {
        const length = 'text' in part ? lengthOf(part.text, text, at) : this.#readSlot(part.slot, text, at, found);
        if ('slot' in part && part.slot === 'arguments') {
          const written = text.slice(at, length === undefined ? undefined : at + length);
          cutToolCall = { name: found.name, arguments: written };
        }
        if (length === undefined) return { toolCalls, cutToolCall };
        at += length;
      }
      toolCalls.push(found);
      const next = between === undefined ? undefined : lengthOf(between, text, at);
      if (next === undefined) return { toolCalls };
      at += next;
    }
  }

  /** Its length, or undefined if it is not there. */
  #readSlot(slot: 'name' | 'id' | 'arguments', text: string, at: number, into: ToolCall): number | undefined {
    if (slot === 'arguments') {
      const json = text.slice(at, at + objectLength(text, at));
      if (json === '') return undefined;
      into.arguments = JSON.parse(json) as Record<string, unknown>;
      return json.length;
    }
    const value = slot === 'id' ? text.slice(at, at + 9) : this.#names.find((name) => text.startsWith(name, at));
    if (value === undefined || value === '') return undefined;
    into[slot] = value;
    return value.length;
  }
}

function argumentsOf({ name, parameters }: Tool, rules: Rules, rule: string): string {
  if (parameters === undefined) return literal('{}');
  const { type } = parameters as { type?: unknown };
  if (type !== undefined && type !== 'object') throw wrong(`parameters of the type object for the tool ${name}`, type);
  try {
    return valueOf({ ...parameters, type: 'object' }, rules, rule);
  } catch (error) {
    if (!(error instanceof EngramError)) throw error;
    throw new EngramError('usage', `The parameters of the tool ${name}: ${error.message}`, { hint: error.hint });
  }
}

function lengthOf(expected: string, text: string, at: number): number | undefined {
  return text.startsWith(expected, at) ? expected.length : undefined;
}

/** Characters of the JSON object that begins there, 0 if it does not end. */
function objectLength(text: string, at: number): number {
  let depth = 0;
  for (let i = at, isText = false; i < text.length; i++) {
    const character = text[i]!;
    if (isText) {
      if (character === '\\') i++;
      else if (character === '"') isText = false;
    } else if (character === '"') isText = true;
    else if (character === '{' || character === '[') depth++;
    else if (character === '}' || character === ']') {
      depth--;
      if (depth === 0) return i + 1 - at;
    }
  }
  return 0;
}

function wrong(expected: string, received: unknown): EngramError {
  return new EngramError('usage', `Expected ${expected} but received ${JSON.stringify(received)}.`);
}
