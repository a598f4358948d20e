// Figures, excerpts and tables as a person reads them.
import { describe, expect, it } from 'vitest';
import { bytes, duration, excerpt, table } from '../../../src/cli/format/index.js';

describe('figures', () => {
  it('never have sixty seconds in a minute, nor a thousand of a unit', () => {
    expect([0.04, 9.949, 9.96, 119.4, 119.6, 179.7, 3599.6, 7199.6, 35_990].map(duration)).toEqual([
      ...['0.0 s', '9.9 s', '10 s', '119 s', '2 min 0 s', '3 min 0 s', '60 min 0 s', '2 h 0 min', '10 h 0 min'],
    ]);
    expect([0, 999, 1000, 99_940, 99_960, 999_600, 1e15].map(bytes)).toEqual([
      ...['0 B', '999 B', '1.0 kB', '99.9 kB', '100 kB', '1.0 MB', '1000 TB'],
    ]);
  });
});

describe('an excerpt', () => {
  it('is one line, as wide as it may be, and never ends within a character', () => {
    expect(excerpt(' two\n  lines ')).toBe('two lines');
    expect(excerpt('abcdef', 6)).toBe('abcdef');
    expect(excerpt('abcdefg', 6)).toBe('abcde…');
    expect(excerpt('👩‍👩‍👧👩‍👩‍👧👩‍👩‍👧👩‍👩‍👧', 6)).toBe('👩‍👩‍👧👩‍👩‍👧…');
    expect(excerpt('她最喜欢的食物是清蒸鲈鱼', 8)).toBe('她最喜…');
  });
});

describe('a table', () => {
  it('has its columns one below the other, also where characters are wide', () => {
    expect(
      table(
        ['name', 'text'],
        [
          ['北京', 'a'],
          ['x', 'b'],
        ],
      ),
    ).toBe('name  text\n北京  a\nx     b');
  });
});
