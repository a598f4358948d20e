import { describe, expect, it } from 'vitest';
import { EngramError, fromSystemError } from '../../src/errors.js';

describe('fromSystemError', () => {
  it.each([
    ['ENOSPC', 'disk', /full/],
    ['EFBIG', 'disk', /larger than files may be/],
    ['EROFS', 'disk', /Not allowed/],
    ['ENOENT', 'not_found', /No such file/],
    ['ENOTDIR', 'disk', /in the way/],
  ])('says what %s means, of which file', (code, ours, message) => {
    const error = fromSystemError(Object.assign(new Error(code), { code }), '/there/x');
    expect(error).toBeInstanceOf(EngramError);
    expect(error).toMatchObject({ code: ours, message: expect.stringMatching(message) as string });
    expect((error as EngramError).message).toContain('/there/x');
  });

  it('leaves every other error as it is', () => {
    const error = new TypeError('no file');
    expect(fromSystemError(error, 'x')).toBe(error);
  });
});
