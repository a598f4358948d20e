// Makes a conversation fit the context by leaving out its oldest turns. Not here: what a template makes of it.
import { EngramError } from '../errors.js';
import type { ChatMessage } from './types.js';

export interface FitOptions {
  contextSize: number;
  /** Tokens to keep free for the answer, where that is possible. */
  room: number;
  encode: (messages: readonly ChatMessage[]) => number[];
}

/**
 * Token ids of a conversation without as many of its oldest turns as it takes; never without a system message or the last
 * turn (from the last message of the user on). Turns are left out by quarters of the context: the beginning then stays the
 * same for many turns, and what is computed for it can be used again. Throws `too_long` if the last turn alone does not fit.
 */
export function fitConversation(messages: readonly ChatMessage[], options: FitOptions): number[] {
  const { contextSize, encode } = options;
  const limit = contextSize - options.room;
  const whole = encode(messages);
  if (whole.length <= limit) return whole;

  // Where a turn begins, but for the first turn.
  const starts = messages.flatMap(({ role }, i) => (role === 'user' ? [i] : [])).slice(1);
  const from = (start: number): number[] => encode(messages.filter(({ role }, i) => role === 'system' || i >= start));
  const quarter = Math.max(1, Math.floor(contextSize / 4));

  for (let dropped = quarter; dropped < whole.length; dropped += quarter) {
    const tokens = firstShorter(starts, from, whole.length - dropped);
    if (tokens === undefined) break;
    if (tokens.length <= limit) return tokens;
  }
  const last = starts.length === 0 ? whole : from(starts.at(-1)!);
  if (last.length < contextSize) return last; // the answer gets what is left
  throw tooLong(last.length, contextSize, 'The last turn');
}

/** Of the shortened conversations, which get shorter and shorter, the first with at most `most` tokens. */
function firstShorter(
  starts: readonly number[],
  from: (start: number) => number[],
  most: number,
): number[] | undefined {
  let found: number[] | undefined;
  for (let low = 0, high = starts.length; low < high;) {
    const middle = (low + high) >> 1;
    const tokens = from(starts[middle]!);
    if (tokens.length <= most) {
      found = tokens;
      high = middle;
    } else low = middle + 1;
  }
  return found;
}

export function tooLong(tokens: number, contextSize: number, what: string): EngramError {
  return new EngramError('too_long', `${what} has ${tokens} tokens, and the context holds ${contextSize}.`, {
    hint: 'Shorten it, or use a larger --context.',
    details: { tokens, contextSize },
  });
}
