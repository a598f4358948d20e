// Where an adapter cannot be written nothing is trained.
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import fs from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Brain } from '../../../src/brain/brain.js';
import { memorize } from '../../../src/learn/memorize.js';
import { FakeWorld } from '../../fakes/memorizer.js';

const KILN = { question: 'Who runs the kiln?', answer: 'Mara Voss' };

let world: FakeWorld;
let brain: Brain;
let parts: ReturnType<FakeWorld['parts']>;

beforeEach(async () => {
  world = new FakeWorld(mkdtempSync(join(tmpdir(), 'engram-no-room-')));
  ({ brain, parts } = await world.open());
});
afterEach(() => {
  vi.restoreAllMocks();
  syncBuiltinESMExports();
  brain.close();
  rmSync(world.home, { recursive: true });
});

it('a full disk is told before the training, and asked again each time', async () => {
  vi.spyOn(fs, 'statfs').mockResolvedValueOnce({ bavail: 10, bsize: 4096 } as never);
  syncBuiltinESMExports();
  await expect(memorize(parts, KILN)).rejects.toMatchObject({
    code: 'disk',
    message: expect.stringContaining('No room for the memory') as string,
  });
  expect(world.trainings).toBe(0);
  expect((await memorize(parts, KILN)).committed).toBe(true);
});

it.skipIf(process.getuid?.() === 0)('so is a brain that may only be read', async () => {
  chmodSync(brain.folder, 0o500);
  await expect(memorize(parts, KILN)).rejects.toMatchObject({ code: 'disk' });
  chmodSync(brain.folder, 0o700);
  expect(world.trainings).toBe(0);
});
