import { describe, expect, it } from 'vitest';
import { windowsOf } from '../../../src/embedding/windows.js';

const frame = { head: [101], tail: [102] };
const ids = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

describe('windows', () => {
  it('are one where the text fits', () => {
    expect(windowsOf({ ids: [], prefix: 0 }, frame, 5)).toEqual([[101, 102]]);
    expect(windowsOf({ ids: ids(3), prefix: 0 }, frame, 5)).toEqual([[101, 0, 1, 2, 102]]);
  });

  it('hold every token of a long text once, in order, and are of nearly one length', () => {
    const windows = windowsOf({ ids: ids(10), prefix: 0 }, frame, 6);
    expect(windows.flatMap((window) => window.slice(1, -1))).toEqual(ids(10));
    expect(windows.map(({ length }) => length)).toEqual([6, 6, 4]);
    for (const window of windows) expect([window[0], window.at(-1)]).toEqual([101, 102]);
    expect(windowsOf({ ids: ids(9), prefix: 0 }, frame, 6).map(({ length }) => length)).toEqual([5, 5, 5]);
  });

  it('have the prefix of the text each', () => {
    const windows = windowsOf({ ids: [7, 8, ...ids(5)], prefix: 2 }, frame, 7);
    expect(windows).toEqual([
      [101, 7, 8, 0, 1, 2, 102],
      [101, 7, 8, 3, 4, 102],
    ]);
  });

  it('are as few as asked for', () => {
    expect(windowsOf({ ids: ids(100), prefix: 0 }, frame, 6, 1)).toEqual([[101, 0, 1, 2, 3, 102]]);
    expect(windowsOf({ ids: ids(100), prefix: 0 }, frame, 6, 2)).toHaveLength(2);
  });
});
