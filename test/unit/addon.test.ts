import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EngramError } from '../../src/errors.js';
import { awaitNative, callNative, fromNative, loadAddonFrom } from '../../src/addon.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'engram-addon-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

describe('loadAddonFrom', () => {
  it.each([
    ['missing.node', undefined, 'cannot be loaded'],
    ['broken.node', 'no library', 'cannot be loaded: '],
    ['older.cjs', 'module.exports = { cpuInfo() {} };', 'another version'],
  ])('says what is wrong with %s and what to do', (file, content, message) => {
    const path = join(folder, file);
    if (content !== undefined) writeFileSync(path, content);
    expect(() => loadAddonFrom(path, ['cpuInfo', 'openModel'])).toThrow(
      expect.objectContaining({
        code: 'native',
        message: expect.stringContaining(message) as unknown,
        hint: expect.stringContaining('npm run build:native') as unknown,
        details: expect.objectContaining({ path }) as unknown,
      }),
    );
  });
});

it('says that an addon that was not found is missing', () => {
  expect(() => loadAddonFrom(undefined, [])).toThrow(
    expect.objectContaining({ code: 'native', message: 'The native addon is missing.' }),
  );
});

describe('fromNative', () => {
  it('keeps code and hint', () => {
    const native = Object.assign(new Error('Not enough.'), { code: 'memory', hint: 'Buy some.' });
    expect(fromNative(native)).toMatchObject({
      code: 'memory',
      message: 'Not enough.',
      hint: 'Buy some.',
      cause: native,
    });
  });

  it('calls a code it does not know internal', () => {
    expect(fromNative(Object.assign(new Error('x'), { code: 'ERR_X' }))).toMatchObject({ code: 'internal' });
    expect(fromNative(new TypeError('Illegal invocation'))).toMatchObject({ code: 'internal' });
  });

  it('leaves our own errors alone', () => {
    const ours = new EngramError('usage', 'x');
    expect(fromNative(ours)).toBe(ours);
  });

  it('is what callNative and awaitNative throw', async () => {
    const fail = (): never => {
      throw Object.assign(new Error('x'), { code: 'corrupt' });
    };
    expect(() => callNative(fail)).toThrow(expect.objectContaining({ name: 'EngramError', code: 'corrupt' }));
    await expect(awaitNative(() => Promise.resolve().then(fail))).rejects.toMatchObject({ code: 'corrupt' });
    await expect(awaitNative(fail)).rejects.toMatchObject({ code: 'corrupt' });
  });
});
