// What is timed: prompts that are read, texts and answers that are generated, and how a piece of it is repeated in a turn.
import { median } from '../statistics.mjs';

/** By the name a row has. */
export const WORKS = {
  'prompt 128': { kind: 'prompt', tokens: 128 },
  'prompt 512': { kind: 'prompt', tokens: 512 },
  'generation 128': { kind: 'generation', tokens: 128 },
  'chat 128': { kind: 'chat', tokens: 128 },
};

/** Measured in this order, in case time runs out. */
export const BY_WEIGHT = ['generation 128', 'prompt 128', 'prompt 512', 'chat 128'];

/**
 * Does a piece of work again and again for `seconds`, at least once, and stops it after `limitMs`.
 * @param {(signal: AbortSignal) => Promise<{ tokens: number, ms: number }>} once
 * @returns {Promise<{ msPerToken?: number, inTime: boolean }>} the median; if not even the first piece was done in time, what
 *   there is of it, without `msPerToken` if that is not one token.
 */
export async function repeat(once, { seconds, limitMs }) {
  const started = performance.now();
  const signal = AbortSignal.timeout(limitMs);
  const pieces = [];
  do {
    const { tokens, ms } = await once(signal);
    if (!signal.aborted) pieces.push(ms / tokens);
    else if (pieces.length === 0) return { inTime: false, msPerToken: tokens > 0 ? ms / tokens : undefined };
  } while (!signal.aborted && performance.now() - started < seconds * 1000);
  return { inTime: true, msPerToken: median(pieces) };
}
