// Exchanges as a prompt shows them, and as many of them as there is room for. Not here: which are worth showing.
import type { ChatMessage } from '../../inference/index.js';
import type { Exchange } from './types.js';

export interface Prefixes {
  humanPrefix: string;
  aiPrefix: string;
}

export type CountTokens = (text: string) => number | Promise<number>;

/** What a chat template puts around a message, more or less. */
export const MESSAGE_TOKENS = 8;

/** User and what follows until the next. System messages, calls of tools and what these gave are no part of what was said. */
export function exchangesOf(messages: readonly ChatMessage[]): Exchange[] {
  const exchanges: Exchange[] = [];
  for (const { role, content } of messages) {
    if (role === 'system' || role === 'tool' || (role === 'assistant' && content === '')) continue;
    const last = exchanges.at(-1);
    if (role === 'user') exchanges.push({ human: content, ai: '' });
    else if (last === undefined) exchanges.push({ human: '', ai: content });
    else last.ai = last.ai === '' ? content : `${last.ai}\n${content}`;
  }
  return exchanges;
}

export function messagesOf({ human, ai }: Exchange): ChatMessage[] {
  const messages: ChatMessage[] = [
    { role: 'user', content: human },
    { role: 'assistant', content: ai },
  ];
  return messages.filter(({ content }) => content !== '');
}

/** `Human: …`, a line break, `AI: …`. */
export function asText({ human, ai }: Exchange, { humanPrefix, aiPrefix }: Prefixes): string {
  const lines = [human === '' ? '' : `${humanPrefix}: ${human}`, ai === '' ? '' : `${aiPrefix}: ${ai}`];
  return lines.filter((line) => line !== '').join('\n');
}

/** Of exchanges in order of worth as many as fit into `most` tokens. The first alone is shortened to fit. */
export async function fitting(
  byWorth: readonly Exchange[],
  most: number,
  prefixes: Prefixes,
  countTokens: CountTokens,
): Promise<Exchange[]> {
  const kept: Exchange[] = [];
  let room = most;
  for (const exchange of byWorth) {
    const tokens = (await countTokens(asText(exchange, prefixes))) + 2 * MESSAGE_TOKENS;
    if (tokens > room) break;
    kept.push(exchange);
    room -= tokens;
  }
  const [first] = byWorth;
  if (kept.length > 0 || first === undefined) return kept;
  const words = async (text: string, share: number): Promise<string> =>
    shortened(text, Math.floor(share) - 2 * MESSAGE_TOKENS, countTokens);
  // What the user said counts for more: a model's answer is long and can be given again.
  const human = await words(first.human, (most * 2) / 3);
  const ai = await words(first.ai, most - (await countTokens(human)) - 2 * MESSAGE_TOKENS);
  return human === '' && ai === '' ? [] : [{ human, ai }];
}

/** The beginning of a text, at most so many tokens; whole characters. */
export async function shortened(text: string, most: number, countTokens: CountTokens): Promise<string> {
  if (most <= 0) return '';
  let characters = Array.from(text);
  for (let tokens = await countTokens(text); tokens > most;) {
    const length = Math.min(characters.length - 1, Math.floor((characters.length * most) / tokens));
    characters = characters.slice(0, length);
    tokens = length === 0 ? 0 : await countTokens(characters.join(''));
  }
  return characters.join('');
}
