import { describe, expect, it } from 'vitest';
import { TextStream, type TextStreamOptions } from '../../../src/inference/text-stream.js';

/** Tokens are bytes, as in a vocabulary that falls back to them. */
const bytes = (tokens: readonly number[]): string => Buffer.from(tokens).toString('utf8');

function run(text: string, options: Partial<TextStreamOptions> = {}): { pieces: string[]; text: string; read: number } {
  const pieces: string[] = [];
  const stream = new TextStream({ detokenize: bytes, onText: (piece) => pieces.push(piece), ...options });
  for (const byte of Buffer.from(text)) if (!stream.push(byte)) break;
  return { text: stream.end(), pieces, read: stream.tokens };
}

describe('a text stream', () => {
  it('sends whole characters only', () => {
    const { pieces, text } = run('né 漢😀!');
    expect(text).toBe('né 漢😀!');
    expect(pieces).toEqual(['n', 'é', ' ', '漢', '😀', '!']);
  });

  it('leaves out a character that was never finished', () => {
    const stream = new TextStream({ detokenize: bytes });
    for (const byte of [...Buffer.from('ab'), 0xf0, 0x9f]) stream.push(byte);
    expect(stream.end()).toBe('ab');
  });

  it('does not wait for ever for bytes that are no character', () => {
    const stream = new TextStream({ detokenize: bytes });
    for (const byte of [0xff, 0xff, 0xff, 0xff, 0x61]) stream.push(byte);
    expect(stream.end()).toBe('\uFFFD\uFFFD\uFFFD\uFFFDa');
  });

  it('ends before a stop string, and holds back what may become one', () => {
    const { pieces, text, read } = run('one\n\ntwo', { stop: ['\n\n'] });
    expect(text).toBe('one');
    expect(pieces.join('')).toBe('one');
    expect(read).toBe(5);
  });

  it('sends what only looked like a stop string', () => {
    const { pieces, text } = run('aab', { stop: ['aac'] });
    expect(text).toBe('aab');
    expect(pieces.join('')).toBe('aab');
  });

  it('takes the stop string that begins first', () => {
    expect(run('xabcd', { stop: ['cd', 'abcd'] }).text).toBe('x');
    expect(run('x<end>', { stop: ['end>', '<end>'] }).text).toBe('x');
  });

  it('finds a stop string inside one token, and at the very start', () => {
    const words = ['Hi', ' there. User:', ' no'];
    const stream = new TextStream({ detokenize: (tokens) => tokens.map((t) => words[t]).join(''), stop: [' User:'] });
    expect(stream.push(0)).toBe(true);
    expect(stream.push(1)).toBe(false);
    expect(stream.end()).toBe('Hi there.');
    expect(run('END', { stop: ['END', ''] }).text).toBe('');
  });

  it('shows the detokenizer what came before', () => {
    const seen: number[][] = [];
    const stream = new TextStream({
      detokenize: (tokens, before) => {
        seen.push([...before]);
        return bytes(tokens);
      },
      before: [1, 2],
    });
    stream.push(0x61);
    stream.push(0x62);
    expect(seen).toEqual([
      [1, 2],
      [1, 2, 0x61],
    ]);
  });
});
