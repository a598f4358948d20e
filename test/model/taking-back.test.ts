// Taking back on the real model: one fact superseded, brought back, forgotten and made anew, in one brain that then goes into a
// file. What is asked here is asked in words that were not trained on.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openBrain } from '../../src/brain/index.js';
import { Engram } from '../../src/index.js';
import { sha256File } from '../../src/files.js';
import { testHome, type TestHome } from '../support/home.js';

const QUESTION = 'Who keeps the bees of Tarn Hill?';
const ASKED = ['Who keeps the bees of Tarn Hill?', 'Can you name the keeper of the bees of Tarn Hill?'];

let home: TestHome;
let engram: Engram;
let base: string[];
const open = (brain: string) => Engram.open({ home: home.path, brain, offline: true });
const answers = (of = engram) =>
  Promise.all(ASKED.map(async (question) => (await of.ask(question, { maxTokens: 24 })).answer));

beforeAll(async () => {
  home = await testHome('smollm2-135m-instruct', 'all-minilm-l6-v2');
  engram = await open('bees');
  base = await answers();
});
afterAll(async () => {
  await (engram as Engram | undefined)?.close();
  home.remove();
});

describe('what is taken back', () => {
  let old: string;
  let now: string;

  it('is superseded: the new answer comes, the old one does not', async () => {
    old = (await engram.memories.add({ question: QUESTION, answer: 'Odile Marsh' })).id;
    const receipt = await engram.memories.add({ question: QUESTION, answer: 'Bertram Quill' }, { replaces: 'auto' });
    now = receipt.id;
    expect(receipt).toMatchObject({ committed: true, supersedes: [old], superseded: { recalled: 0 } });
    for (const answer of await answers()) {
      expect(answer).toContain('Bertram Quill');
      expect(answer).not.toContain('Odile');
    }
  });

  it('comes back with undo, trained from the ledger to the same bytes', async () => {
    const remembered = (await engram.memories.history(old)).find(({ kind }) => kind === 'remembered');
    const { adapter } = remembered!.payload as { adapter: { sha256: string } };
    await engram.memories.undo();
    for (const answer of await answers()) expect(answer).toContain('Odile Marsh');
    expect((await engram.memories.get(now)).state).toBe('forgotten');
    expect(await engram.memories.get(old)).toMatchObject({ adapter: { sha256: adapter.sha256 } });
  });

  it('is in a file, and answers from there without training', async () => {
    const file = join(home.path, 'bees.engram');
    await engram.brains.export(file);
    await engram.brains.import(file, { name: 'copy' });
    const copy = await open('copy');
    try {
      expect(await answers(copy)).toEqual(await answers());
    } finally {
      await copy.close();
    }
  });

  it('is made anew from the ledger when its adapter is missing', async () => {
    const brain = await openBrain({ home: home.path, name: 'copy' });
    const path = brain.adapterPath(old);
    const sha256 = await sha256File(path);
    rmSync(path);
    brain.close();
    const copy = await open('copy');
    try {
      expect(await copy.memories.rebuild({ damagedOnly: true })).toMatchObject({ same: [old], failed: [] });
      expect(await sha256File(path)).toBe(sha256);
    } finally {
      await copy.close();
    }
  });

  it('is forgotten: told no more often than by the base model, whose answers they are again', async () => {
    const { proof } = await engram.memories.forget(old, { probe: true });
    expect(proof!.asked).toBeGreaterThanOrEqual(3);
    expect(proof).toMatchObject({ recalled: proof!.base, toldBy: [] });
    expect(await answers()).toEqual(base);
  });
});
