// What stands for the oldest turns of a conversation that is too long: a summary that the model itself writes, and goes on
// writing as more turns are left out. Not here: which are left out (fit.ts).
import { createHash } from 'node:crypto';
import { fitConversation, type FitOptions, type Fitted } from './fit.js';
import type { ChatMessage } from './types.js';

export interface SummaryOptions {
  contextSize: number;
  countTokens: (text: string) => number;
  /** The model's answer; undefined if it was broken off. */
  answer: (messages: readonly ChatMessage[], maxTokens: number, signal?: AbortSignal) => Promise<string | undefined>;
}

const TASK = 'Summarize this conversation. Keep names, numbers and places.';
/** Shown to the model before its own task. SmolLM2-135M repeats the conversation over and over without it, and with it says who
 * the user is and what was asked. */
const EXAMPLE: readonly ChatMessage[] = [
  {
    role: 'user',
    content: `${TASK}

User: I am Tom, 41, and I teach music in Leeds.
Assistant: Hello Tom!
User: My sister Ann marries on 3 May. What could I give her?
Assistant: Perhaps a vase, or a song that you play yourself.`,
  },
  {
    role: 'assistant',
    content:
      'The user is Tom, 41, who teaches music in Leeds. His sister Ann marries on 3 May. The assistant proposed a vase or a song ' +
      'as a gift.',
  },
];
/** Summaries that are kept: one for each conversation that goes on, and some that went another way. */
const KEPT = 32;
/** Of the context, the share that a summary may take, and the most tokens of it. */
const SHARE = 1 / 8;
const MOST_TOKENS = 192;

export class Summaries {
  /** By hash of the messages that they stand for, in the order of last use. */
  readonly #made = new Map<string, string>();

  constructor(private readonly options: SummaryOptions) {}

  /** Tokens that a summary has at most. */
  get tokens(): number {
    return Math.max(16, Math.min(MOST_TOKENS, Math.floor(this.options.contextSize * SHARE)));
  }

  /** A conversation that fits, with a summary before what was kept. Without one where there is nothing to say or no room for
   * it. Throws as fitConversation(). */
  async fit(messages: readonly ChatMessage[], options: FitOptions, signal?: AbortSignal): Promise<SummarizedFit> {
    const plain = fitConversation(messages, options);
    if (plain.left.length === 0) return plain;
    const fitted = fitConversation(messages, { ...options, room: options.room + this.tokens + OVERHEAD });
    const summary = await this.#of(fitted.left, signal);
    if (summary === '') return plain;
    const kept = withSummary(fitted.kept, summary);
    const tokens = options.encode(kept);
    const isRoom = tokens.length <= options.contextSize - options.room;
    return isRoom ? { tokens, kept, left: fitted.left, summary } : plain;
  }

  /** Goes on from the summary of as many of the first messages as there is one. */
  async #of(messages: readonly ChatMessage[], signal: AbortSignal | undefined): Promise<string> {
    const keys = beginnings(messages);
    const known = keys.findLastIndex((key) => this.#made.has(key));
    let summary = known < 0 ? '' : this.#made.get(keys[known]!)!;
    for (const part of this.#parts(messages.slice(known + 1))) {
      const next = await this.#extend(summary, part, signal);
      if (next === undefined) return summary;
      summary = next;
    }
    const key = keys.at(-1)!;
    this.#made.delete(key);
    this.#made.set(key, summary);
    for (const oldest of [...this.#made.keys()].slice(0, -KEPT)) this.#made.delete(oldest);
    return summary;
  }

  async #extend(summary: string, part: string, signal: AbortSignal | undefined): Promise<string | undefined> {
    const before = summary === '' ? '' : `Before: ${summary}\n`;
    const question: ChatMessage = { role: 'user', content: `${TASK}\n\n${before}${part}` };
    const text = await this.options.answer([...EXAMPLE, question], this.tokens, signal);
    return text === undefined ? undefined : firstSentences(text);
  }

  /** The messages as texts of at most half a context; what is longer by itself loses its end. */
  *#parts(messages: readonly ChatMessage[]): Generator<string> {
    const { contextSize, countTokens } = this.options;
    const most = Math.max(16, Math.floor(contextSize / 2) - this.tokens);
    let lines: string[] = [];
    let size = 0;
    for (const { role, content } of messages) {
      const line = cut(`${role === 'user' ? 'User' : 'Assistant'}: ${content}`, most, countTokens);
      const tokens = countTokens(line);
      if (size + tokens > most && lines.length > 0) {
        yield lines.join('\n');
        lines = [];
        size = 0;
      }
      lines.push(line);
      size += tokens;
    }
    if (lines.length > 0) yield lines.join('\n');
  }
}

export interface SummarizedFit extends Fitted {
  summary?: string;
}

const LABEL = 'Earlier in this conversation:';
/** Tokens of the label and what parts it from the rest, roughly. */
const OVERHEAD = 16;

/** In the system message: SmolLM2 answers from there what it does not from before a question. */
function withSummary(kept: readonly ChatMessage[], summary: string): ChatMessage[] {
  const said = `${LABEL} ${summary}`;
  const last = kept.findLastIndex(({ role }) => role === 'system');
  if (last < 0) return [{ role: 'system', content: said }, ...kept];
  return kept.map((message, i) => (i === last ? { ...message, content: `${message.content}\n\n${said}` } : message));
}

/** A hash for each beginning of the messages. */
function beginnings(messages: readonly ChatMessage[]): string[] {
  const hash = createHash('sha256');
  return messages.map(({ role, content }) => {
    hash.update(JSON.stringify([role, content]));
    return hash.copy().digest('hex');
  });
}

/** Without a last sentence that was broken off, if there are others, and in one paragraph. */
function firstSentences(text: string): string {
  const line = text.replace(/\s+/gu, ' ').trim();
  const end = line.search(/[.!?。！？][^.!?。！？]*$/u);
  return end > 0 ? line.slice(0, end + 1) : line;
}

function cut(text: string, most: number, countTokens: (text: string) => number): string {
  let shorter = text;
  for (let tokens = countTokens(text); tokens > most; tokens = countTokens(shorter)) {
    shorter = shorter.slice(0, Math.min(shorter.length - 1, Math.floor((shorter.length * most) / tokens)));
  }
  return shorter;
}
