import { describe, expect, it } from 'vitest';
import { encodeRow, type Message, type Row, type RowEncoder } from '../../../src/training/index.js';
import { answerStart, BEGIN_OF_TEXT, characterEncoder, encode, END_OF_TEXT, END_OF_TURN, turn } from './encoder.js';

const run = (row: Row, maxTokens = 1000, encoder = characterEncoder()): { tokens: number[]; weights: number[] }[] =>
  encodeRow(row, 7, encoder, maxTokens).map(({ tokens, weights }) => ({
    tokens: Array.from(tokens),
    weights: Array.from(weights),
  }));

const weights = (...runs: [count: number, weight: number][]): number[] =>
  runs.flatMap(([count, weight]) => new Array<number>(count).fill(weight));

describe('a text', () => {
  it('is learned whole, with its end', () => {
    expect(run({ kind: 'text', text: 'abc' })).toEqual([
      { tokens: [...encode('abc'), END_OF_TEXT], weights: [0, 1, 1, 1] },
    ]);
  });

  it('begins with the begin-of-text token where the model has one', () => {
    const [example] = run({ kind: 'text', text: 'abc' }, 1000, characterEncoder(BEGIN_OF_TEXT));
    expect(example).toEqual({ tokens: [BEGIN_OF_TEXT, ...encode('abc'), END_OF_TEXT], weights: [0, 1, 1, 1, 1] });
  });

  it.each([2, 3, 4, 5, 10, 11, 12])('is cut into pieces of %i tokens that teach every token once', (maxTokens) => {
    const text = 'abcdefghij';
    const pieces = run({ kind: 'text', text }, maxTokens);
    const learned = pieces.flatMap(({ tokens, weights }) => tokens.filter((_, i) => weights[i] === 1));
    expect(learned).toEqual([...encode(text.slice(1)), END_OF_TEXT]);
    for (const { tokens } of pieces) {
      expect(tokens.length).toBeGreaterThan(1);
      expect(tokens.length).toBeLessThanOrEqual(maxTokens);
    }
  });
});

describe('prompt and completion', () => {
  it('is a turn of chat of which the answer and its end are learned', () => {
    const prompt = [...turn('user', 'hi'), ...answerStart];
    expect(run({ kind: 'completion', prompt: 'hi', completion: 'yo' })).toEqual([
      { tokens: [...prompt, ...encode('yo'), END_OF_TURN], weights: weights([prompt.length, 0], [3, 1]) },
    ]);
  });

  it('is refused with its line when it is too long', () => {
    expect(() => run({ kind: 'completion', prompt: 'hi', completion: 'yo' }, 10)).toThrow(
      expect.objectContaining({ code: 'too_long', details: expect.objectContaining({ line: 7 }) as unknown }),
    );
  });
});

describe('messages', () => {
  const messages: Message[] = [
    { role: 'system', content: 's' },
    { role: 'user', content: 'u1' },
    { role: 'assistant', content: 'a1' },
    { role: 'user', content: 'u2' },
    { role: 'assistant', content: 'a2' },
  ];

  it('is one sequence in which every answer is learned', () => {
    const first = [...turn('system', 's'), ...turn('user', 'u1'), ...answerStart];
    const second = [...turn('user', 'u2'), ...answerStart];
    expect(run({ kind: 'messages', messages })).toEqual([
      {
        tokens: [...first, ...encode('a1'), END_OF_TURN, ...second, ...encode('a2'), END_OF_TURN],
        weights: weights([first.length, 0], [3, 1], [second.length, 0], [3, 1]),
      },
    ]);
  });

  it('is a sequence for each answer where the template rewrites the history', () => {
    const plain = characterEncoder();
    const forgetful: RowEncoder = { ...plain, encodeChat: (all) => plain.encodeChat(all.slice(-1)) };
    const sequences = run({ kind: 'messages', messages }, 1000, forgetful);
    const learned = sequences.map(({ tokens, weights }) => tokens.filter((_, i) => weights[i] === 1));
    expect(learned).toEqual([
      [...encode('a1'), END_OF_TURN],
      [...encode('a2'), END_OF_TURN],
    ]);
  });
});
