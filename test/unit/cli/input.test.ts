// Options as they are typed: sizes; texts of files.
import { mkdtempSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bytesOf, textOfFile } from '../../../src/cli/input.js';

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

describe('the text of a file', () => {
  const path = join(mkdtempSync(join(tmpdir(), 'engram-input-')), 'schema.json');

  it('is read whole', async () => {
    const text = 'ä'.repeat(200_000);
    writeFileSync(path, ` ${text}\n`);
    expect(await textOfFile(path, 'schema')).toBe(text);
  });

  it('is refused where there is none, or too much to be meant', async () => {
    writeFileSync(path, '');
    truncateSync(path, 8 * 2 ** 30); // takes no room on disk, and would not fit into a Buffer
    await expect(textOfFile(path, 'schema')).rejects.toMatchObject({ code: 'too_long' });
    writeFileSync(path, Buffer.of(0xff));
    await expect(textOfFile(path, 'schema')).rejects.toMatchObject({ code: 'corrupt' });
    await expect(textOfFile(`${path}.no`, 'schema')).rejects.toMatchObject({ code: 'not_found' });
    await expect(textOfFile(tmpdir(), 'schema')).rejects.toMatchObject({ code: 'disk' });
  });
});
