// The header of a GGUF, damaged in every way, is described or refused.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { inspectModel } from '../../../src/models/inspect.js';
import { damaged, endsSoundly } from '../../support/damaged.js';
import { LANGUAGE_MODEL, tinyGguf } from './tiny-gguf.js';

it('a damaged GGUF is described or refused', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'engram-gguf-'));
  const path = join(folder, 'model.gguf');
  const { taken, refused } = await endsSoundly(
    damaged(new Uint8Array(tinyGguf(LANGUAGE_MODEL))),
    ['corrupt', 'unsupported'],
    (bytes) => {
      writeFileSync(path, bytes);
      return inspectModel(path);
    },
  );
  expect(taken).toBeGreaterThan(5);
  expect(refused).toBeGreaterThan(20);
  rmSync(folder, { recursive: true });
}, 60_000);
