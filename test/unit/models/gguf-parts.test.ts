// Models in several files.
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { showModel } from '../../../src/models/show.js';
import { inspectModel } from '../../../src/models/inspect.js';
import * as models from '../../../src/models/index.js';
import { splitGguf } from '../../support/split-gguf.js';

const MODEL = join(import.meta.dirname, '../../fixtures/golden/tiny-untied.gguf');

let folder: string;
let parts: string[];
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'engram-parts-'));
  parts = await splitGguf(MODEL, join(folder, 'tiny'), 3);
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const refusal = (action: () => unknown): unknown => {
  try {
    return action();
  } catch (error) {
    return error;
  }
};

describe('a model in several files', () => {
  it('is shown as a whole', async () => {
    expect(readdirSync(folder)).toEqual([1, 2, 3].map((no) => `tiny-0000${no}-of-00003.gguf`));
    const [whole, split] = [inspectModel(MODEL), inspectModel(parts[0]!)];
    expect(split).toMatchObject({ parameters: whole.parameters, shape: whole.shape, parts: 3 });
    expect(split.bytes).toBeGreaterThan(whole.bytes);
    const shown = await showModel(folder, parts[0]!);
    expect(shown).toMatchObject({ name: 'tiny', bytes: split.bytes, parts: 3, parameters: whole.parameters });
    expect(await showModel(folder, MODEL)).not.toHaveProperty('parts');
  });

  it('may be named by any of its parts, and is one model whatever it is named by', async () => {
    for (const part of parts) expect((await models.resolveModel(folder, part)).path).toBe(parts[0]);
    expect(refusal(() => inspectModel(parts[1]!))).toMatchObject({ code: 'usage' });
    expect(models.ggufPaths(parts[0]!)).toEqual(parts);
    const before = await models.modelSha256(folder, parts[0]!);
    expect(before).not.toBe(await models.modelSha256(folder, MODEL));
    const last = readFileSync(parts[2]!);
    last[last.length - 1]! ^= 1;
    writeFileSync(parts[2]!, last);
    expect(await models.modelSha256(folder, parts[0]!)).not.toBe(before);
  });

  it('is refused by the name of the part that is missing, cut off or another one', () => {
    const third = readFileSync(parts[2]!);
    writeFileSync(parts[2]!, third.subarray(0, -1000));
    const cut = { code: 'corrupt', message: expect.stringContaining(`${parts[2]!} breaks off`) as string };
    expect(refusal(() => inspectModel(parts[0]!))).toMatchObject(cut);
    copyFileSync(parts[1]!, parts[2]!);
    const other = `${parts[2]!} does not say that it is part 3 of 3.`;
    expect(refusal(() => inspectModel(parts[0]!))).toMatchObject({ code: 'corrupt', message: other });
    rmSync(parts[2]!);
    const missing = `Part 3 of 3 is missing: ${parts[2]!}.`;
    expect(refusal(() => inspectModel(parts[0]!))).toMatchObject({ code: 'corrupt', message: missing });
    const renamed = join(folder, 'mine.gguf');
    copyFileSync(parts[0]!, renamed);
    expect(refusal(() => inspectModel(renamed))).toMatchObject({ code: 'corrupt' });
  });
});
