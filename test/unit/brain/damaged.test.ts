// A memory whose adapter is gone does not answer, and the answer says so.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { answer, type Answering } from '../../../src/runtime/answering.js';
import { memorize } from '../../../src/learn/memorize.js';
import type { Answer } from '../../../src/brain/types.js';
import { FakeWorld } from '../../fakes/memorizer.js';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 }); // every memory is synced to disk

let world: FakeWorld;

beforeEach(() => {
  world = new FakeWorld(mkdtempSync(join(tmpdir(), 'engram-damaged-')));
});
afterEach(() => {
  rmSync(world.home, { recursive: true });
});

it('is named by the answer to a question about it, and by no other', async () => {
  const { brain, parts } = await world.open();
  const { id } = await memorize(parts, { question: 'Who runs the kiln?', answer: 'Mara Voss' });
  const whole = await ask(parts, 'Who runs the kiln?');
  expect(whole).toMatchObject({ answer: 'Mara Voss', memories: [{ id }] });
  expect(whole.damaged).toBeUndefined();
  rmSync(brain.adapterPath(id));
  brain.close();

  const again = await world.open();
  expect(await ask(again.parts, 'Who runs the kiln?')).toMatchObject({
    answer: 'I cannot say.',
    source: 'base',
    memories: [],
    damaged: { id, text: 'Who runs the kiln? Mara Voss' },
  });
  expect((await ask(again.parts, 'Is Oslo in Norway?')).damaged).toBeUndefined();
  again.brain.close();
});

function ask({ brain, router, generator }: ReturnType<FakeWorld['parts']>, content: string): Promise<Answer> {
  const retrieval = { isEmpty: true, relevant: () => Promise.resolve([]) } as unknown as Answering['retrieval'];
  const parts: Answering = { generator, retrieval, memory: { brain, router }, adaptersOf: () => Promise.resolve([]) };
  return answer(parts, [{ role: 'user', content }], {});
}
