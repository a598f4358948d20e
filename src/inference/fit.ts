// Makes a conversation fit the context by leaving out its oldest turns. Not here: what a template makes of it, and what may
// stand for the turns that were left out (summary.ts).
import { EngramError } from '../errors.js';
import type { ChatMessage } from './types.js';

export interface FitOptions {
  contextSize: number;
  /** Tokens to keep free for the answer, where that is possible. */
  room: number;
  encode: (messages: readonly ChatMessage[]) => number[];
}

export interface Fitted {
  tokens: number[];
  /** Those that are in the tokens, and those that were left out. */
  kept: readonly ChatMessage[];
  left: readonly ChatMessage[];
}

/**
 * Token ids of a conversation without as many of its oldest turns as it takes; never without a system message or the last
 * turn (from the last message of the user on). Turns are left out by quarters of the context: the beginning then stays the
 * same for many turns, and what is computed for it can be used again. Throws `too_long` if the last turn alone does not fit.
 */
export function fitConversation(messages: readonly ChatMessage[], options: FitOptions): Fitted {
  const { contextSize, encode } = options;
  const limit = contextSize - options.room;
  const whole: Fitted = { tokens: encode(messages), kept: messages, left: [] };
  if (whole.tokens.length <= limit) return whole;

  // Where a turn begins, but for the first turn.
  const starts = messages.flatMap(({ role }, i) => (role === 'user' ? [i] : [])).slice(1);
  const from = (start: number): Fitted => {
    const isKept = ({ role }: ChatMessage, i: number): boolean => role === 'system' || i >= start;
    const kept = messages.filter(isKept);
    return { tokens: encode(kept), kept, left: messages.filter((message, i) => !isKept(message, i)) };
  };
  const quarter = Math.max(1, Math.floor(contextSize / 4));

  for (let dropped = quarter; dropped < whole.tokens.length; dropped += quarter) {
    const fitted = firstShorter(starts, from, whole.tokens.length - dropped);
    if (fitted === undefined) break;
    if (fitted.tokens.length <= limit) return fitted;
  }
  const last = starts.length === 0 ? whole : from(starts.at(-1)!);
  if (last.tokens.length < contextSize) return last; // the answer gets what is left
  throw tooLong(last.tokens.length, contextSize, 'The last turn');
}

/** Of the shortened conversations, which get shorter and shorter, the first with at most `most` tokens. */
function firstShorter(starts: readonly number[], from: (start: number) => Fitted, most: number): Fitted | undefined {
  let found: Fitted | undefined;
  for (let low = 0, high = starts.length; low < high;) {
    const middle = (low + high) >> 1;
    const fitted = from(starts[middle]!);
    if (fitted.tokens.length <= most) {
      found = fitted;
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
