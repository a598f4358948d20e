import { describe, expect, it } from 'vitest';
import { fitConversation } from '../../../src/inference/fit.js';
import type { ChatMessage } from '../../../src/inference/index.js';

const encode = (messages: readonly ChatMessage[]): number[] =>
  messages.flatMap(({ content }) => content.split('').map((c) => c.charCodeAt(0)));
const text = (tokens: number[]): string => String.fromCharCode(...tokens);
const system: ChatMessage = { role: 'system', content: 'S' };

/** `turns` questions and answers of ten tokens each, the last without an answer: uuuuuuuuuA, uuuuuuuuuB … */
function conversation(turns: number): ChatMessage[] {
  const all = Array.from({ length: turns }, (_, i): ChatMessage[] => {
    const letter = String.fromCharCode(65 + i);
    return [
      { role: 'user', content: letter.repeat(10) },
      { role: 'assistant', content: letter.toLowerCase().repeat(10) },
    ];
  }).flat();
  return [system, ...all.slice(0, -1)];
}

const fit = (messages: readonly ChatMessage[], contextSize: number, room = 10): string =>
  text(fitConversation(messages, { contextSize, room, encode }).tokens);

describe('a conversation', () => {
  it('is left as it is while it fits', () => {
    const messages = conversation(3);
    expect(fit(messages, 61)).toBe(text(encode(messages)));
  });

  it('loses its oldest turns, never the system message or the last turn', () => {
    const short = fit(conversation(10), 80);
    expect(short).toMatch(/^S.*J{10}$/);
    expect(short).not.toContain('A');
    expect(short.length).toBeLessThanOrEqual(70);
    expect(fit(conversation(10), 22)).toBe('S' + 'J'.repeat(10));
  });

  it('keeps its beginning for several turns once it is too long', () => {
    const beginnings = Array.from({ length: 12 }, (_, i) => fit(conversation(i + 8), 160).slice(0, 2));
    expect(new Set(beginnings).size).toBeLessThanOrEqual(6);
  });

  it('may leave the answer less room than asked for', () => {
    expect(fit([{ role: 'user', content: 'x'.repeat(19) }], 20, 10)).toHaveLength(19);
  });

  it('is refused when the last turn cannot fit, with the numbers', () => {
    const messages: ChatMessage[] = [...conversation(2), { role: 'user', content: 'x'.repeat(30) }];
    expect(() => fit(messages, 31)).toThrow(
      expect.objectContaining({ code: 'too_long', details: { tokens: 31, contextSize: 31 } }),
    );
  });
});
