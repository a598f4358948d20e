// Options as they are typed: sizes.
import { describe, expect, it } from 'vitest';
import { bytesOf } from '../../../src/cli/input.js';

const bytes = (text: string | undefined): number | undefined => bytesOf({ memory: text }, 'memory', '--memory');

describe('a size', () => {
  it('is read with its unit', () => {
    expect(['2GB', '1.5 gb', '800MB', '1GiB', '.5MiB', ' 64kb '].map(bytes)).toEqual([
      ...[2e9, 1.5e9, 8e8, 2 ** 30, 2 ** 19, 64e3],
    ]);
    expect(bytes(undefined)).toBeUndefined();
  });

  it('is refused without one, or when it is none', () => {
    for (const text of ['', '2', 'GB', '-2GB', '0GB', '2 TB', '2GB 3', '1e400GB', 'NaN GB']) {
      expect(() => bytes(text), text).toThrow(/--memory/);
    }
  });
});
