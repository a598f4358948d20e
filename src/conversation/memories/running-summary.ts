// A summary of a conversation that the model itself goes on writing as more is said, and beside it, word for word, what was
// said and is not in it: a small model loses a name or invents one with each rewriting. Sentences of the model that nothing said
// supports are left out. Not here: when it is written and where it is kept.
import type { ChatMessage } from '../../inference/index.js';
import { contentWords, sentences } from '../../brain/index.js';
import { asText, shortened, type CountTokens, type Prefixes } from './show.js';
import type { Exchange, MemoryModel } from './types.js';
import { areStatements, mostTelling, tellingOf, type Statement } from './telling.js';

export interface SummaryOptions {
  /** Tokens of a summary. Default 256, at most an eighth of the context. */
  summaryTokens?: number | undefined;
  /** Keeps word for word what the model's summary has lost, as far as there is room. Default true. */
  keepLost?: boolean | undefined;
}

export interface Summary {
  /** By the model. */
  written: string;
  /** As it was said. */
  kept: Statement[];
}

export const NOTHING: Summary = { written: '', kept: [] };

export function isSummary(value: unknown): value is Summary {
  if (typeof value !== 'object' || value === null) return false;
  const { written, kept } = value as Partial<Record<keyof Summary, unknown>>;
  return typeof written === 'string' && areStatements(kept);
}

const TASK = 'Summarize this conversation. Keep names, numbers and places.';
/** Shown to the model before its own task: SmolLM2-135M goes on with the conversation without it. */
const EXAMPLE: readonly ChatMessage[] = [
  {
    role: 'user',
    content: `${TASK}

So far: The user is Tom, 41, who teaches music in Leeds.
Human: My sister Ann marries on 3 May. What could I give her?
AI: Perhaps a vase, or a song that you play yourself.`,
  },
  {
    role: 'assistant',
    content:
      'The user is Tom, 41, who teaches music in Leeds. His sister Ann marries on 3 May. The AI proposed a vase or a song as a ' +
      'gift.',
  },
];
/** Shares of a sentence's words: with fewer of them said nothing supports it; with fewer of them in the summary it is lost. */
const SUPPORTED = 0.5;
const COVERED = 0.7;
/** Of the tokens, what the model may write where the rest is for what it loses. */
const WRITTEN = 1 / 2;

export class RunningSummary {
  /** Tokens it has at most. */
  readonly most: number;
  readonly #keepLost: boolean;
  readonly #countTokens: CountTokens;

  constructor(
    private readonly llm: MemoryModel,
    private readonly prefixes: Prefixes,
    { summaryTokens = 256, keepLost = true }: SummaryOptions,
  ) {
    this.most = Math.max(16, Math.min(summaryTokens, Math.floor(llm.contextSize / 8)));
    this.#keepLost = keepLost;
    this.#countTokens = (text) => llm.countTokens(text);
  }

  /** As a prompt shows it. */
  text({ written, kept }: Summary): string {
    return [written, ...kept.map(({ who, text }) => `${who}: ${text}`)].filter((line) => line !== '').join('\n');
  }

  /** With more that was said. Throws what the model throws. */
  async extend(summary: Summary, exchanges: readonly Exchange[], signal?: AbortSignal): Promise<Summary> {
    let extended = summary;
    for (const part of await this.#parts(exchanges)) extended = await this.#extend(extended, part, signal);
    return extended;
  }

  async #extend(summary: Summary, exchanges: readonly Exchange[], signal: AbortSignal | undefined): Promise<Summary> {
    const told = exchanges.flatMap((exchange) => tellingOf(exchange, this.prefixes));
    if (told.length === 0) return summary; // a greeting, a yes
    const said = exchanges.map((exchange) => asText(exchange, this.prefixes)).join('\n');
    const before = summary.written === '' ? '' : `So far: ${summary.written}\n`;
    const question: ChatMessage = { role: 'user', content: `${TASK}\n\n${before}${said}` };
    const room = Math.floor(this.most * (this.#keepLost ? WRITTEN : 1));
    const { answer } = await this.llm.chat([...EXAMPLE, question], {
      maxTokens: room,
      memories: false,
      passages: 0,
      signal,
    });
    const written = await this.#supported(answer, `${summary.written}\n${said}`, room);
    if (!this.#keepLost) return { written, kept: [] };

    const inIt = new Set(contentWords(written));
    const lost = [...summary.kept, ...told].filter(({ text }) => shareIn(contentWords(text), inIt) < COVERED);
    const left = this.most - (await this.#countTokens(written));
    return { written, kept: await mostTelling(lost, left, this.#countTokens) };
  }

  /** The sentences that end, of those whose words were said. */
  async #supported(answer: string, source: string, most: number): Promise<string> {
    const known = new Set(contentWords(source));
    const seen = new Set<string>();
    const all = sentences(answer.replace(/\s+/gu, ' '));
    const whole = all.filter((sentence, i) => i < all.length - 1 || /[.!?。！？]["”’)]*$/u.test(sentence));
    const sound = (whole.length > 0 ? whole : all).filter((sentence) => {
      const words = contentWords(sentence);
      const key = words.join(' ');
      if (words.length === 0 || seen.has(key)) return false;
      seen.add(key);
      return !this.#keepLost || shareIn(words, known) >= SUPPORTED;
    });
    return shortened(sound.join(' '), most, this.#countTokens);
  }

  /** As many exchanges as half the context holds at a time; what is longer by itself loses its end. */
  async #parts(exchanges: readonly Exchange[]): Promise<Exchange[][]> {
    const most = Math.floor(this.llm.contextSize / 2) - this.most;
    const parts: Exchange[][] = [];
    let room = 0;
    for (const { human, ai } of exchanges) {
      const each = Math.max(8, Math.floor(most / 2));
      const one = {
        human: await shortened(human, each, this.#countTokens),
        ai: await shortened(ai, each, this.#countTokens),
      };
      const tokens = await this.#countTokens(asText(one, this.prefixes));
      if (tokens > room || parts.length === 0) {
        parts.push([]);
        room = most;
      }
      parts.at(-1)!.push(one);
      room -= tokens;
    }
    return parts;
  }
}

function shareIn(words: readonly string[], known: ReadonlySet<string>): number {
  return words.length === 0 ? 1 : words.filter((word) => known.has(word)).length / words.length;
}
