import { describe, expect, it } from 'vitest';
import type { ChatMessage } from '../../../src/inference/index.js';
import { Summaries } from '../../../src/inference/summary.js';

const CONTEXT = 400;
const ROOM = 40;
const user = (content: string): ChatMessage => ({ role: 'user', content });
const assistant = (content: string): ChatMessage => ({ role: 'assistant', content });
const encode = (messages: readonly ChatMessage[]): number[] =>
  messages.flatMap(({ content }) => Array.from(content, (c) => c.charCodeAt(0)));
const text = (tokens: readonly number[]): string => String.fromCharCode(...tokens);

/** `turns` turns of 40 tokens, the last without an answer. */
const conversation = (turns: number): ChatMessage[] =>
  Array.from({ length: turns }, (_, i) => [user(`Q${i} `.padEnd(20, 'q')), assistant(`A${i} `.padEnd(20, 'a'))])
    .flat()
    .slice(0, -1);

function newSummaries(answer = (n: number): string | undefined => `Summary ${n}.`) {
  const asked: string[] = [];
  const summaries = new Summaries({
    contextSize: CONTEXT,
    countTokens: (words) => words.length,
    answer: (messages) => {
      asked.push(messages.at(-1)!.content);
      return Promise.resolve(answer(asked.length));
    },
  });
  const fit = (messages: ChatMessage[]) => summaries.fit(messages, { contextSize: CONTEXT, room: ROOM, encode });
  return { asked, fit };
}

describe('a summary', () => {
  it('is not asked for while a conversation fits', async () => {
    const { asked, fit } = newSummaries();
    expect(text((await fit(conversation(8))).tokens)).toBe(text(encode(conversation(8))));
    expect(asked).toEqual([]);
  });

  it('stands in the system message, for all that was left out', async () => {
    const { asked, fit } = newSummaries();
    const fitted = await fit(conversation(20));
    expect(text(fitted.tokens)).toMatch(/^Earlier in this conversation: Summary \d+\.Q/);
    expect(fitted.tokens.length).toBeLessThanOrEqual(CONTEXT - ROOM);
    for (let i = 0; i < fitted.left.length / 2; i++) expect(asked.join('\n')).toContain(`User: Q${i} `);
    expect(fitted.kept.length - 1 + fitted.left.length).toBe(conversation(20).length);
    const system: ChatMessage = { role: 'system', content: 'Be kind.' };
    expect(text((await fit([system, ...conversation(20)])).tokens)).toMatch(/^Be kind\.\n\nEarlier in this .*Q/s);
  });

  it('is made once for each time that turns are left out, and goes on from the one before', async () => {
    const { asked, fit } = newSummaries();
    const drops = new Set<number>();
    for (let turns = 8; turns < 24; turns++) {
      const before = asked.length;
      const { left } = await fit(conversation(turns));
      expect(asked.length > before).toBe(left.length > 0 && !drops.has(left.length));
      drops.add(left.length);
    }
    expect(drops.size).toBeGreaterThan(3);
    for (const [i, question] of asked.slice(1).entries()) expect(question).toContain(`Before: Summary ${i + 1}.`);
    expect(asked.filter((question) => question.includes('Q0 '))).toHaveLength(1);
  });

  it('never asks with more than a context holds, however much is left out at once', async () => {
    const { asked, fit } = newSummaries();
    await fit([user('x'.repeat(5000)), assistant('y'.repeat(900)), ...conversation(40)]);
    expect(asked.length).toBeGreaterThan(3);
    for (const question of asked) expect(question.length).toBeLessThan(CONTEXT);
  });

  it('that was broken off leaves the turns out, and is asked for again', async () => {
    const { asked, fit } = newSummaries((n) => (n === 1 ? undefined : 'Now it is there.'));
    const first = await fit(conversation(12));
    expect(first.summary).toBeUndefined();
    expect(text(first.tokens)).toMatch(/^Q/);
    expect((await fit(conversation(12))).summary).toBe('Now it is there.');
    expect(asked[1]).toBe(asked[0]);
  });

  it('that says nothing leaves the turns out', async () => {
    const { fit } = newSummaries(() => ' \n ');
    const fitted = await fit(conversation(12));
    expect(fitted.summary).toBeUndefined();
    expect(text(fitted.tokens)).toMatch(/^Q/);
  });

  it('gives way where the last turn needs the room, and still refuses a last turn that is too long', async () => {
    const { fit } = newSummaries(() => 'S'.repeat(60));
    const long = [...conversation(10), assistant('.'), user('z'.repeat(350))];
    const fitted = await fit(long);
    expect(text(fitted.tokens)).toBe('z'.repeat(350));
    expect(fitted.summary).toBeUndefined();
    await expect(fit([...conversation(3), assistant('.'), user('z'.repeat(400))])).rejects.toMatchObject({
      code: 'too_long',
    });
  });
});
