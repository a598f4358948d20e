import { Writable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { fit, painter, printable, type Output } from '../../../src/cli/io.js';
import { newProgress } from '../../../src/cli/progress.js';

function newStream(isTTY: boolean, columns = 60): { stream: Output; text: () => string } {
  let text = '';
  const stream = new Writable({
    decodeStrings: false,
    write: (piece: string, _encoding, done) => {
      text += piece;
      done();
    },
  });
  return { stream: Object.assign(stream, { isTTY, columns }), text: () => text };
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('progress', () => {
  it('is one line in a terminal, drawn over itself, no wider than the terminal', () => {
    const { stream, text } = newStream(true, 30);
    const progress = newProgress(stream, false);
    progress.show('Training', 'step 1 of 80, and much more to say', 0.5);
    expect(text()).toBe('\r\u001b[2KTraining  ██████████░░░░░░░░…');
    progress.show('Training', 'too soon', 0.6);
    expect(text()).not.toContain('too soon');
    vi.advanceTimersByTime(100);
    progress.show('Training', '', 0.9);
    progress.clear();
    expect(text().endsWith('\r\u001b[2K')).toBe(true);
    expect(text()).not.toContain('\n');
    const before = text();
    progress.clear();
    expect(text()).toBe(before);
  });

  it('draws in a terminal that does not know its width', () => {
    const { stream, text } = newStream(true, 0);
    newProgress(stream, false).show('Loading', 'x');
    expect(text()).toContain('Loading  x');
  });

  it('is a few lines elsewhere: each label, each quarter, every ten seconds', () => {
    const { stream, text } = newStream(false);
    const progress = newProgress(stream, false);
    progress.show('Loading', '', 0);
    for (let i = 1; i <= 100; i++) progress.show('Training', `step ${i}`, i / 100);
    progress.show('Waiting');
    progress.show('Waiting');
    vi.advanceTimersByTime(10_000);
    progress.show('Waiting', 'still');
    expect(text()).toBe(
      [
        ...['Loading', 'Training  1%  step 1', 'Training  25%  step 25', 'Training  50%  step 50'],
        ...['Training  75%  step 75', 'Training  100%  step 100', 'Waiting', 'Waiting  still', ''],
      ].join('\n'),
    );
  });

  it('is nothing with --quiet', () => {
    const { stream, text } = newStream(true);
    newProgress(stream, true).show('Loading');
    expect(text()).toBe('');
  });
});

describe('text for a terminal', () => {
  it('has no control characters but line feed and tab', () => {
    expect(printable('a\u001b[31mb\r\n\tc\u009b2Jd\u0000')).toBe('a[31mb\n\tc2Jd');
    expect(printable('記憶 🧠 é')).toBe('記憶 🧠 é');
  });

  it('is cut by columns, not by characters', () => {
    expect(fit('short', 10)).toBe('short');
    expect(fit('記憶記憶', 8)).toBe('記憶記憶');
    expect(fit('記憶記憶', 7)).toBe('記憶記…');
    expect(fit('🧠🧠🧠', 4)).toBe('🧠…');
    expect(fit('a longer line', 8)).toBe('a longe…');
  });

  it('is painted only where that is wanted', () => {
    const terminal = newStream(true).stream;
    expect(painter(terminal, {})('red', 'x')).toBe('\u001b[31mx\u001b[0m');
    expect(painter(terminal, { NO_COLOR: '1' })('red', 'x')).toBe('x');
    expect(painter(terminal, { TERM: 'dumb' })('red', 'x')).toBe('x');
    expect(painter(newStream(false).stream, {})('red', 'x')).toBe('x');
  });
});
